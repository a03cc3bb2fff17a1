package tf

// reduce checks the axes, makes them int32, as gradients require, and takes no
// axes for all.
func (g *Graph) reduce(typ string, x Output, keep bool, axes []int) Output {
	if g.err != nil {
		return Output{}
	}
	if len(axes) == 0 {
		if x.Rank() < 0 {
			return g.Failf("%s: the rank of %s is unknown; name the axes", typ, x.Name())
		}
		for i := range x.Rank() {
			axes = append(axes, i)
		}
	}
	axes, ok := g.axesOf(typ, x, axes)
	if !ok {
		return Output{}
	}
	return g.Op(typ, Attrs{"keep_dims": keep}, x, g.Ints(axes...))[0]
}

// Sum adds over axes, or over all without axes; keep leaves them with size 1.
func (g *Graph) Sum(x Output, keep bool, axes ...int) Output { return g.reduce("Sum", x, keep, axes) }

// Mean averages over axes, or over all without axes; keep leaves them with size 1.
func (g *Graph) Mean(x Output, keep bool, axes ...int) Output {
	return g.reduce("Mean", x, keep, axes)
}

// Max returns the largest over axes, or over all without axes. Ties share the
// gradient.
func (g *Graph) Max(x Output, keep bool, axes ...int) Output { return g.reduce("Max", x, keep, axes) }

// Min returns the smallest over axes, or over all without axes. Ties share the
// gradient.
func (g *Graph) Min(x Output, keep bool, axes ...int) Output { return g.reduce("Min", x, keep, axes) }

// All tells whether all bools over axes, or over all without axes, are true.
func (g *Graph) All(x Output, keep bool, axes ...int) Output { return g.reduce("All", x, keep, axes) }

// Any tells whether one of the bools over axes, or over all without axes, is true.
func (g *Graph) Any(x Output, keep bool, axes ...int) Output { return g.reduce("Any", x, keep, axes) }

// ArgMax returns the int32 index of the largest along axis, the first at ties.
func (g *Graph) ArgMax(x Output, axis int) Output {
	axis, ok := g.axisOf("ArgMax", x, axis, x.Rank())
	if !ok {
		return Output{}
	}
	return g.Op("ArgMax", Attrs{"output_type": Int32}, x, g.Const(axis))[0]
}

// TopK returns the k largest along the last axis, sorted, and their int32
// indices. It has no gradient.
func (g *Graph) TopK(x Output, k int) (values, indices Output) {
	outs := g.Op("TopKV2", nil, x, g.Const(k))
	return outs[0], outs[1]
}

// CumSum returns at each place along axis the sum of what is up to there.
func (g *Graph) CumSum(x Output, axis int) Output {
	axis, ok := g.axisOf("CumSum", x, axis, x.Rank())
	if !ok {
		return Output{}
	}
	return g.one("Cumsum", x, g.Const(axis))
}

// L2Loss returns sum(x^2) / 2.
func (g *Graph) L2Loss(x Output) Output { return g.one("L2Loss", x) }

// CountEach returns how often each of 0 .. n-1 is in each row of x, int32 [N, L], as
// float32 [N, n]. A value outside of these is an error when it runs.
func (g *Graph) CountEach(x Output, n int) Output {
	none := g.Const([]float32{}) // no weights: each counts 1
	where := *g
	if g.device == GPU {
		where.at = hostDevice
	}
	return where.Op("DenseBincount", Attrs{"binary_output": false}, x, g.Const(int32(n)), none)[0]
}
