package pretext

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// batch is that of the contract test: the images of a step.
var batch = Batch{N: 64, H: 28, W: 28, C: 1}

// trainer is the training graph of one task on a few made-up images.
type trainer struct {
	g       *tf.Graph
	net     *nn.Net
	encoder *nn.Net
	builder *Builder
	loss    tf.Output
	update  nn.Update
	session *tf.Session
	feeds   map[tf.Output]*tf.Tensor
	step    *tf.Tensor
}

// newTrainer builds the loss of a task over a network that suits it.
func newTrainer(t *testing.T, task Task) *trainer {
	t.Helper()
	return newTrainerOver(t, task, suitable(task), 1)
}

// suitable is a small network for a task: of convolutions, unless the task wants
// patches, or reads text.
func suitable(task Task) backbone.Backbone {
	if task.Needs(batch).Input == Text {
		_, causal := task.(*NextToken)
		return reader(causal)
	}
	if task.Check(batch) != nil {
		return smallViT()
	}
	return mobileNet()
}

// stepOver is the step of the contract test as tasks over a network see it.
func stepOver(network backbone.Backbone) Batch {
	b := batch
	b.Patch, b.Causal = PatchSize(network), Causal(network)
	if _, ok := network.(backbone.TextBackbone); ok {
		b = Batch{N: batch.N, H: 1, W: textLength, C: 1, Vocabulary: 40, Causal: b.Causal}
	}
	return b
}

func newTrainerOf(t *testing.T, task Task, network backbone.Backbone) *trainer {
	t.Helper()
	return newTrainerOver(t, task, network, 1)
}

// newTrainerOver builds the loss of a task for several workers, which share the batch
// and its statistics.
func newTrainerOver(t *testing.T, task Task, network backbone.Backbone, workers int) *trainer {
	t.Helper()
	tftest.Load(t)
	g := tf.NewGraph()
	g.Replicate(workers)
	tr := &trainer{g: g, net: nn.NewNet(g, 7).Synchronised(), feeds: map[tf.Output]*tf.Tensor{}}
	tr.encoder = tr.net.Branch()
	if task.Needs(batch).Input == Text {
		in := tr.textInputs(t, task)
		network := network.(backbone.TextBackbone).ForText(in.Vocabulary, textLength)
		tr.builder = NewBuilder(in, tr.encoder, tr.net, Network{Backbone: network})
	} else {
		tr.builder = NewBuilder(tr.inputs(t, task.Needs(stepOver(network))), tr.encoder, tr.net, unnormalised(network))
	}
	tr.loss = task.Loss(tr.builder)
	return tr
}

// unnormalised applies a backbone to images as they are.
func unnormalised(b backbone.Backbone) Network {
	return Network{Backbone: b, Normalise: func(_ *tf.Graph, x tf.Output) tf.Output { return x }}
}

func mobileNet() *backbone.MobileNetV2 {
	variant, _ := backbone.Kinds.Find("mobilenet_v2")
	network := variant.New().(*backbone.MobileNetV2)
	network.Alpha = 0.35
	return network
}

// smallViT sees images of 28 px as 16 patches, and tiles of a third of them as one.
func smallViT() *backbone.ViT {
	variant, _ := backbone.Kinds.Find("vit")
	network := variant.New().(*backbone.ViT)
	network.Patch, network.Width, network.Depth, network.Heads = 7, 16, 2, 2
	return network
}

// inputs makes placeholders for what a task needs, and feeds them.
func (tr *trainer) inputs(t *testing.T, needs Needs) Inputs {
	t.Helper()
	in := Inputs{Classes: []string{"a", "b", "c", "d"}, Mean: []float64{0.5}, Std: []float64{0.25}}
	for v := range needs.Views {
		x := tr.g.Placeholder(strings.Repeat("v", v+1), tf.Float32, batch.N, batch.H, batch.W, batch.C)
		in.Views = append(in.Views, tr.g.Share(x))
		tr.feeds[x] = pictures(t, v)
	}
	if needs.Draws > 0 {
		draws := tr.g.Placeholder("draws", tf.Float32, batch.N, needs.Draws)
		tr.feeds[draws], in.Draws = uniforms(t, needs.Draws), tr.g.Share(draws)
	}
	labels := make([]int32, batch.N)
	for i := range labels {
		labels[i] = int32(i % len(in.Classes))
	}
	in.Labels = tr.g.Share(tr.g.Const(labels))
	tr.step = alloc(t, tf.Int64)
	tr.step.Int64s()[0] = 0
	in.Step = tr.g.Placeholder("step", tf.Int64)
	tr.feeds[in.Step] = tr.step
	in.Progress = tr.g.Scalar(0)
	return in
}

