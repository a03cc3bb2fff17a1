package pretext

import (
	"fmt"
	"slices"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var maskedImage = schema.Variant{
	Name:    "masked_image",
	Doc:     "Hide parts of the image from the convolutions and predict their pixels.",
	Paper:   "Tian et al., ICLR 2023 (SparK), arXiv:2301.03580; He et al., CVPR 2022 (MAE), arXiv:2111.06377",
	Cost:    "1 encoder pass forward and backward with masked batch-norm, and a light decoder: about 2 passes",
	Version: 1,
	New:     func() any { return &MaskedImage{Weighted: alone, Ratio: 0.6, Width: 64} },
}

// MaskedImage configures masked image modelling for convolutional networks. The
// encoder runs as a sparse network would: hidden parts are zero before every
// convolution, and batch-norm looks at visible positions only.
type MaskedImage struct {
	Weighted
	Ratio float64 `hcl:"ratio,optional" example:"0.6" min:"0.05" max:"0.95" doc:"Share of the image that is hidden."`
	Unit  int     `hcl:"unit,optional" min:"0" doc:"Side of the squares that are hidden or visible, in pixels, at least 4; 0 makes at most 8 along a side."`
	Width int     `hcl:"width,optional" min:"1" doc:"Channels of the decoder."`
}

const smallestUnit, mostUnits = 4, 8

// unit is the side of a unit on images of this size; 0 if there is none.
func (t *MaskedImage) unit(b Batch) int {
	if t.Unit > 0 {
		return t.Unit
	}
	for u := smallestUnit; u <= min(b.H, b.W)/2; u++ {
		if b.H%u == 0 && b.W%u == 0 && max(b.H, b.W)/u <= mostUnits {
			return u
		}
	}
	return 0
}

// Needs implements Task.
func (t *MaskedImage) Needs(b Batch) Needs {
	u := max(t.unit(b), 1)
	return Needs{Views: 1, Draws: (b.H / u) * (b.W / u)}
}

// Crops implements Task.
func (*MaskedImage) Crops() int { return 1 }

// Check implements Task.
func (t *MaskedImage) Check(b Batch) []schema.Problem {
	u := t.unit(b)
	switch {
	case b.Patch != 0:
		return problem("", "masked_image hides parts of an image from convolutions, and this backbone has none: it can leave the hidden patches out, "+
			`which is pretext "masked_autoencoder".`)
	case u == 0:
		return problem("unit", fmt.Sprintf("No square of at least %d pixels divides images of %d by %d into at most %d by %d: set unit or image_size.", smallestUnit, b.H, b.W, mostUnits, mostUnits))
	case u < smallestUnit:
		return problem("unit", fmt.Sprintf("Units of %d pixels can be filled in from their neighbours; use at least %d.", u, smallestUnit))
	case b.H%u != 0 || b.W%u != 0:
		return problem("unit", fmt.Sprintf("Images of %d by %d cannot be divided into units of %d.", b.H, b.W, u))
	}
	units := (b.H / u) * (b.W / u)
	if k := t.visible(units); k < 1 || k == units {
		return problem("ratio", fmt.Sprintf("Of %d units %d would be visible: change ratio or unit.", units, k))
	}
	return nil
}

// WhyApart implements Apart.
func (*MaskedImage) WhyApart() string {
	return "takes batch statistics from visible positions, which workers have different numbers of"
}

// CheckHead implements Painter: the decoder predicts the pixels of a unit, by as many
// doublings of the last map as lead to a map of units.
func (t *MaskedImage) CheckHead(other, full Resolution) []schema.Problem {
	now, then := t.unit(other.Batch), t.unit(full.Batch)
	if now != then {
		return problem("unit", fmt.Sprintf("The squares that are hidden have %d px at %d px, and %d px at %d px: one head cannot serve both. "+
			"Set unit to a number that divides all sizes.", then, full.H, now, other.H))
	}
	if a, b := other.doublings(now), full.doublings(then); a != b {
		return problem("unit", fmt.Sprintf("From the last map to units of %d px it is %s at %d px and %s at %d px: one decoder cannot serve both. "+
			"Leave out the smaller size.", now, times(b), full.H, times(a), other.H))
	}
	return nil
}

// doublings is how often the last map is doubled to become a map of units.
func (r Resolution) doublings(unit int) int {
	n := 0
	for side := r.MapH; side < r.H/unit; side *= 2 {
		n++
	}
	return n
}

func times(n int) string {
	if n == 1 {
		return "1 doubling"
	}
	return fmt.Sprintf("%d doublings", n)
}

// visible is how many of an image's units stay visible, exactly.
func (t *MaskedImage) visible(units int) int { return units - int(t.Ratio*float64(units)+0.5) }

// Loss implements Task: the mean squared error of the pixels of hidden units,
// each unit normalised to mean 0 and variance 1.
func (t *MaskedImage) Loss(b *Builder) tf.Output {
	g := b.Graph()
	mask := t.mask(b)
	net := b.Encoder.Visible(mask)
	features := b.Apply(net, b.Views[0])
	u := t.unit(b.Batch())
	pixels := b.Head.Conv2D("masked_image/pixels", t.decode(b, net, features, mask.Dim(1), mask.Dim(2)), u*u*b.Batch().C, 1, 1, true)
	return hiddenError(g, pixels, normalisedUnits(g, b.Views[0], u), mask)
}

// mask draws the visible units of each image, float32 [N, U, V, 1]: those with
// the largest draws, so that their number is exact.
func (t *MaskedImage) mask(b *Builder) tf.Output {
	g := b.Graph().Scope("mask")
	size := b.Batch()
	u := t.unit(size)
	units := b.Draws.Dim(1)
	_, chosen := g.TopK(b.Draws, t.visible(units))
	mask := g.Sum(g.OneHot(chosen, units), false, 1)
	return g.Reshape(mask, size.N, size.H/u, size.W/u, 1)
}

// decode brings the features up to a map of h by w: from the last map on, each
// finer one is added, with a learnt token where the encoder saw nothing.
func (t *MaskedImage) decode(b *Builder, net *nn.Net, f backbone.Features, h, w int) tf.Output {
	g, n := b.Graph(), b.Head
	maps := pyramid(f)
	y := t.filled(n, net, "masked_image/skip_0", maps[0])
	for i := 1; y.Dim(1) < h || y.Dim(2) < w; i++ {
		if i == len(maps) {
			return g.Failf("masked_image: the network has no map between %v and %d by %d: choose a unit that is a stride of it", y.Shape(), h, w)
		}
		skip := maps[i]
		y = g.Slice(doubled(g, y), []int{0, 0, 0, 0}, []int{-1, skip.Dim(1), skip.Dim(2), -1})
		y = g.Add(y, t.filled(n, net, fmt.Sprintf("masked_image/skip_%d", i), skip))
		y = n.Conv2D(fmt.Sprintf("masked_image/up_%d", i), y, t.Width, 3, 1, false)
		y = g.Relu(n.BatchNorm(fmt.Sprintf("masked_image/up_%d_bn", i), y, headMomentum, headEpsilon))
	}
	if g.Err() == nil && (y.Dim(1) != h || y.Dim(2) != w) {
		return g.Failf("masked_image: the network has no map of %d by %d, the next is %v: choose a unit that is a stride of it", h, w, y.Shape())
	}
	return y
}

// pyramid lists the last map of each size, the smallest first.
func pyramid(f backbone.Features) []tf.Output {
	maps := []tf.Output{f.Map}
	for _, block := range slices.Backward(f.Blocks) {
		if last := maps[len(maps)-1]; block.Dim(1) > last.Dim(1) {
			maps = append(maps, block)
		}
	}
	return maps
}

// filled brings a map to the decoder's width and puts a learnt token where
// nothing was visible.
func (t *MaskedImage) filled(n *nn.Net, net *nn.Net, name string, x tf.Output) tf.Output {
	g := n.Graph().Scope("fill")
	y := n.Conv2D(name, x, t.Width, 1, 1, true)
	rows := y.Dim(0) * y.Dim(1) * y.Dim(2)
	token := n.Variable(name+"/token", tf.Shape{1, int64(t.Width)}, nn.Normal(0.02), true).Read()
	mask := g.Reshape(net.VisibleAt(y.Dim(1), y.Dim(2)), rows, 1)
	flat := g.Reshape(y, rows, t.Width)
	flat = g.Add(g.Mul(g.Sub(flat, token), mask), token)
	return g.Reshape(flat, y.Shape().Ints()...)
}

// doubled repeats every position of x [N, H, W, C] twice along both sides.
func doubled(g *tf.Graph, x tf.Output) tf.Output {
	n, h, w, c := x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	wide := g.BroadcastTo(g.Reshape(x, n, h, 1, w, 1, c), n, h, 2, w, 2, c)
	return g.Reshape(wide, n, 2*h, 2*w, c)
}

// normalisedUnits cuts images into units of side u, [N, H/u, W/u, u*u*C], each
// with mean 0 and variance 1 (a flat one is all zeros).
func normalisedUnits(g *tf.Graph, x tf.Output, u int) tf.Output {
	g = g.Scope("units")
	pixels := g.Op("SpaceToDepth", tf.Attrs{"block_size": u}, x)[0]
	centred := g.Sub(pixels, g.Mean(pixels, true, 3))
	variance := g.Mean(g.Square(centred), true, 3)
	return g.Mul(centred, g.Rsqrt(g.Add(variance, g.Scalar(1e-6))))
}

// hiddenError is the mean squared difference of predicted and target, both
// [N, U, V, D], over the units that visible [N, U, V, 1] leaves out.
func hiddenError(g *tf.Graph, predicted, target, visible tf.Output) tf.Output {
	g = g.Scope("hidden_error")
	hidden := g.Sub(g.Scalar(1), visible)
	perUnit := g.Mean(g.SquaredDifference(predicted, target), true, 3)
	return g.Div(g.Sum(g.Mul(perUnit, hidden), false), g.Sum(hidden, false))
}

// Pictures implements Drawn: the image and what the encoder sees of it, grey
// where it sees nothing.
func (t *MaskedImage) Pictures(b *Builder) []Picture {
	g, size := b.Graph(), b.Batch()
	visible := b.Encoder.Visible(t.mask(b)).VisibleAt(size.H, size.W)
	grey := g.Mul(g.Sub(g.Scalar(1), visible), g.Scalar(0.5))
	return []Picture{
		{Title: "image", Images: b.Views[0]},
		{Title: "visible", Images: g.Add(g.Mul(b.Views[0], visible), grey)},
	}
}
