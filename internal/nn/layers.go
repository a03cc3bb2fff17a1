package nn

import (
	"sslpipe/internal/tf"
)

// Conv2D convolves x [N, H, W, C] with name/kernel [k, k, C, filters], SAME
// padding, and adds name/bias [filters] when asked to. It returns
// [N, ceil(H/stride), ceil(W/stride), filters].
func (n *Net) Conv2D(name string, x tf.Output, filters, kernel, stride int, bias bool) tf.Output {
	if x.Rank() != 4 {
		return n.g.Failf("convolution %s wants [N, H, W, C], not %v", name, x.Shape())
	}
	k := int64(kernel)
	w := n.Variable(name+"/kernel", tf.Shape{k, k, x.Shape()[3], int64(filters)}, GlorotUniform, true)
	g := n.g.Scope(name)
	y := n.Convolve(g, x, w.Read(), stride, "SAME")
	if !bias {
		return y
	}
	b := n.Variable(name+"/bias", tf.Shape{int64(filters)}, Zeros, true)
	return g.BiasAdd(y, g.Cast(b.Read(), y.DType()))
}

// Dense multiplies x [N, D] by name/kernel [D, units], drawn from init, and adds
// name/bias [units], which starts at zero. It returns [N, units].
func (n *Net) Dense(name string, x tf.Output, units int, init Initializer) tf.Output {
	if x.Rank() != 2 {
		return n.g.Failf("dense layer %s wants [N, D], not %v", name, x.Shape())
	}
	w := n.Variable(name+"/kernel", tf.Shape{x.Shape()[1], int64(units)}, init, true)
	b := n.Variable(name+"/bias", tf.Shape{int64(units)}, Zeros, true)
	g := n.g.Scope(name)
	y := n.product(g, x, w.Read(), func(x, w tf.Output) tf.Output { return g.MatMul(x, w, false, false) })
	return g.BiasAdd(y, g.Cast(b.Read(), y.DType()))
}

// GlobalAveragePool returns the mean over the positions of x [N, H, W, C] as float32
// [N, C].
func (n *Net) GlobalAveragePool(x tf.Output) tf.Output {
	const height, width = 1, 2
	return n.g.Mean(n.Widen(x), false, height, width)
}
