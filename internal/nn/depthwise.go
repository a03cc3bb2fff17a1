package nn

import (
	"sslpipe/internal/tf"
)

// DepthwiseConv2D convolves every channel of x [N, H, W, C] with its own filter
// of name/kernel [k, k, C, 1], padding "SAME" or "VALID", and returns
// [N, H', W', C].
//
// In training mode, on maps that are small beside the kernel, SAME padding is
// done by an explicit Pad (and at 1x1 the layer is a product with the kernel's
// centre): the result is the same, but the library's fast weight gradient
// accepts no smaller maps and the slow one costs more than all the rest of the
// layer. Inference keeps the plain operation, which converters know.
func (n *Net) DepthwiseConv2D(name string, x tf.Output, kernel, stride int, padding string) tf.Output {
	if x.Rank() != 4 {
		return n.g.Failf("depthwise convolution %s wants [N, H, W, C], not %v", name, x.Shape())
	}
	k := int64(kernel)
	w := n.Variable(name+"/kernel", tf.Shape{k, k, x.Shape()[3], 1}, GlorotUniform, true)
	g := n.g.Scope(name)
	filtered := func(x tf.Output, padding string) tf.Output {
		return n.product(g, x, w.Read(), func(x, w tf.Output) tf.Output { return g.DepthwiseConv2D(x, w, stride, padding) })
	}
	if !n.training || padding != "SAME" || kernel%2 == 0 {
		return filtered(x, padding)
	}
	height, width := x.Dim(1), x.Dim(2)
	if height == 1 && width == 1 {
		return n.product(g, x, w.Read(), func(x, w tf.Output) tf.Output { return g.Mul(x, centre(g, w, kernel)) })
	}
	if !belowCliff(height, kernel, stride) && !belowCliff(width, kernel, stride) {
		return filtered(x, "SAME")
	}
	top, bottom := samePadding(height, kernel, stride)
	left, right := samePadding(width, kernel, stride)
	padded := g.Pad(x, [][2]int{{0, 0}, {top, bottom}, {left, right}, {0, 0}})
	return filtered(padded, "VALID")
}

// centre returns the middle tap of a depthwise kernel [k, k, C, 1] as [C]: the
// only one that meets a 1x1 map.
func centre(g *tf.Graph, w tf.Output, kernel int) tf.Output {
	channels, middle := w.Dim(2), kernel/2
	tap := g.Slice(w, []int{middle, middle, 0, 0}, []int{1, 1, channels, 1})
	return g.Reshape(tap, channels)
}

// belowCliff tells whether a map of size pixels, padded SAME by the library, is
// below the smallest that oneDNN's vectorised weight gradient takes:
// kernel + (-padding before) mod stride.
func belowCliff(size, kernel, stride int) bool {
	if size < 0 {
		return false
	}
	before, _ := samePadding(size, kernel, stride)
	return size < kernel+(stride-before%stride)%stride
}

// samePadding returns the zeros that SAME padding puts before and after size
// pixels.
func samePadding(size, kernel, stride int) (before, after int) {
	out := (size + stride - 1) / stride
	total := max((out-1)*stride+kernel-size, 0)
	return total / 2, total - total/2
}
