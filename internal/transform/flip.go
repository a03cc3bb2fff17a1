package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var flip = schema.Variant{
	Name:    "flip",
	Doc:     "Mirror the image with a probability, left to right or upside down.",
	Paper:   "Krizhevsky et al., NeurIPS 2012",
	Version: 1,
	New:     func() any { return &Flip{Horizontal: true, Probability: 0.5} },
}

// Flip mirrors images exactly. The two directions are drawn independently.
type Flip struct {
	Horizontal  bool    `hcl:"horizontal,optional" doc:"Mirror left to right."`
	Vertical    bool    `hcl:"vertical,optional" doc:"Mirror upside down."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability of each chosen direction."`
}

// Validate wants a direction.
func (t *Flip) Validate() []schema.Problem {
	if t.Horizontal || t.Vertical {
		return nil
	}
	return problem("horizontal", "Both horizontal and vertical are false, so nothing would be flipped.")
}

// Draws is 2: the horizontal and the vertical flip.
func (t *Flip) Draws() int { return 2 }

// Apply mirrors x.
func (t *Flip) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "flip", t, x, u)
	if !ok {
		return x
	}
	table := make([][]float32, 0, 4)
	for choice := range 4 {
		table = append(table, permutation(b.h, b.w, func(i, j int) (int, int) {
			if choice&1 != 0 {
				j = b.w - 1 - j
			}
			if choice&2 != 0 {
				i = b.h - 1 - i
			}
			return i, j
		}))
	}
	horizontal := b.indicator(0, when(t.Horizontal, t.Probability))
	vertical := b.indicator(1, when(t.Vertical, t.Probability))
	return b.permute(table, b.g.Add(horizontal, b.g.Add(vertical, vertical)))
}

// when is p if on, else 0.
func when(on bool, p float64) float64 {
	if on {
		return p
	}
	return 0
}

// step implements fusible.
func (t *Flip) step(_ Size) string {
	return line("flip", when(t.Horizontal, t.Probability), when(t.Vertical, t.Probability))
}
