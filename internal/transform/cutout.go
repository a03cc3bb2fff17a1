package transform

import (
	"math"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var cutout = schema.Variant{
	Name:    "cutout",
	Doc:     "Cover a square at a random place.",
	Paper:   "DeVries and Taylor, 2017, arXiv:1708.04552",
	Version: 1,
	New:     func() any { return &Cutout{Fraction: 0.25, Probability: 1} },
}

// Cutout covers a square whose centre is uniform over the pixels of the
// image; near the border a part of the square lies outside.
type Cutout struct {
	Size        int     `hcl:"size,optional" example:"8" min:"0" max:"4096" doc:"Side of the square in pixels; 0 means that fraction says it."`
	Fraction    float64 `hcl:"fraction,optional" min:"0" max:"1" doc:"Side of the square as a fraction of the shorter side of the image, where size is 0."`
	Value       float64 `hcl:"value,optional" min:"0" max:"1" doc:"Value in the square: 0 is black, 1 is white."`
	Probability float64 `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// side is the side of the square in pixels, for images of h x w.
func (t *Cutout) side(h, w int) int {
	if t.Size > 0 {
		return t.Size
	}
	return int(math.Round(t.Fraction * float64(min(h, w))))
}

// scaled implements scaler.
func (t *Cutout) scaled(from, to int) Transform {
	c := *t
	if t.Size > 0 {
		c.Size = max(1, scale(t.Size, from, to))
	}
	return &c
}

// Draws is 3: whether, and the row and column of the centre.
func (t *Cutout) Draws() int { return 3 }

// Apply covers a square of x.
func (t *Cutout) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "cutout", t, x, u)
	if !ok {
		return x
	}
	side := t.side(b.h, b.w)
	rows := b.g.Mul(b.covered(1, b.h, side), b.indicator(0, t.Probability))
	columns := b.covered(2, b.w, side)
	hole := b.g.Mul(b.g.Reshape(rows, b.n, b.h, 1, 1), b.g.Reshape(columns, b.n, 1, b.w, 1))
	// Exact for a hole of 0 or 1, and twice as fast as a choice.
	seen := b.g.Mul(x, b.g.Sub(b.g.Scalar(1), hole))
	return b.g.Add(seen, b.g.Mul(hole, b.g.Scalar(t.Value)))
}

// covered is 1 for the positions of an axis of size pixels that the square
// around draw i covers, else 0, [N, size].
func (b batch) covered(i, size, side int) tf.Output {
	g := b.g
	position := make([]float32, size)
	for k := range position {
		position[k] = float32(k)
	}
	// From the square's first pixel: 0 .. side-1 is covered.
	first := g.Sub(b.integer(i, size), g.Scalar(float64(side/2)))
	inside := g.Sub(g.Const([][]float32{position}), first)
	return g.Cast(g.And(
		g.GreaterEqual(inside, g.Scalar(0)),
		g.Less(inside, g.Scalar(float64(side)))), tf.Float32)
}

// step implements fusible.
func (t *Cutout) step(images Size) string {
	return line("cutout", float64(t.side(images.H, images.W)), t.Value, t.Probability)
}
