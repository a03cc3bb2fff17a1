package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var hue = schema.Variant{
	Name:    "hue",
	Doc:     "Turn the colours of the image around the colour circle by a random angle.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Hue{Amount: 0.1, Probability: 1} },
}

// Hue adds an angle that is uniform in -Amount .. Amount full circles to the
// hue (HSV) of every pixel. Greys stay as they are.
type Hue struct {
	Amount      float64 `hcl:"amount,optional" example:"0.1" min:"0" max:"0.5" doc:"Largest change, as a fraction of the colour circle."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// CheckShape wants colour images.
func (t *Hue) CheckShape(_, _, c int) []schema.Problem {
	return checkColour(c, "hue")
}

// Draws is 2: whether and how much.
func (t *Hue) Draws() int { return 2 }

// Apply changes the hue of x.
func (t *Hue) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "hue", t, x, u)
	if !ok {
		return x
	}
	hsv := b.g.Unstack(b.g.RGBToHSV(x), 3)
	angle := b.g.Add(b.rows(hsv[0]), b.between(1, -t.Amount, t.Amount))
	angle = b.g.Sub(angle, b.g.Floor(angle))
	turned := b.g.HSVToRGB(b.g.Stack(3, b.g.Reshape(angle, b.n, b.h, b.w), hsv[1], hsv[2]))
	// A colour does not survive the way to HSV and back to the last bit.
	return b.choose(b.happens(0, t.Probability), b.clip(turned))
}

// step implements fusible.
func (t *Hue) step(_ Size) string {
	return line("hue", t.Amount, t.Probability)
}
