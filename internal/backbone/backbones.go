// Package backbone holds the networks that turn images, or texts, into features.
//
// A backbone builds layers through nn.Net and nothing else. It refuses to
// normalise pixels, to know labels or to carry a classifier: heads belong to
// whoever trains them.
//
// To add a backbone, write one file with its config struct (a Backbone) and add
// its line to Kinds.
package backbone

import (
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Kinds lists the backbones that HCL can name.
var Kinds = schema.Family{Name: "backbone", Variants: []schema.Variant{
	mobileNetV2,
	resNet18,
	vit,
	transformer,
}}

// Backbone is a configured network.
type Backbone interface {
	// Build applies the network to x, float32 [N, H, W, C], already normalised.
	// Layers follow n's mode; a second call shares the first one's variables.
	Build(n *nn.Net, x tf.Output) Features
	// Dim is the length of Pooled.
	Dim() int
	// BlockNames are those of Features, first to last, known without building.
	BlockNames() []string
	// MapSize is the height and width of Map for images of h by w pixels, known
	// without building.
	MapSize(h, w int) (mapH, mapW int)
	// Activations is how many values all convolutions and products of matrices
	// together put out for one image of h by w pixels: what training has to keep of it.
	Activations(h, w int) int64
}

// PatchEncoder is a backbone that sees an image as a sequence of patches and can
// leave some out, as masked autoencoders need.
type PatchEncoder interface {
	Backbone
	// PatchSize is the side of a patch in pixels.
	PatchSize() int
	// Embed returns the patches of x [N, H, W, C] with their positions, row by row, as
	// [N, P, Dim].
	Embed(n *nn.Net, x tf.Output) tf.Output
	// Encode applies all blocks and the last norm to any subset [N, P', Dim] of embedded
	// patches. A class token is added inside, and left out of the result.
	Encode(n *nn.Net, patches tf.Output) tf.Output
}

// Sized is a backbone that does not read images of every size.
type Sized interface {
	Backbone
	// CheckSizes reports what keeps one set of weights from reading images of all these
	// sizes, each a height and a width in pixels.
	CheckSizes(sizes ...[2]int) []schema.Problem
}

// CheckSizes reports what keeps one set of b's weights from reading images of all
// these sizes, each a height and a width in pixels.
func CheckSizes(b Backbone, sizes ...[2]int) []schema.Problem {
	if sized, ok := b.(Sized); ok {
		return sized.CheckSizes(sizes...)
	}
	return nil
}

// TextBackbone is a backbone that reads tokens, int32 [N, L], where 0 is padding.
type TextBackbone interface {
	Backbone
	// ForText returns the backbone for a vocabulary and the longest sequence that it has
	// positions for. Only what it returns can be built; its Build takes int32 [N, L] with
	// L at most length, and both may be open.
	ForText(vocabulary, length int) Backbone
	// CheckLength reports what keeps it from reading texts of so many tokens.
	CheckLength(length int) []schema.Problem
	// Causal tells whether a token sees itself and earlier ones only.
	Causal() bool
}

// Features are what a network makes of a batch of images, or of texts, whose maps
// have a height of 1.
type Features struct {
	Pooled     tf.Output   // [N, Dim]
	Map        tf.Output   // [N, h, w, Dim], before pooling
	Blocks     []tf.Output // output of every block, first to last, each [N, h, w, c]
	BlockNames []string    // the names of Blocks
	// Present is float32 [N, L], 1 where there is a token; the zero Output where every
	// position counts.
	Present tf.Output
	// Embedding is [V, Dim], the table of token embeddings, for heads that share it; the
	// zero Output for images.
	Embedding tf.Output
}

// widened returns f as float32, for those who read maps of a mixed net.
func (f Features) widened(n *nn.Net) Features {
	f.Map = n.Widen(f.Map)
	for i, x := range f.Blocks {
		f.Blocks[i] = n.Widen(x)
	}
	return f
}

// Mean averages a map [N, h, w, c] over its positions, but for padding: [N, c].
func (f Features) Mean(g *tf.Graph, x tf.Output) tf.Output {
	if !f.Present.Valid() {
		return g.Mean(x, false, 1, 2)
	}
	there := g.ExpandDims(f.Present, 2) // [N, L, 1]
	sum := g.Sum(g.Mul(g.Squeeze(x, 1), there), false, 1)
	return g.Div(sum, g.Maximum(g.Sum(there, false, 1), g.Scalar(1)))
}
