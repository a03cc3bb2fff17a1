package stages

import (
	"fmt"
	"math"

	"sslpipe/internal/backbone"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

// ResolutionConfig says how large the views of a pre-training are: progressive
// resizing, as in Howard's DAWNBench entry of 2018 and Tan and Le, ICML 2021,
// arXiv:2104.00298, for self-supervised learning as in arXiv:2212.05611.
type ResolutionConfig struct {
	Sizes  []int     `hcl:"sizes,optional" min:"8" example:"[32, 48, 64]" doc:"Sides of the views in pixels, rising, the last that of the images (heights, where images are not square); empty takes about half of it, three quarters and all, in multiples of 8, which suit the strides of networks."`
	Shares []float64 `hcl:"shares,optional" example:"[0.6, 0.25, 0.15]" doc:"Share of the steps at each size, together 1; empty takes 0.6, 0.25 and 0.15 where there are three. The last has to be long enough for batch-norm's averages to become those of the images' own size: about 50 steps with a momentum of 0.9."`
}

// defaultShares are the shares of three sizes.
var defaultShares = []float64{0.6, 0.25, 0.15}

// Validate implements schema.Validator.
func (c *ResolutionConfig) Validate() []schema.Problem {
	var p problems
	n := len(c.Sizes)
	if n == 1 {
		p.add("sizes", "One size is what there is without this block: write at least two, the last that of the images.")
		return p
	}
	for i := 1; i < n; i++ {
		if c.Sizes[i] <= c.Sizes[i-1] {
			p.add(fmt.Sprintf("sizes[%d]", i), "Sizes must rise, and %d does not come after %d.", c.Sizes[i], c.Sizes[i-1])
		}
	}
	if n == 0 {
		n = len(defaultShares)
	}
	switch {
	case len(c.Shares) == 0 && n != len(defaultShares):
		p.add("sizes", "Say the share of the steps at each of these %d sizes: shares = [...]; only three sizes have shares of their own.", n)
	case len(c.Shares) > 0 && len(c.Shares) != n:
		p.add("shares", "There are %d shares for %d sizes.", len(c.Shares), n)
	case len(c.Shares) > 0:
		c.validateShares(&p)
	}
	return p
}

func (c *ResolutionConfig) validateShares(p *problems) {
	sum := 0.0
	for i, share := range c.Shares {
		sum += share
		if !(share > 0) {
			p.add(fmt.Sprintf("shares[%d]", i), "A share above 0 is needed, not %g.", share)
		}
	}
	if math.Abs(sum-1) > 1e-6 {
		p.add("shares", "The shares must add up to 1, and these make %g.", sum)
	}
}

// sides are the heights of the views, one for each share.
func (c *ResolutionConfig) sides(full int) []int {
	if len(c.Sizes) > 0 {
		return c.Sizes
	}
	const unit = 8
	rounded := func(share float64) int { return int(math.Round(share*float64(full)/unit)) * unit }
	return []int{rounded(0.5), rounded(0.75), full}
}

// phase is a part of a pre-training at one size of the views.
type phase struct {
	size        transform.Size
	from, until int // its steps are from .. until-1
}

// phases divides the steps of a training on images of a shape. A short training may
// leave a phase without a step, but never the last one.
func (c *PretrainConfig) phases(shape [3]int, steps int) []phase {
	full := transform.Size{H: shape[0], W: shape[1]}
	if c.Resolution == nil {
		return []phase{{size: full, until: steps}}
	}
	shares := c.Resolution.Shares
	if len(shares) == 0 {
		shares = defaultShares
	}
	sides, past := c.Resolution.sides(full.H), 0.0
	all := make([]phase, len(sides))
	for i, side := range sides {
		past += shares[i]
		all[i] = phase{size: sized(side, full), until: min(int(math.Round(past*float64(steps))), steps-1)}
		if i > 0 {
			all[i].from = all[i-1].until
		}
	}
	all[len(all)-1].until = steps
	return all
}

// sized is the size of views of so many rows, in the proportions of the images.
func sized(side int, full transform.Size) transform.Size {
	return transform.Size{H: side, W: max(1, int(math.Round(float64(full.W*side)/float64(full.H))))}
}

// checkResolution reports what keeps the tasks from learning at every size.
func (c *PretrainConfig) checkResolution(full pretext.Batch) []schema.Problem {
	sides := c.Resolution.sides(full.H)
	last := len(sides) - 1
	if len(c.Resolution.Sizes) == 0 && (sides[0] < 8 || sides[1] <= sides[0] || full.H <= sides[1]) {
		return []schema.Problem{{Field: "resolution", Message: fmt.Sprintf("Images of %d px leave no room for half and three quarters in multiples of 8: write sizes and shares, or leave out this block.", full.H)}}
	}
	if sides[last] != full.H {
		return []schema.Problem{{Field: fmt.Sprintf("resolution.sizes[%d]", last), Message: fmt.Sprintf(
			"The last size must be that of the images, %d, since the encoder is made for them, not %d.", full.H, sides[last])}}
	}
	for i, side := range sides[:last] {
		if problems := c.checkSide(i, side, full); problems != nil {
			return problems // of larger sizes there would be the same
		}
	}
	return nil
}

// checkSide reports what makes views of so many rows, the size number i, unfit for
// tasks that images of the full size suit.
func (c *PretrainConfig) checkSide(i, side int, full pretext.Batch) []schema.Problem {
	field := "resolution"
	if len(c.Resolution.Sizes) > 0 {
		field = fmt.Sprintf("resolution.sizes[%d]", i)
	}
	small := full
	size := sized(side, transform.Size{H: full.H, W: full.W})
	small.H, small.W = size.H, size.W
	var problems []schema.Problem
	for _, p := range backbone.CheckSizes(c.Backbone.Config.(backbone.Backbone), [2]int{full.H, full.W}, [2]int{small.H, small.W}) {
		problems = append(problems, schema.Problem{Field: field, Message: fmt.Sprintf("Views of %d px do not suit %s. %s", side, c.Backbone.Name, p.Message)})
	}
	if problems != nil {
		return problems
	}
	for _, choice := range c.Pretexts {
		task := choice.Config.(pretext.Task)
		found := append(task.Check(small), c.checkCrops(task, small)...)
		if painter, ok := task.(pretext.Painter); ok && found == nil {
			found = painter.CheckHead(c.resolution(small), c.resolution(full))
		}
		for _, p := range found {
			problems = append(problems, schema.Problem{Field: field, Message: fmt.Sprintf("Views of %d px do not suit %s. %s", side, choice.Name, p.Message)})
		}
	}
	return problems
}

// resolution is what the backbone makes of images of a size.
func (c *PretrainConfig) resolution(b pretext.Batch) pretext.Resolution {
	r := pretext.Resolution{Batch: b}
	r.MapH, r.MapW = c.Backbone.Config.(backbone.Backbone).MapSize(b.H, b.W)
	return r
}

// at returns the same views at another size: smaller or that of the images.
func (v *views) at(size transform.Size) *views {
	at := *v
	at.size = size
	at.transforms, at.source = v.transforms.Resized(v.full(), size)
	return &at
}

// full is the size of the data set's images.
func (v *views) full() transform.Size {
	return transform.Size{H: v.Meta.Shape[0], W: v.Meta.Shape[1]}
}

// seen is the size of the views.
func (v *views) seen() transform.Size {
	if v.size == (transform.Size{}) {
		return v.full()
	}
	return v.size
}

// shrunk is what the transforms are applied to: the fed bytes, or images in [0, 1] of the
// size that they begin with, made from the bytes, which a GPU does not wait for.
func (v *views) shrunk(g *tf.Graph, fed tf.Output) tf.Output {
	if v.source == (transform.Size{}) || v.source == v.full() {
		return fed
	}
	unit := g.Mul(transform.Shrink(g, fed, v.source), g.Scalar(1.0/255))
	return g.Minimum(unit, g.Scalar(1)) // a mean may miss the end by a rounding
}
