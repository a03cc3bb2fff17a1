package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var saturation = schema.Variant{
	Name:    "saturation",
	Doc:     "Move the colours of the image towards or away from their grey value.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Saturation{Amount: 0.4, Probability: 1} },
}

// Saturation multiplies the distance from a pixel's grey value by a factor
// that is uniform in 1-Amount .. 1+Amount, and clips, as Pillow and
// torchvision do. (TensorFlow's adjust_saturation works on HSV instead.)
type Saturation struct {
	Amount      float64 `hcl:"amount,optional" example:"0.4" min:"0" max:"1" doc:"Largest change of the factor 1."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// CheckShape wants colour images.
func (t *Saturation) CheckShape(_, _, c int) []schema.Problem {
	return checkColour(c, "saturation")
}

// Draws is 2: whether and how much.
func (t *Saturation) Draws() int { return 2 }

// Apply changes the saturation of x.
func (t *Saturation) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "saturation", t, x, u)
	if !ok {
		return x
	}
	rows := b.rows(x)
	distance := b.g.Sub(rows, b.rows(b.luma()))
	return b.images(b.clip(b.g.Add(rows, b.g.Mul(distance, b.change(t.Probability, t.Amount)))))
}

// step implements fusible.
func (t *Saturation) step(_ Size) string {
	return line("saturation", t.Amount, t.Probability)
}
