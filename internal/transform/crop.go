package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var crop = schema.Variant{
	Name:    "crop",
	Doc:     "Shift the image by a random number of whole pixels, as a crop of the padded image.",
	Paper:   "He et al., CVPR 2016, arXiv:1512.03385",
	Version: 1,
	New:     func() any { return &Crop{Padding: 4, Fill: fillZero} },
}

// Crop pads images on all sides and cuts a window of their own size out at a
// place that is uniform over whole pixels. Pixels are moved, never computed.
type Crop struct {
	Padding int    `hcl:"padding,optional" example:"2" min:"0" max:"256" doc:"Largest shift in each direction, in pixels."`
	Fill    string `hcl:"fill,optional" enum:"zero,reflect" doc:"What is seen beyond the border: \"zero\" (black) or \"reflect\" (the mirrored image)."`
}

// CheckShape wants something of the image to stay in view.
func (t *Crop) CheckShape(h, w, _ int) []schema.Problem {
	if t.Padding < min(h, w) {
		return nil
	}
	return problem("padding", "The padding must be less than the sides of the images, %d x %d, not %d.", h, w, t.Padding)
}

// scaled implements scaler.
func (t *Crop) scaled(from, to int) Transform {
	return &Crop{Padding: min(scale(t.Padding, from, to), to-1), Fill: t.Fill}
}

// Draws is 2: the vertical and the horizontal shift.
func (t *Crop) Draws() int { return 2 }

// Apply shifts x.
func (t *Crop) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "crop", t, x, u)
	if !ok {
		return x
	}
	width := b.w + 2*t.Padding
	window := make([]float32, 0, b.h*b.w)
	for i := range b.h {
		for j := range b.w {
			window = append(window, float32(i*width+j))
		}
	}
	top := b.g.Mul(b.integer(0, 2*t.Padding+1), b.g.Scalar(float64(width)))
	corner := b.g.Add(top, b.integer(1, 2*t.Padding+1))
	return b.move(b.pad(t.Padding, t.Fill), b.g.Add(b.g.Const([][]float32{window}), corner))
}

// step implements fusible.
func (t *Crop) step(_ Size) string {
	return line("crop", float64(t.Padding), yes(t.Fill == fillReflect))
}
