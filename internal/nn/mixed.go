package nn

import "sslpipe/internal/tf"

// precision says how a net computes its products.
type precision struct {
	on     bool
	native bool // by operations of bfloat16
}

// Mixed returns a net that trains in mixed precision (Micikevicius et al., ICLR 2018,
// arXiv:1710.03740): the factors of convolutions, dense layers and attention are rounded
// to bfloat16, and so is what comes of them, while sums are of float32. Variables, the
// statistics of batch-norm, layer-norm, softmax, losses, the gradients of variables and
// the optimiser are float32. In inference mode it is a net like any other.
//
// It is bfloat16 and not float16 since it has the range of float32: gradients do not
// vanish, so that losses need not be scaled (Kalamkar et al., 2019, arXiv:1905.12322).
// NVIDIA's GPUs have units for it from compute capability 8.0 (Ampere) on.
//
// Native nets multiply by operations of bfloat16, which add up float32 on a GPU. On the
// CPU TensorFlow's add up bfloat16, and most processors lack instructions for them;
// other nets therefore multiply the rounded factors as float32. That gives what a GPU
// gives, but for the order of sums, in more time than float32 takes.
func (n *Net) Mixed(native bool) *Net {
	m := *n
	m.mixed = precision{on: true, native: native}
	return &m
}

// Narrow returns x as a mixed net's layers hand it to each other, in half of the memory:
// rounded to bfloat16; x itself elsewhere. Layers return the type that they are given.
func (n *Net) Narrow(x tf.Output) tf.Output {
	if !n.rounds() {
		return x
	}
	return n.g.Cast(x, tf.BFloat16)
}

// Widen returns x as float32.
func (n *Net) Widen(x tf.Output) tf.Output { return n.g.Cast(x, tf.Float32) }

// Convolve is g.Conv2D in the precision of the net.
func (n *Net) Convolve(g *tf.Graph, x, w tf.Output, stride int, padding string) tf.Output {
	return n.product(g, x, w, func(x, w tf.Output) tf.Output { return g.Conv2D(x, w, stride, padding) })
}

// rounds tells whether factors are rounded.
func (n *Net) rounds() bool { return n.mixed.on && n.training }

// product is multiply of x and w in the precision of the net. It
// has the type of x.
func (n *Net) product(g *tf.Graph, x, w tf.Output, multiply func(x, w tf.Output) tf.Output) tf.Output {
	if !n.rounds() || g.Err() != nil {
		return multiply(x, w)
	}
	given := x.DType()
	x, w = g.Cast(x, tf.BFloat16), g.Cast(w, tf.BFloat16)
	if n.mixed.native {
		return g.Cast(multiply(x, w), given)
	}
	y := multiply(g.Cast(x, tf.Float32), g.Cast(w, tf.Float32))
	return g.Cast(g.Cast(y, tf.BFloat16), given)
}

// widely computes a norm of x as float32, and gives y the type of x.
func (n *Net) widely(x tf.Output, norm func(x tf.Output) (y, mean, variance tf.Output)) (y, mean, variance tf.Output) {
	y, mean, variance = norm(n.Widen(x))
	return n.g.Cast(y, x.DType()), mean, variance
}
