package pretext

import (
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tokenizer"
)

// Inputs is what a task reads of a step. All of it follows from the number of
// the step, so that a resumed run ends with the same bits.
type Inputs struct {
	Views    []tf.Output // the augmented batches, each float32 [N, H, W, C] in [0, 1], or int32 [N, L]
	Draws    tf.Output   // float32 [N, Needs.Draws], uniform in [0, 1), a function of epoch and image
	Labels   tf.Output   // int32 [N], for tasks that need them
	Classes  []string    // names of the labels
	Step     tf.Output   // int64 scalar, the number of the step
	Progress tf.Output   // float32 scalar in [0, 1), the share of all steps that is past
	Mean     []float64   // of the pixels, per channel, as the encoder normalises them
	Std      []float64
	// Vocabulary is the number of tokens of a text; 0 for images.
	Vocabulary int
	Tokenizer  *tokenizer.Tokenizer // of the texts
	// Counts is how often each token is in the texts that are trained on, by its number.
	// The first token of a text and padding are not counted.
	Counts []int
}

// Builder is what a task builds its loss with.
type Builder struct {
	Inputs
	// Encoder makes the encoder's layers, in training mode. Nets derived from it
	// (nn.Net.Follow, Groups, Visible) are for Apply.
	Encoder *nn.Net
	// Head makes layers that belong to the task. They are dropped after it, but for those
	// of a Predictor.
	Head *nn.Net

	network    Network
	monitors   map[string]tf.Output
	chance     float64
	embeddings []tf.Output
	totals     Totals
	guess      Guess
}

// Network is the architecture of the encoder.
type Network struct {
	Backbone backbone.Backbone
	// Normalise makes what the backbone reads of images [M, H, W, C] in [0, 1]; nil for
	// texts, which it reads as they are.
	Normalise func(g *tf.Graph, x tf.Output) tf.Output
}

// Features builds the network on images x [M, H, W, C] in [0, 1], or on texts. What n
// must not see is hidden after normalising, so that it is zero.
func (w Network) Features(n *nn.Net, x tf.Output) backbone.Features {
	if w.Normalise != nil {
		x = n.Hide(w.Normalise(n.Graph(), x))
	}
	return w.Backbone.Build(n, x)
}

// PatchSize is the side of the patches as which a backbone sees images; 0 for one
// that convolves.
func PatchSize(b backbone.Backbone) int {
	if p, ok := b.(backbone.PatchEncoder); ok {
		return p.PatchSize()
	}
	return 0
}

// Causal tells whether a backbone reads texts and lets a token see earlier ones only.
func Causal(b backbone.Backbone) bool {
	text, ok := b.(backbone.TextBackbone)
	return ok && text.Causal()
}

// NewBuilder returns the builder of one task in a training graph. Every application
// of the network with the same net shares its weights.
func NewBuilder(in Inputs, encoder, head *nn.Net, network Network) *Builder {
	return &Builder{Inputs: in, Encoder: encoder, Head: head, network: network, monitors: map[string]tf.Output{}}
}

// Graph is the graph under construction.
func (b *Builder) Graph() *tf.Graph { return b.Head.Graph() }

// Batch is the shape of the views.
func (b *Builder) Batch() Batch {
	v := b.Views[0]
	if b.Vocabulary > 0 {
		return Batch{N: v.Dim(0), H: 1, W: v.Dim(1), C: 1, Vocabulary: b.Vocabulary, Causal: Causal(b.network.Backbone)}
	}
	return Batch{N: v.Dim(0), H: v.Dim(1), W: v.Dim(2), C: v.Dim(3), Patch: PatchSize(b.network.Backbone)}
}

// Encode applies the encoder in training mode to images [M, H, W, C] in [0, 1].
// Unless the task names other embeddings, the features of the first call are
// watched for collapse.
func (b *Builder) Encode(x tf.Output) backbone.Features { return b.Apply(b.Encoder, x) }

// Apply is Encode with a net that was derived from Encoder.
func (b *Builder) Apply(n *nn.Net, x tf.Output) backbone.Features {
	f := b.network.Features(n, x)
	if b.embeddings == nil {
		b.Embed(f.Pooled)
	}
	return f
}

