package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var quarterTurn = schema.Variant{
	Name:    "quarter_turn",
	Doc:     "Rotate the square image by 0, 90, 180 or 270 degrees, each as likely.",
	Paper:   "Gidaris et al., ICLR 2018, arXiv:1803.07728",
	Version: 1,
	New:     func() any { return &QuarterTurn{} },
}

// QuarterTurn rotates images by whole quarter turns, exactly. It is no view
// for the rotation task, whose labels it would hide.
type QuarterTurn struct{}

// CheckShape wants square images.
func (t *QuarterTurn) CheckShape(h, w, _ int) []schema.Problem {
	if h == w {
		return nil
	}
	return problem("", "Quarter turns need square images, not %d x %d.", h, w)
}

// Draws is 1: the number of turns.
func (t *QuarterTurn) Draws() int { return 1 }

// Apply rotates x counter-clockwise by floor(4u) quarter turns.
func (t *QuarterTurn) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "quarter_turn", t, x, u)
	if !ok {
		return x
	}
	last := b.w - 1
	table := [][]float32{
		permutation(b.h, b.w, func(i, j int) (int, int) { return i, j }),
		permutation(b.h, b.w, func(i, j int) (int, int) { return j, last - i }),
		permutation(b.h, b.w, func(i, j int) (int, int) { return last - i, last - j }),
		permutation(b.h, b.w, func(i, j int) (int, int) { return last - j, i }),
	}
	return b.permute(table, b.integer(0, len(table)))
}

// step implements fusible.
func (t *QuarterTurn) step(_ Size) string {
	return line("quarter_turn")
}
