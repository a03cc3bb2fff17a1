package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var solarize = schema.Variant{
	Name:    "solarize",
	Doc:     "Invert the values of the image that reach a threshold, with a probability.",
	Paper:   "Grill et al., NeurIPS 2020 (BYOL), arXiv:2006.07733",
	Version: 1,
	New:     func() any { return &Solarize{Threshold: 0.5, Probability: 0.2} },
}

// Solarize replaces a value v >= Threshold by 1-v.
type Solarize struct {
	Threshold   float64 `hcl:"threshold,optional" example:"0.5" min:"0" max:"1" doc:"Smallest value that is inverted; white is 1."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// Draws is 1: whether.
func (t *Solarize) Draws() int { return 1 }

// Apply solarizes x.
func (t *Solarize) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "solarize", t, x, u)
	if !ok {
		return x
	}
	const never = 2 // above every value: a threshold for images that stay
	rows := b.rows(x)
	threshold := b.g.Select(b.happens(0, t.Probability), b.g.Scalar(t.Threshold), b.g.Scalar(never))
	return b.images(b.g.Select(b.g.GreaterEqual(rows, threshold), b.g.Sub(b.g.Scalar(1), rows), rows))
}

// step implements fusible.
func (t *Solarize) step(_ Size) string {
	return line("solarize", t.Threshold, t.Probability)
}
