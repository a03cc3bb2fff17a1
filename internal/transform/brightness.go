package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var brightness = schema.Variant{
	Name:    "brightness",
	Doc:     "Multiply all values of the image by a random factor.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Brightness{Amount: 0.4, Probability: 1} },
}

// Brightness multiplies images by a factor that is uniform in
// 1-Amount .. 1+Amount, and clips.
type Brightness struct {
	Amount      float64 `hcl:"amount,optional" example:"0.4" min:"0" max:"1" doc:"Largest change of the factor 1."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// Draws is 2: whether and how much.
func (t *Brightness) Draws() int { return 2 }

// Apply changes the brightness of x.
func (t *Brightness) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "brightness", t, x, u)
	if !ok {
		return x
	}
	factor := b.g.Add(b.change(t.Probability, t.Amount), b.g.Scalar(1))
	return b.images(b.clip(b.g.Mul(b.rows(x), factor)))
}

// step implements fusible.
func (t *Brightness) step(_ Size) string {
	return line("brightness", t.Amount, t.Probability)
}
