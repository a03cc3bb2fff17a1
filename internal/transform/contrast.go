package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var contrast = schema.Variant{
	Name:    "contrast",
	Doc:     "Move all values of the image towards or away from the mean of their channel.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Contrast{Amount: 0.4, Probability: 1} },
}

// Contrast multiplies the distance from the mean of the image's channel by a
// factor that is uniform in 1-Amount .. 1+Amount, and clips. (Pillow and
// torchvision take the mean of the grey image for all channels.)
type Contrast struct {
	Amount      float64 `hcl:"amount,optional" example:"0.4" min:"0" max:"1" doc:"Largest change of the factor 1."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// Draws is 2: whether and how much.
func (t *Contrast) Draws() int { return 2 }

// Apply changes the contrast of x.
func (t *Contrast) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "contrast", t, x, u)
	if !ok {
		return x
	}
	// One image row of means: broadcasting over three channels is slow.
	mean := b.g.Tile(b.g.Mean(x, true, 1, 2), 1, 1, b.w, 1)
	distance := b.rows(b.g.Sub(b.g.Reshape(x, b.n, b.h, b.w*b.c), b.g.Reshape(mean, b.n, 1, b.w*b.c)))
	return b.images(b.clip(b.g.Add(b.rows(x), b.g.Mul(distance, b.change(t.Probability, t.Amount)))))
}

// step implements fusible.
func (t *Contrast) step(_ Size) string {
	return line("contrast", t.Amount, t.Probability)
}
