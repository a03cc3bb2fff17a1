// Package backbone holds the networks that turn images into features.
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
	// Activations is how many values all convolutions together put out for one
	// image of h by w pixels: what training has to keep of it.
	Activations(h, w int) int64
}

// TextBackbone is a backbone that reads tokens, int32 [N, L], where 0 is padding.
type TextBackbone interface {
	Backbone
	// ForText returns the backbone for a vocabulary and the longest sequence that it has
	// positions for. Its Build takes int32 [N, L], L <= length.
	ForText(vocabulary, length int) Backbone
	// Causal tells whether no position sees a later one.
	Causal() bool
}

// Features are what a network makes of a batch of images, or of texts of L tokens: h is
// then 1 and w is L.
type Features struct {
	Pooled     tf.Output   // [N, Dim]
	Map        tf.Output   // [N, h, w, Dim], before pooling
	Blocks     []tf.Output // output of every block, first to last, each [N, h, w, c]
	BlockNames []string    // the names of Blocks
	// Present is 1 where there is a token, float32 [N, L]; invalid where every position
	// counts.
	Present tf.Output
	// Embedding is the table of the tokens [V, Dim], for heads that share it; invalid for
	// images.
	Embedding tf.Output
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