// EncodePatches applies an encoder of patches to some of those of images x
// [M, H, W, C] in [0, 1]: for each image the patches that keep, int32 [M, K], names,
// counted row by row. It returns [M, K, Dim]; nothing of the others is in it. Unless
// the task names other embeddings, the mean of an image's patches is watched for
// collapse.
func (b *Builder) EncodePatches(x, keep tf.Output) tf.Output {
	g := b.Graph()
	encoder, ok := b.network.Backbone.(backbone.PatchEncoder)
	if !ok {
		return g.Failf("%T does not see images as patches", b.network.Backbone)
	}
	patches := encoder.Embed(b.Encoder, b.network.Normalise(g, x))
	encoded := encoder.Encode(b.Encoder, g.GatherBatch(patches, keep))
	if b.embeddings == nil && g.Err() == nil {
		b.embeddings = []tf.Output{g.Mean(encoded, false, 1)}
	}
	return encoded
}

// Monitor publishes a scalar that is reported while training.
func (b *Builder) Monitor(name string, scalar tf.Output) { b.monitors[name] = scalar }

// Accuracy publishes the task's own accuracy, which guessing brings to chance.
func (b *Builder) Accuracy(scalar tf.Output, chance float64) {
	b.Monitor("accuracy", scalar)
	b.chance = chance
}

// Embed names the embeddings [N, D] that are watched for collapse: one batch, or
// two of which row i shows the same image.
func (b *Builder) Embed(z ...tf.Output) { b.embeddings = b.gathered(z) }

// gathered returns the embeddings [N, D] of all workers that train together, so that a
// loss which compares images with each other does so over the whole batch.
func (b *Builder) gathered(z []tf.Output) []tf.Output {
	all := make([]tf.Output, len(z))
	for i, x := range z {
		all[i] = b.Graph().GatherOver(x)
	}
	return all
}

// Monitors returns what the task published, by name.
func (b *Builder) Monitors() map[string]tf.Output { return b.monitors }

// Totals returns what a task that predicts tokens found in the batch; the zero Totals of
// others.
func (b *Builder) Totals() Totals { return b.totals }

// Guess returns what a task that predicts tokens has to be better than; the zero Guess
// of others.
func (b *Builder) Guess() Guess { return b.guess }

// Chance is the accuracy of guessing; 0 for a task that has no accuracy.
func (b *Builder) Chance() float64 { return b.chance }

// Embeddings returns the embeddings to watch: one batch, or two of pairs.
func (b *Builder) Embeddings() []tf.Output { return b.embeddings }

// each returns what f makes of every view, in one batch of them all or view by
// view, which differs in what batch-norm averages over.
func (b *Builder) each(joint bool, views []tf.Output, f func(x tf.Output) tf.Output) []tf.Output {
	if joint {
		return b.Graph().Split(f(b.Graph().Concat(0, views...)), 0, len(views))
	}
	out := make([]tf.Output, len(views))
	for i, v := range views {
		out[i] = f(v)
	}
	return out
}

// Batch-norm of heads: they are short-lived, so their averages do not matter.
const headMomentum, headEpsilon = 0.9, 1e-3

// mlp applies dense layers of the given widths to x [N, D]: all but the last are
// followed by batch-norm and ReLU.
func mlp(n *nn.Net, name string, x tf.Output, widths ...int) tf.Output {
	for i, width := range widths {
		layer := name + "/" + string(rune('1'+i))
		x = n.Dense(layer, x, width, nn.GlorotUniform)
		if i < len(widths)-1 {
			x = n.Graph().Relu(n.BatchNorm(layer+"_bn", x, headMomentum, headEpsilon))
		}
	}
	return x
}

// unit scales the rows of x [N, D] to length 1.
func unit(g *tf.Graph, x tf.Output) tf.Output {
	squares := g.Sum(g.Square(x), true, 1)
	return g.Mul(x, g.Rsqrt(g.Maximum(squares, g.Scalar(1e-12))))
}

// positions returns the numbers of the step's examples since training began,
// modulo classes, as int32 [N*times]: labels that follow from them are exactly
// balanced, each run of classes examples has every label once.
func (b *Builder) positions(times, classes int) tf.Output {
	g := b.Graph()
	n := b.Batch().N * times * g.Replicas()
	offsets := make([]int64, n)
	for i := range offsets {
		offsets[i] = int64(i)
	}
	first := g.Mul(b.Step, g.Const(int64(n)))
	return g.Cast(g.Mod(g.Add(first, g.Share(g.Const(offsets))), g.Const(int64(classes))), tf.Int32)
}
