package transform

import (
	"math"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var zoom = schema.Variant{
	Name:    "zoom",
	Doc:     "Enlarge or shrink the image around its centre by a random factor.",
	Paper:   "Keras RandomZoom; 0.1 in the article that this project follows",
	Version: 1,
	New:     func() any { return &Zoom{Amount: 0.1, Fill: fillReflect} },
}

// Zoom shows a centred part of the image, or the image within a border, at
// the image's size. The part's side is uniform in 1-Amount .. 1+Amount sides
// of the image. Interpolation is bilinear.
type Zoom struct {
	Amount float64 `hcl:"amount,optional" example:"0.1" min:"0" max:"0.9" doc:"Largest change of the side that is shown, as a fraction."`
	Fill   string  `hcl:"fill,optional" enum:"zero,reflect" doc:"What is seen beyond the border: \"zero\" (black) or \"reflect\" (the mirrored image)."`
}

// CheckShape wants images that are large enough to be mirrored.
func (t *Zoom) CheckShape(h, w, _ int) []schema.Problem {
	if t.Fill != fillReflect || t.margin(h, w) < min(h, w) {
		return nil
	}
	return problem("amount", "An amount of %v reaches too far beyond the border to mirror images of %d x %d.", t.Amount, h, w)
}

// margin is how far the shown part may reach beyond the image, in pixels, and
// one more to interpolate with.
func (t *Zoom) margin(h, w int) int {
	return int(math.Ceil(t.Amount*float64(max(h, w))/2)) + 1
}

// Draws is 1: the factor.
func (t *Zoom) Draws() int { return 1 }

// Apply zooms x.
func (t *Zoom) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "zoom", t, x, u)
	if !ok {
		return x
	}
	g = b.g
	factor := b.between(0, 1-t.Amount, 1+t.Amount)
	border := g.Sub(g.Scalar(0.5), g.Mul(factor, g.Scalar(0.5)))
	h, w := g.Scalar(float64(b.h)), g.Scalar(float64(b.w))
	return b.resample(region{
		top:    g.Mul(border, h),
		left:   g.Mul(border, w),
		height: g.Mul(factor, h),
		width:  g.Mul(factor, w),
	}, t.margin(b.h, b.w), t.Fill, b.h, b.w)
}

// step implements fusible.
func (t *Zoom) step(_ Size) string {
	return line("zoom", t.Amount, yes(t.Fill == fillReflect))
}
