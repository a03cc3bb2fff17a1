package nn

import (
	"fmt"
	"hash/fnv"
	"slices"

	"sslpipe/internal/tf"
)

// Layers that draw at random do so as a function of the net's seed, of their name, of
// how often they were applied before in the same graph, and of the number of the
// step, so that a run that was interrupted draws what it would have drawn.

// steps is the number of training steps that are done, int64: the counter that
// Optimizer.Apply advances and every checkpoint of a training holds.
func (n *Net) steps() *tf.Variable {
	w := n.weights
	if w.counter == nil {
		zero := func(g *tf.Graph) tf.Output { return g.Const(int64(0)) }
		w.counter = n.g.Variable("optimizer/step", tf.Int64, tf.Shape{}, zero, false)
	}
	return w.counter
}

// draw returns uniform numbers in [0, 1) for one application of the layer called
// name, the first of dims being that of the batch.
func (n *Net) draw(name string, dims ...int) tf.Output {
	w := n.weights
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%s/%d", w.seed, name, w.draws[name]) // a hash never returns an error
	w.draws[name]++
	g := n.g.Scope(name)
	seed := g.Stack(0, g.Const(int64(h.Sum64())), n.steps().Read())
	if g.Replicas() == 1 {
		return g.RandomUniform(seed, dims...)
	}
	// As one worker would draw for the whole batch.
	whole := slices.Clone(dims)
	whole[0] *= g.Replicas()
	return g.Share(g.RandomUniform(seed, whole...))
}

// kept is 1/(1-rate) with probability 1-rate and 0 otherwise, for one application of
// the layer called name.
func (n *Net) kept(name string, rate float64, dims ...int) tf.Output {
	g := n.g.Scope(name)
	keep := g.GreaterEqual(n.draw(name, dims...), g.Scalar(rate))
	return g.Mul(g.Cast(keep, tf.Float32), g.Scalar(1/(1-rate)))
}

// drops tells whether a layer that drops at a rate does anything here.
func (n *Net) drops(what, name string, rate float64) bool {
	if !(rate >= 0 && rate < 1) {
		n.g.Failf("%s %s: rate %v is not in [0, 1)", what, name, rate)
		return false
	}
	return n.training && rate > 0
}

// Dropout zeroes each element of x with probability rate and scales the others by
// 1/(1-rate), in training mode (Srivastava et al., JMLR 2014); otherwise it returns
// x. Every step and every application of name drops others. The static shape of x
// must be known.
func (n *Net) Dropout(name string, x tf.Output, rate float64) tf.Output {
	if !n.drops("dropout", name, rate) {
		return x
	}
	return n.g.Scope(name).Mul(x, n.kept(name, rate, ints(x.Shape())...))
}

// DropPath is stochastic depth by example (Huang et al., ECCV 2016,
// arXiv:1603.09382): in training mode it zeroes all of an example of x [N, ...] with
// probability rate, and scales the others by 1/(1-rate). It is for the branch that a
// residual block adds. N must be known.
func (n *Net) DropPath(name string, x tf.Output, rate float64) tf.Output {
	if !n.drops("stochastic depth", name, rate) {
		return x
	}
	dims := make([]int, x.Rank())
	for i := range dims {
		dims[i] = 1
	}
	dims[0] = x.Dim(0)
	return n.g.Scope(name).Mul(x, n.kept(name, rate, dims...))
}
