package pretext

import (
	"math"
	"strings"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

const (
	side     = 28
	channels = 1
	images   = 8
)

// trainer is the training graph of one task on a few made-up images.
type trainer struct {
	session  *tf.Session
	feeds    map[tf.Output]*tf.Tensor
	loss     tf.Output
	monitors map[string]tf.Output
	update   tf.Op
	grads    []tf.Output
	names    []string
}

func newTrainer(t *testing.T, task Task) *trainer {
	t.Helper()
	g := tf.NewGraph()
	net := nn.NewNet(g, 7)
	encoder := net.Branch()
	variant, _ := backbone.Kinds.Find("mobilenet_v2")
	network := variant.New().(*backbone.MobileNetV2)
	network.Alpha = 0.35
	tr := &trainer{feeds: map[tf.Output]*tf.Tensor{}}
	var views []tf.Output
	for v := range task.Views() {
		x := g.Placeholder(strings.Repeat("v", v+1), tf.Float32, images, side, side, channels)
		views = append(views, x)
		tr.feeds[x] = pictures(t, v)
	}
	b := NewBuilder(net, func(x tf.Output) backbone.Features { return network.Build(encoder, x) }, views)
	tr.loss = task.Loss(b)
	tr.monitors = b.Monitors()
	weights := encoder.Trainable()
	reads := make([]tf.Output, len(weights))
	for i, v := range weights {
		reads[i] = v.Read()
		tr.names = append(tr.names, v.Name)
	}
	for _, grad := range g.Gradients(tr.loss, reads) {
		tr.grads = append(tr.grads, g.Sum(g.Abs(grad), false))
	}
	adam := &nn.Adam{LearningRate: 1e-2, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	tr.update = adam.Apply(net, tr.loss, g.Scalar(1e-2), append(weights, net.Trainable()...))
	init := g.InitOp()
	var err error
	if tr.session, err = tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: "cpu"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.session.Close() })
	if _, err := tr.session.Run(nil, nil, init); err != nil {
		t.Fatal(err)
	}
	return tr
}

// pictures are images with an up and a left, so that every task can be solved.
func pictures(t *testing.T, view int) *tf.Tensor {
	t.Helper()
	values := make([]float32, images*side*side*channels)
	for i := range values {
		n, y, x := i/(side*side), i/side%side, i%side
		values[i] = float32(0.5 + 0.3*float64(y)/side + 0.2*math.Sin(float64((n+1)*x)/9+float64(view)))
	}
	out, err := tf.FromFloat32s(values, images, side, side, channels)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestContract holds every task of the list to what Task promises.
func TestContract(t *testing.T) {
	tftest.Load(t)
	for _, kind := range Kinds.Variants {
		t.Run(kind.Name, func(t *testing.T) {
			if !strings.HasSuffix(kind.Doc, ".") || kind.Paper == "" || kind.Version < 1 {
				t.Errorf("doc %q, paper %q, version %d: all three are needed", kind.Doc, kind.Paper, kind.Version)
			}
			task, ok := kind.New().(Task)
			if !ok {
				t.Fatalf("%T is no Task", kind.New())
			}
			checkTraining(t, newTrainer(t, task))
		})
	}
}

func checkTraining(t *testing.T, tr *trainer) {
	t.Helper()
	first, err := tr.session.Run(tr.feeds, append([]tf.Output{tr.loss}, tr.grads...))
	if err != nil {
		t.Fatal(err)
	}
	start := first[0].Float()
	if math.IsNaN(start) || math.IsInf(start, 0) {
		t.Fatalf("the loss starts at %v", start)
	}
	for i, grad := range first[1:] {
		if v := grad.Float(); !(v > 0) || math.IsInf(v, 0) {
			t.Errorf("the gradient of %s adds up to %v", tr.names[i], v)
		}
	}
	var end float64
	for range 15 {
		out, err := tr.session.Run(tr.feeds, []tf.Output{tr.loss}, tr.update)
		if err != nil {
			t.Fatal(err)
		}
		end = out[0].Float()
	}
	if end > 0.7*start {
		t.Errorf("after 15 steps on the same images the loss is %v, at the start it was %v", end, start)
	}
}
