package pretext

import (
	"fmt"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var inpaint = schema.Variant{
	Name:    "inpaint",
	Doc:     "Cut a hole into the image and predict its pixels from what is around it.",
	Paper:   "Pathak et al., CVPR 2016 (context encoders), arXiv:1604.07379",
	Cost:    "1 encoder pass, forward and backward",
	Version: 1,
	New:     func() any { return &Inpaint{Weighted: alone, Side: 0.5} },
}

// Inpaint configures inpainting: the reconstruction part of the paper, without
// its adversary. The decoder is one linear layer on each position of the last
// map, so that what it needs must be in the features.
type Inpaint struct {
	Weighted
	Side float64 `hcl:"side,optional" example:"0.5" min:"0.1" max:"0.9" doc:"Side of the square hole, as a share of the image's."`
}

// Needs implements Task: the place of the hole.
func (*Inpaint) Needs(Batch) Needs { return Needs{Views: 1, Draws: 2} }

// Crops implements Task.
func (*Inpaint) Crops() int { return 1 }

// Check implements Task.
func (*Inpaint) Check(Batch) []schema.Problem { return nil }

// Loss implements Task: the mean squared error of the hole's pixels, normalised
// as the encoder's input is.
func (t *Inpaint) Loss(b *Builder) tf.Output {
	g, size := b.Graph(), b.Batch()
	damaged, hole := t.damage(b)
	features := b.Encode(damaged).Map
	block := paintedBlock(Resolution{Batch: size, MapH: features.Dim(1), MapW: features.Dim(2)})
	pixels := b.Head.Conv2D("inpaint/pixels", features, block*block*size.C, 1, 1, true)
	pixels = g.Op("DepthToSpace", tf.Attrs{"block_size": block}, pixels)[0]
	top, left := (pixels.Dim(1)-size.H)/2, (pixels.Dim(2)-size.W)/2
	pixels = g.Slice(pixels, []int{0, top, left, 0}, []int{-1, size.H, size.W, -1})
	return holeError(g, pixels, t.target(b), hole)
}

// paintedBlock is the side of the square of pixels that is predicted from each position
// of the last map.
func paintedBlock(r Resolution) int { return (max(r.H, r.W) + r.MapH - 1) / r.MapH }

// CheckHead implements Painter.
func (*Inpaint) CheckHead(other, full Resolution) []schema.Problem {
	now, then := paintedBlock(other), paintedBlock(full)
	if now == then {
		return nil
	}
	return problem("", fmt.Sprintf("From each position of the last map %d by %d pixels are predicted at %d px, and %d by %d at %d px: one head cannot serve both. "+
		"Use sizes that are multiples of the network's stride.", then, then, full.H, now, now, other.H))
}

// target is the view as the encoder normalises it.
func (t *Inpaint) target(b *Builder) tf.Output {
	g := b.Graph()
	return g.Div(g.Sub(b.Views[0], g.Const(float32s(b.Mean))), g.Const(float32s(b.Std)))
}

// holeError is the mean over the hole [N, H, W, 1] (1 inside) of the squared
// difference of two images [N, H, W, C].
func holeError(g *tf.Graph, predicted, target, hole tf.Output) tf.Output {
	g = g.Scope("hole_error")
	perPixel := g.Mean(g.SquaredDifference(predicted, target), true, 3)
	return g.Div(g.Sum(g.Mul(perPixel, hole), false), g.Sum(hole, false))
}

// damage returns the views with their hole filled by the mean colour, and the
// hole, float32 [N, H, W, 1].
func (t *Inpaint) damage(b *Builder) (damaged, hole tf.Output) {
	g, size := b.Graph().Scope("hole"), b.Batch()
	rows := t.span(g, b.Draws, 0, size.N, size.H)
	columns := t.span(g, b.Draws, 1, size.N, size.W)
	hole = g.Mul(g.Reshape(rows, size.N, size.H, 1, 1), g.Reshape(columns, size.N, 1, size.W, 1))
	filling := g.Mul(hole, g.Const(float32s(b.Mean)))
	return g.Add(g.Mul(b.Views[0], g.Sub(g.Scalar(1), hole)), filling), hole
}

// span is 1 for the positions of a line of size pixels that the hole covers,
// from a uniform draw: float32 [N, size].
func (t *Inpaint) span(g *tf.Graph, draws tf.Output, at, n, size int) tf.Output {
	side := max(1, int(t.Side*float64(size)+0.5))
	start := g.Floor(g.Mul(g.Slice(draws, []int{0, at}, []int{n, 1}), g.Scalar(float64(size-side+1))))
	positions := make([]float32, size)
	for i := range positions {
		positions[i] = float32(i)
	}
	after := g.Sub(g.Const(positions), start)
	inside := g.And(g.GreaterEqual(after, g.Scalar(0)), g.Less(after, g.Scalar(float64(side))))
	return g.Cast(inside, tf.Float32)
}

// Pictures implements Drawn: the image, and with its hole.
func (t *Inpaint) Pictures(b *Builder) []Picture {
	damaged, _ := t.damage(b)
	return []Picture{{Title: "image", Images: b.Views[0]}, {Title: "hole", Images: damaged}}
}
