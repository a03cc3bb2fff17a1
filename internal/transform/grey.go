package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var grey = schema.Variant{
	Name:    "grey",
	Doc:     "Take the colour away with a probability; images of one channel stay as they are.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Grey{Probability: 0.2} },
}

// Grey replaces the three channels by 0.2989 R + 0.587 G + 0.114 B.
type Grey struct {
	Probability float64 `hcl:"probability,optional" example:"0.2" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// CheckShape wants grey or colour images.
func (t *Grey) CheckShape(_, _, c int) []schema.Problem {
	if c == 1 {
		return nil
	}
	return checkColour(c, "grey value")
}

// Draws is 1: whether.
func (t *Grey) Draws() int { return 1 }

// Apply takes the colour of x away.
func (t *Grey) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "grey", t, x, u)
	if !ok || b.c == 1 {
		return x
	}
	return b.choose(b.happens(0, t.Probability), b.luma())
}

// step implements fusible.
func (t *Grey) step(_ Size) string {
	return line("grey", t.Probability)
}
