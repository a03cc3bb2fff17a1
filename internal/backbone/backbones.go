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

// Features are what a network makes of a batch of images.
type Features struct {
	Pooled     tf.Output   // [N, Dim]
	Map        tf.Output   // [N, h, w, Dim], before pooling
	Blocks     []tf.Output // output of every block, first to last, each [N, h, w, c]
	BlockNames []string    // the names of Blocks
}