// start applies an optimiser and opens the session, with initial values.
func (tr *trainer) start(t *testing.T) {
	t.Helper()
	adam := &nn.Adam{LearningRate: 5e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	tr.update = adam.Apply(tr.net, tr.loss, tr.g.Scalar(5e-3), slices.Concat(tr.encoder.Trainable(), tr.net.Trainable()))
	tr.session = tftest.Session(t, tr.g)
}

// train runs a step and returns the loss before it, and what else is fetched.
func (tr *trainer) train(t *testing.T, fetches ...tf.Output) (float64, []*tf.Tensor) {
	t.Helper()
	out, err := tr.session.Run(tr.feeds, append([]tf.Output{tr.loss}, fetches...), tr.update.Op)
	if err != nil {
		t.Fatal(err)
	}
	tr.step.Int64s()[0]++
	return out[0].Float(), out[1:]
}

// pictures are images with an up and a left, and something of their own in every
// part, so that every task can be solved.
func pictures(t *testing.T, view int) *tf.Tensor {
	t.Helper()
	values := make([]float32, batch.N*batch.H*batch.W*batch.C)
	for i := range values {
		n, y, x := i/(batch.H*batch.W), i/batch.W%batch.H, i%batch.W
		wave := math.Sin(float64((n%8+1)*x)/9+float64(n/8)) * math.Cos(float64((n/8+1)*y)/7+0.1*float64(view))
		values[i] = float32(0.4 + 0.2*float64(y)/float64(batch.H) + 0.3*wave)
	}
	out, err := tf.FromFloat32s(values, batch.N, batch.H, batch.W, batch.C)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// uniforms are draws in [0, 1) without a pattern.
func uniforms(t *testing.T, width int) *tf.Tensor {
	t.Helper()
	values := make([]float32, batch.N*width)
	for i := range values {
		_, fraction := math.Modf(float64(i) * 0.6180339887)
		values[i] = float32(fraction)
	}
	out, err := tf.FromFloat32s(values, batch.N, width)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func alloc(t *testing.T, dt tf.DType, dims ...int) *tf.Tensor {
	t.Helper()
	out, err := tf.Alloc(dt, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestContract holds every task of the list to what Task promises.
func TestContract(t *testing.T) {
	for _, kind := range Kinds.Variants {
		t.Run(kind.Name, func(t *testing.T) {
			if !strings.HasSuffix(kind.Doc, ".") || kind.Paper == "" || kind.Cost == "" || kind.Version < 1 {
				t.Errorf("doc %q, paper %q, cost %q, version %d: all four are needed", kind.Doc, kind.Paper, kind.Cost, kind.Version)
			}
			task, ok := kind.New().(Task)
			if !ok {
				t.Fatalf("%T is no Task", kind.New())
			}
			if task.Share() != 1 {
				t.Errorf("alone, the task has the weight %v", task.Share())
			}
			if size := stepOver(suitable(task)); task.Check(size) != nil {
				t.Fatalf("the defaults do not suit %v: %v", size, task.Check(size))
			}
			if m, ok := task.(*MoCo); ok {
				m.Queue = 2 * batch.N // the loss rises while a queue fills
			}
			checkTraining(t, newTrainer(t, task))
		})
	}
}

// checkGradients starts the training of a task, and wants a finite loss, a gradient at
// every weight of the encoder, and embeddings to watch.
func checkGradients(t *testing.T, tr *trainer) {
	t.Helper()
	weights := tr.encoder.Trainable()
	reads, sums := make([]tf.Output, len(weights)), make([]tf.Output, len(weights))
	for i, v := range weights {
		reads[i] = v.Read()
	}
	for i, grad := range tr.g.Gradients(tr.loss, reads) {
		sums[i] = tr.g.Sum(tr.g.Abs(grad), false)
	}
	tr.start(t)
	first, grads := tr.train(t, sums...)
	if math.IsNaN(first) || math.IsInf(first, 0) {
		t.Fatalf("the loss starts at %v", first)
	}
	for i, grad := range grads {
		// Softmax takes out what a key's bias adds to all scores.
		zero := strings.HasSuffix(weights[i].Name, "/key/bias")
		if v := grad.Float(); !(v > 0 || zero && v == 0) || math.IsInf(v, 0) {
			t.Errorf("the gradient of %s adds up to %v", weights[i].Name, v)
		}
	}
	for _, z := range tr.builder.Embeddings() {
		if z.Rank() != 2 {
			t.Errorf("embeddings of the shape %v are watched", z.Shape())
		}
	}
}

// checkTraining wants what checkGradients does, and a loss that falls on the same
// images.
func checkTraining(t *testing.T, tr *trainer) {
	t.Helper()
	checkGradients(t, tr)
	// The last bits of a step differ between processors, and so does the number of
	// steps: over initial weights it was 11 at most.
	const steps = 60
	first, _ := tr.train(t)
	// Losses that can be negative fall by a part of the way to -1.
	want, least := first-0.05*math.Abs(first), math.Inf(1)
	for n := 0; n < steps && !(least < want); n++ {
		loss, _ := tr.train(t)
		least = min(least, loss)
	}
	if !(least < want) {
		t.Errorf("after a step the loss is %.4f, and then at least %.4f in %d steps on the same images, want below %.4f", first, least, steps, want)
	}
}

// TestPicturesShowTheBatch wants pictures of the right number and range.
func TestPicturesShowTheBatch(t *testing.T) {
	for _, kind := range Kinds.Variants {
		t.Run(kind.Name, func(t *testing.T) {
			task := kind.New().(Task)
			tr := newTrainer(t, task)
			if _, written := task.(Written); written != (task.Needs(batch).Input != Images) {
				t.Errorf("that it has passages is %v", written)
			}
			drawn, ok := task.(Drawn)
			if ok != (task.Needs(batch).Input != Text) {
				t.Fatalf("that it has pictures is %v", ok)
			}
			if !ok {
				return
			}
			pictures := drawn.Pictures(tr.builder)
			if len(pictures) == 0 {
				t.Fatal("there are no pictures")
			}
			var fetches []tf.Output
			for _, p := range pictures {
				if p.Title == "" || p.Images.Dim(0) != batch.N || p.Images.Rank() != 4 {
					t.Errorf("picture %q has the shape %v", p.Title, p.Images.Shape())
				}
				fetches = append(fetches, tr.g.Identity(p.Images))
			}
			out, err := tftest.Session(t, tr.g).Run(tr.feeds, fetches)
			if err != nil {
				t.Fatal(err)
			}
			for i, images := range out {
				if low, high := slices.Min(images.Float32s()), slices.Max(images.Float32s()); low < -1e-6 || high > 1+1e-6 {
					t.Errorf("picture %q has values from %v to %v", pictures[i].Title, low, high)
				}
			}
		})
	}
}

// followers are the momentum copies of a task's graph.
func followers(g *tf.Graph) []*tf.Variable {
	return slices.DeleteFunc(g.Variables(), func(v *tf.Variable) bool { return !strings.HasPrefix(v.Name, "momentum/") })
}

// The target branch gets exactly no gradient: TensorFlow finds no path to it.
func TestNoGradientReachesTheMomentumBranch(t *testing.T) {
	for _, name := range []string{"moco", "byol"} {
		variant, _ := Kinds.Find(name)
		copies := len(followers(newTrainer(t, variant.New().(Task)).g))
		if copies < 100 {
			t.Fatalf("%s has %d momentum copies", name, copies)
		}
		for i := 0; i < copies; i += 40 {
			tr := newTrainer(t, variant.New().(Task))
			v := followers(tr.g)[i]
			tr.g.Gradients(tr.loss, []tf.Output{v.Read()})
			if err := tr.g.Err(); err == nil || !strings.Contains(err.Error(), "radient") && !strings.Contains(err.Error(), "partial derivative") {
				t.Errorf("%s: a gradient flows to %s (error %v)", name, v.Name, err)
			}
		}
	}
}

// The queue is first in, first out: after two steps the newest keys are at the
// end, those of the step before in front of them, and the start is what was
// behind the dropped ones.
func TestQueueIsFirstInFirstOut(t *testing.T) {
	task := &MoCo{Weighted: alone, Hidden: 64, Dim: 4, Temperature: 0.2, Momentum: 0.9, Queue: 512, Symmetric: true, Groups: 8}
	tr := newTrainer(t, task)
	tr.start(t)
	at := slices.IndexFunc(tr.g.Variables(), func(v *tf.Variable) bool { return v.Name == "moco/queue" })
	queue := tr.g.Variables()[at].Read()
	read := func() []float32 {
		out, err := tr.session.Run(nil, []tf.Output{queue})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[0].Float32s())
	}
	before := read()
	tr.train(t)
	once := read()
	tr.train(t)
	twice := read()
	new := 2 * batch.N * task.Dim // numbers of a step's keys
	size := len(before)
	if !slices.Equal(once[:size-new], before[new:]) || !slices.Equal(twice[:size-2*new], before[2*new:]) {
		t.Error("old keys do not move to the front by as many places as new ones come")
	}
	if !slices.Equal(twice[size-2*new:size-new], once[size-new:]) {
		t.Error("the keys of the first step are not in front of those of the second")
	}
	if slices.Equal(once[size-new:], before[size-new:]) || slices.Equal(twice[size-new:], once[size-new:]) {
		t.Error("the end of the queue did not change")
	}
	for i := 0; i < size; i += task.Dim {
		length := 0.0
		for _, x := range twice[i : i+task.Dim] {
			length += float64(x) * float64(x)
		}
		if math.Abs(length-1) > 1e-4 {
			t.Fatalf("key %d has the length %v", i/task.Dim, math.Sqrt(length))
		}
	}
}

// Keys are dealt so that those who share batch statistics as queries do not as
// keys, and come back in order.
func TestDealt(t *testing.T) {
	order := dealt(8, 4)
	if want := []int32{0, 4, 1, 5, 2, 6, 3, 7}; !slices.Equal(order, want) {
		t.Errorf("dealt %v, want %v", order, want)
	}
	for i, at := range inverse(order) {
		if order[at] != int32(i) {
			t.Errorf("card %d is not at %d", i, at)
		}
	}
}
