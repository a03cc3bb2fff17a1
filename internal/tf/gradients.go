package tf

import (
	"fmt"

	graft "github.com/wamuir/graft/tensorflow"
)

// Gradients returns the derivatives of the sum of y's elements with respect to
// each of xs, in the shape of each. It is an error, not a zero, when y does not
// depend on an x, or only through operations that stop gradients. Every x must
// be the only output of its node: take Identity of a part of Unstack or Split
// before using it.
func (g *Graph) Gradients(y Output, xs []Output) []Output {
	return g.GradientsSeeded([]Output{y}, nil, xs)
}

// GradientsSeeded returns the derivatives of sum_i sum(ys[i]*seeds[i]) with
// respect to xs, so that an operation without a registered gradient can be
// bridged: seed what comes before it with what its own derivative gives. Nil
// seeds are ones.
func (g *Graph) GradientsSeeded(ys, seeds, xs []Output) []Output {
	none := make([]Output, len(xs))
	if g.err != nil {
		return none
	}
	if err := g.checkGradients(ys, seeds, xs); err != nil {
		g.fail(fmt.Errorf("gradients: %w", err))
		return none
	}
	if seeds == nil {
		seeds = g.ones(ys)
	}
	if len(g.fused) > 0 {
		return g.throughFused(ys, seeds, xs)
	}
	grads := g.stockGradients(ys, seeds, xs)
	for i, grad := range grads {
		if g.err == nil && !grad.Valid() {
			g.noGradient(ys, xs[i])
		}
	}
	if g.err != nil {
		return none
	}
	return grads
}

func (g *Graph) noGradient(ys []Output, x Output) {
	g.Failf("gradients of %s: no gradient flows to %s, only through StopGradient or integers", names(ys), x.Name())
}

// stockGradients asks TensorFlow. The zero Output stands for an x that is reached
// only through StopGradient or integers.
func (g *Graph) stockGradients(ys, seeds, xs []Output) []Output {
	outs := make([]Output, len(xs))
	// TensorFlow refuses a prefix that any node has.
	grads, err := g.graph.AddGradients(g.freeRoot("gradients"), outputsOf(ys), outputsOf(xs), outputsOf(seeds))
	if err != nil {
		g.fail(fmt.Errorf("gradients of %s: %w", names(ys), err))
		return outs
	}
	for i, grad := range grads {
		// TensorFlow returns a null operation, and no error, where there is none.
		if handle(grad.Op) != nil {
			outs[i] = Output{out: grad, of: g.shared}
		}
	}
	return outs
}

func (g *Graph) checkGradients(ys, seeds, xs []Output) error {
	if len(ys) == 0 || len(xs) == 0 {
		return fmt.Errorf("there are %d tensors to differentiate and %d to differentiate by", len(ys), len(xs))
	}
	if seeds != nil && len(seeds) != len(ys) {
		return fmt.Errorf("there are %d seeds for %d tensors", len(seeds), len(ys))
	}
	for _, list := range [][]Output{ys, seeds, xs} {
		for _, o := range list {
			if !o.in(g) {
				return errForeign
			}
			if !o.DType().floating() {
				return fmt.Errorf("%s is %s, and only floating-point tensors have gradients", o.Name(), o.DType())
			}
		}
	}
	for _, x := range xs {
		// Asking for a part of a node's outputs can abort the process inside
		// TensorFlow.
		if x.out.Op.NumOutputs() > 1 {
			return fmt.Errorf("%s is one of several outputs of its node: take Identity of it first, and use that", x.Name())
		}
	}
	return nil
}

// ones returns seeds of ones, or nil, which means OnesLike to TensorFlow, where a
// shape is open: OnesLike has no gradient, and would rule out second derivatives.
func (g *Graph) ones(ys []Output) []Output {
	free := g.root().Scope("seed")
	seeds := make([]Output, len(ys))
	for i, y := range ys {
		if !y.Shape().known() {
			return nil
		}
		seeds[i] = free.BroadcastTo(free.Cast(free.Scalar(1), y.DType()), y.Shape().Ints()...)
	}
	return seeds
}

func outputsOf(list []Output) []graft.Output {
	outs := make([]graft.Output, len(list))
	for i, o := range list {
		outs[i] = o.out
	}
	return outs
}

func names(list []Output) string {
	if len(list) == 1 {
		return list[0].Name()
	}
	return fmt.Sprintf("%s and %d more", list[0].Name(), len(list)-1)
}
