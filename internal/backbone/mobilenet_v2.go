package backbone

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var mobileNetV2 = schema.Variant{
	Name:    "mobilenet_v2",
	Doc:     "MobileNetV2: inverted residuals with linear bottlenecks, variables as in keras.applications.",
	Paper:   "Sandler et al., CVPR 2018, arXiv:1801.04381",
	Version: 1,
	New: func() any {
		return &MobileNetV2{Alpha: 1, Strides: "small", BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
	},
}

// MobileNetV2 configures the network of Sandler et al.
//
// Strides names how the network shrinks its input, since the published strides
// leave too little of a small image. "Cost" is in multiply-adds of the forward
// pass relative to "imagenet" at the same input:
//
//	preset    stem  stages         total  maps after stem and stages, at        cost
//	imagenet  2     1 2 2 2 1 2 1  32     64 px: 32 32 16 8 4 4 2 2              1
//	small     2     1 2 2 2 1 1 1  16     64 px: 32 32 16 8 4 4 4 4              1.8
//	                                      28 px: 14 14  7 4 2 2 2 2
//	px64      1     1 2 2 2 1 2 1  16     64 px: 64 64 32 16 8 8 4 4             4
//	px32      1     1 1 2 2 1 2 1  8      32 px: 32 32 32 16 8 8 4 4             14
//
// "small" is the one for CPUs, 28 to 64 px at less than twice the published
// cost. StemStride and StageStrides override the preset.
type MobileNetV2 struct {
	Alpha             float64 `hcl:"alpha,optional" example:"0.35" doc:"Width of every layer relative to the paper's; the last convolution keeps at least 1280 channels."`
	Strides           string  `hcl:"strides,optional" doc:"Preset: small (total stride 16), imagenet (32, as published), px64 (16, finer maps, dear), px32 (8)."`
	StemStride        int     `hcl:"stem_stride,optional" doc:"Stride of the first convolution, 1 or 2; 0 takes the preset's."`
	StageStrides      []int   `hcl:"stage_strides,optional" doc:"Strides of the seven stages, each 1 or 2; empty takes the preset's."`
	BatchNormMomentum float64 `hcl:"batch_norm_momentum,optional" doc:"Share of the moving averages that a step keeps: 0.9 for short training, 0.999 in Keras."`
	BatchNormEpsilon  float64 `hcl:"batch_norm_epsilon,optional" doc:"Added to variances."`
}

// stage is one row of the paper's table 2: blocks inverted residuals with that
// expansion and number of output filters at width 1.
type stage struct{ expansion, filters, blocks int }

func stages() []stage {
	return []stage{{1, 16, 1}, {6, 24, 2}, {6, 32, 3}, {6, 64, 4}, {6, 96, 3}, {6, 160, 3}, {6, 320, 1}}
}

type preset struct {
	name   string
	stem   int
	stages []int
}

func presets() []preset {
	return []preset{
		{"small", 2, []int{1, 2, 2, 2, 1, 1, 1}},
		{"imagenet", 2, []int{1, 2, 2, 2, 1, 2, 1}},
		{"px64", 1, []int{1, 2, 2, 2, 1, 2, 1}},
		{"px32", 1, []int{1, 1, 2, 2, 1, 2, 1}},
	}
}

const (
	stemFilters = 32
	lastFilters = 1280
	stemName    = "Conv1"
	lastName    = "Conv_1"
)

// Dim implements Backbone.
func (c *MobileNetV2) Dim() int {
	if c.Alpha > 1 {
		return makeDivisible(lastFilters * c.Alpha)
	}
	return lastFilters
}

// Activations implements Backbone.
func (c *MobileNetV2) Activations(h, w int) int64 {
	stem, strides, err := c.strides()
	if err != nil {
		return 0
	}
	h, w = shrunk(h, stem), shrunk(w, stem)
	in := makeDivisible(stemFilters * c.Alpha)
	total := int64(h) * int64(w) * int64(in)
	for i, s := range stages() {
		out := makeDivisible(float64(int(float64(s.filters) * c.Alpha)))
		for j := range s.blocks {
			wide := in * s.expansion
			if s.expansion > 1 {
				total += int64(h) * int64(w) * int64(wide)
			}
			if j == 0 {
				h, w = shrunk(h, strides[i]), shrunk(w, strides[i])
			}
			total += int64(h) * int64(w) * int64(wide+out)
			in = out
		}
	}
	return total + int64(h)*int64(w)*int64(c.Dim())
}

// shrunk is the side of a map after a convolution with SAME padding.
func shrunk(side, stride int) int { return (side + stride - 1) / stride }

// BlockNames implements Backbone.
func (c *MobileNetV2) BlockNames() []string {
	names := []string{stemName}
	for _, s := range stages() {
		for range s.blocks {
			names = append(names, inverted{index: len(names) - 1}.name())
		}
	}
	return append(names, lastName)
}

// Build implements Backbone.
func (c *MobileNetV2) Build(n *nn.Net, x tf.Output) Features {
	stem, strides, err := c.strides()
	if err != nil {
		n.Graph().Failf("%w", err)
		return Features{}
	}
	var f Features
	x = f.add(stemName, c.stem(n, n.Narrow(x), stem))
	block := 0
	for i, s := range stages() {
		for j := range s.blocks {
			stride := 1
			if j == 0 {
				stride = strides[i]
			}
			b := inverted{index: block, expansion: s.expansion, filters: s.filters, stride: stride}
			x = f.add(b.name(), n.InvertedResidual(c.residual(b), x))
			block++
		}
	}
	f.Map = f.add(lastName, c.last(n, x))
	f.Pooled = n.GlobalAveragePool(f.Map)
	return f.widened(n)
}

func (f *Features) add(name string, x tf.Output) tf.Output {
	f.Blocks = append(f.Blocks, x)
	f.BlockNames = append(f.BlockNames, name)
	return x
}

// stem is the first 3x3 convolution.
func (c *MobileNetV2) stem(n *nn.Net, x tf.Output, stride int) tf.Output {
	return n.ConvNorm(stemName, c.norm("bn_Conv1"), x, makeDivisible(stemFilters*c.Alpha), 3, stride)
}

// last is the final 1x1 convolution.
func (c *MobileNetV2) last(n *nn.Net, x tf.Output) tf.Output {
	return n.ConvNorm(lastName, c.norm("Conv_1_bn"), x, c.Dim(), 1, 1)
}

// inverted is one inverted residual block.
type inverted struct{ index, expansion, filters, stride int }

func (b inverted) name() string {
	if b.index == 0 {
		return "expanded_conv"
	}
	return fmt.Sprintf("block_%d", b.index)
}

// residual is a block: expand by a 1x1 convolution (the first block does not),
// filter each channel, project without activation, and add the input where the
// shapes allow it. Keras pads before a stride of 2 by hand; for a 3x3 kernel that is
// what SAME padding does.
func (c *MobileNetV2) residual(b inverted) nn.Residual {
	name := b.name()
	return nn.Residual{
		Expand: name + "_expand", Depthwise: name + "_depthwise", Project: name + "_project",
		ExpandNorm: c.norm(name + "_expand_BN"), DepthwiseNorm: c.norm(name + "_depthwise_BN"), ProjectNorm: c.norm(name + "_project_BN"),
		Expansion: b.expansion, Filters: makeDivisible(float64(int(float64(b.filters) * c.Alpha))), Stride: b.stride,
	}
}

func (c *MobileNetV2) norm(name string) nn.Norm {
	return nn.Norm{Name: name, Momentum: c.BatchNormMomentum, Epsilon: c.BatchNormEpsilon}
}

// strides resolves the preset and what overrides it.
func (c *MobileNetV2) strides() (stem int, perStage []int, err error) {
	for _, p := range presets() {
		if p.name != c.Strides {
			continue
		}
		stem, perStage = p.stem, p.stages
		if c.StemStride != 0 {
			stem = c.StemStride
		}
		if len(c.StageStrides) > 0 {
			perStage = c.StageStrides
		}
		if len(perStage) != len(stages()) {
			return 0, nil, fmt.Errorf("mobilenet_v2 has %d stages, and stage_strides has %d entries", len(stages()), len(perStage))
		}
		return stem, perStage, nil
	}
	return 0, nil, fmt.Errorf("mobilenet_v2 has no strides preset %q", c.Strides)
}

// makeDivisible rounds a number of channels to a multiple of 8 that is at least
// 8 and not more than a tenth below it, as the reference implementation does.
func makeDivisible(channels float64) int {
	const divisor = 8
	rounded := max(divisor, int(channels+divisor/2)/divisor*divisor)
	if float64(rounded) < 0.9*channels {
		rounded += divisor
	}
	return rounded
}
