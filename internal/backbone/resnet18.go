package backbone

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var resNet18 = schema.Variant{
	Name:    "resnet18",
	Doc:     "ResNet-18: eight basic residual blocks, the reference network of published tables.",
	Paper:   "He et al., CVPR 2016, arXiv:1512.03385",
	Version: 1,
	New: func() any {
		return &ResNet18{Width: 1, Stem: stemSmall, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-5}
	},
}

// ResNet18 configures the network of He et al. with 18 layers, as torchvision
// builds it: variables have torchvision's names with a slash before the last part
// (layer2.0.downsample.0/kernel), strides of 2 have one zero on each side, and
// batch-norm has its constants, torchvision's momentum of 0.1 being 0.9 here. The
// moving variances are those of nn.BatchNorm, divided by the number of values.
//
// With the small stem, the one of published tables on images of 32 to 96 px (Chen
// et al., ICML 2020, arXiv:2002.05709, B.9), a first convolution of 3x3 keeps the
// size and nothing is pooled; the four layers then divide the sides by 8. With the
// stem of the paper, 7x7 with stride 2 and max pooling, it is 32.
type ResNet18 struct {
	Width             float64 `hcl:"width,optional" example:"0.25" doc:"Width of every layer relative to the paper's; 1 has 64 to 512 channels."`
	Stem              string  `hcl:"stem,optional" enum:"small,imagenet" doc:"First layers: small (3x3, stride 1, no pooling; total stride 8) or imagenet (7x7, stride 2, and max pooling; 32)."`
	BatchNormMomentum float64 `hcl:"batch_norm_momentum,optional" doc:"Share of the moving averages that a step keeps."`
	BatchNormEpsilon  float64 `hcl:"batch_norm_epsilon,optional" doc:"Added to variances."`
}

// The values of stem.
const (
	stemSmall    = "small"
	stemImageNet = "imagenet"
)

const (
	resNetStem   = "conv1"
	resNetLayers = 4 // with 64, 128, 256 and 512 channels
	resNetBlocks = 2 // of a layer; the first one of all layers but the first halves the map
)

// Validate implements schema.Validator.
func (c *ResNet18) Validate() []schema.Problem {
	var found []schema.Problem
	report := func(field, format string, args ...any) {
		found = append(found, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if !(c.Width > 0 && c.Width <= maxAlpha) {
		report("width", "width must be above 0 and at most %d, not %v.", maxAlpha, c.Width)
	}
	if !(c.BatchNormMomentum >= 0 && c.BatchNormMomentum < 1) {
		report("batch_norm_momentum", "batch_norm_momentum must be at least 0 and below 1, not %v.", c.BatchNormMomentum)
	}
	if !(c.BatchNormEpsilon > 0) {
		report("batch_norm_epsilon", "batch_norm_epsilon must be above 0, not %v.", c.BatchNormEpsilon)
	}
	return found
}

// basic is one residual block.
type basic struct {
	name             string
	channels, stride int
}

// blocks lists the residual blocks, first to last.
func (c *ResNet18) blocks() []basic {
	var all []basic
	for layer := range resNetLayers {
		for i := range resNetBlocks {
			b := basic{name: fmt.Sprintf("layer%d.%d", layer+1, i), channels: c.channels(layer), stride: 1}
			if layer > 0 && i == 0 {
				b.stride = 2
			}
			all = append(all, b)
		}
	}
	return all
}

// channels is the width of a layer, counted from 0.
func (c *ResNet18) channels(layer int) int {
	const first = 64
	return makeDivisible(c.Width * float64(int(first)<<layer))
}

// Dim implements Backbone.
func (c *ResNet18) Dim() int { return c.channels(resNetLayers - 1) }

// BlockNames implements Backbone.
func (c *ResNet18) BlockNames() []string {
	names := []string{resNetStem}
	for _, b := range c.blocks() {
		names = append(names, b.name)
	}
	return names
}

// MapSize implements Backbone.
func (c *ResNet18) MapSize(h, w int) (mapH, mapW int) {
	if c.Stem == stemImageNet {
		h, w = shrunk(shrunk(h, 2), 2), shrunk(shrunk(w, 2), 2)
	}
	for _, b := range c.blocks() {
		h, w = shrunk(h, b.stride), shrunk(w, b.stride)
	}
	return h, w
}

// Activations implements Backbone.
func (c *ResNet18) Activations(h, w int) int64 {
	in := c.channels(0)
	if c.Stem == stemImageNet {
		h, w = shrunk(h, 2), shrunk(w, 2)
	}
	total := int64(h) * int64(w) * int64(in)
	if c.Stem == stemImageNet {
		h, w = shrunk(h, 2), shrunk(w, 2)
	}
	for _, b := range c.blocks() {
		h, w = shrunk(h, b.stride), shrunk(w, b.stride)
		convolutions := 2
		if b.projects(in) {
			convolutions++
		}
		total += int64(convolutions) * int64(h) * int64(w) * int64(b.channels)
		in = b.channels
	}
	return total
}

// Build implements Backbone.
func (c *ResNet18) Build(n *nn.Net, x tf.Output) Features {
	var f Features
	x = f.add(resNetStem, c.stem(n, n.Narrow(x)))
	for _, b := range c.blocks() {
		x = f.add(b.name, c.block(n, b, x))
	}
	f.Map = x
	f.Pooled = n.GlobalAveragePool(x)
	return f.widened(n)
}

// stem is what comes before the first block.
func (c *ResNet18) stem(n *nn.Net, x tf.Output) tf.Output {
	g, filters := n.Graph(), c.channels(0)
	if c.Stem != stemImageNet {
		return g.Relu(c.convNorm(n, resNetStem, "bn1", x, filters, 3, 1))
	}
	x = g.Relu(c.convNorm(n, resNetStem, "bn1", x, filters, 7, 2))
	// Nothing is below zero here, so that zeros around the map win no pool.
	x = g.MaxPool(padded(g, x, 1), 3, 2, "VALID")
	return n.Hide(x) // the pools of hidden positions look at visible ones
}

// block adds to x, or to its projection where the shapes differ, what two
// convolutions make of it.
func (c *ResNet18) block(n *nn.Net, b basic, x tf.Output) tf.Output {
	g := n.Graph()
	y := g.Relu(c.convNorm(n, b.name+".conv1", b.name+".bn1", x, b.channels, 3, b.stride))
	y = c.convNorm(n, b.name+".conv2", b.name+".bn2", y, b.channels, 3, 1)
	if b.projects(x.Dim(3)) {
		x = c.convNorm(n, b.name+".downsample.0", b.name+".downsample.1", x, b.channels, 1, b.stride)
	}
	return g.Relu(g.Add(y, x))
}

// projects tells whether the block's shortcut from so many channels is a convolution.
func (b basic) projects(in int) bool { return b.stride != 1 || in != b.channels }

// convNorm is a convolution without bias, and batch-norm.
func (c *ResNet18) convNorm(n *nn.Net, name, norm string, x tf.Output, filters, kernel, stride int) tf.Output {
	k := int64(kernel)
	w := n.Variable(name+"/kernel", tf.Shape{k, k, x.Shape()[3], int64(filters)}, nn.HeNormal, true)
	g := n.Graph().Scope(name)
	padding := "SAME"
	if stride > 1 {
		// SAME would put the zeros of an even side all at its end.
		x, padding = padded(g, x, kernel/2), "VALID"
	}
	return n.BatchNorm(norm, n.Convolve(g, x, w.Read(), stride, padding), c.BatchNormMomentum, c.BatchNormEpsilon)
}

// padded puts so many zeros on each side of the maps x [N, H, W, C].
func padded(g *tf.Graph, x tf.Output, zeros int) tf.Output {
	if zeros == 0 {
		return x
	}
	return g.Pad(x, [][2]int{{0, 0}, {zeros, zeros}, {zeros, zeros}, {0, 0}})
}
