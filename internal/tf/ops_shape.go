package tf

import "slices"

// axisOf counts a negative axis of x from the end, and checks it.
func (g *Graph) axisOf(what string, x Output, axis, rank int) (int, bool) {
	if rank < 0 {
		return axis, true
	}
	at := axis
	if at < 0 {
		at += rank
	}
	if at < 0 || at >= rank {
		if g.err == nil {
			g.Failf("%s: there is no axis %d in %s %s", what, axis, x.Name(), x.Shape())
		}
		return 0, false
	}
	return at, true
}

// axesOf is axisOf for a list.
func (g *Graph) axesOf(what string, x Output, axes []int) ([]int, bool) {
	out := make([]int, len(axes))
	for i, axis := range axes {
		at, ok := g.axisOf(what, x, axis, x.Rank())
		if !ok {
			return nil, false
		}
		out[i] = at
	}
	return out, true
}

// Reshape returns x in another shape, in row-major order; one of dims may be -1.
// No dims make a scalar.
func (g *Graph) Reshape(x Output, dims ...int) Output { return g.one("Reshape", x, g.Ints(dims...)) }

// ShapeLike returns dims as int32 [len(dims)]. In place of a -1 comes the size that
// like has along the axis of that place, which is known in a run at the latest.
func (g *Graph) ShapeLike(like Output, dims ...int) Output {
	if !slices.Contains(dims, -1) {
		return g.Ints(dims...)
	}
	sizes := make([]Output, len(dims))
	for i, d := range dims {
		sizes[i] = g.Const(d)
		if d == -1 {
			sizes[i] = g.SizeOf(like, i)
		}
	}
	return g.Stack(0, sizes...)
}

// SizeOf returns the size of an axis of x, int32: a constant where it is known, and
// what it is in a run elsewhere.
func (g *Graph) SizeOf(x Output, axis int) Output {
	axis, ok := g.axisOf("SizeOf", x, axis, x.Rank())
	if !ok {
		return Output{}
	}
	if d := x.Dim(axis); d >= 0 {
		return g.Const(d)
	}
	shape := g.Op("Shape", Attrs{"out_type": Int32}, x)[0]
	return g.Reshape(g.Slice(shape, []int{axis}, []int{1}))
}

// ReshapeLike is Reshape where several of dims may be -1: each is the size of the
// same axis of like.
func (g *Graph) ReshapeLike(x, like Output, dims ...int) Output {
	return g.one("Reshape", x, g.ShapeLike(like, dims...))
}

// BroadcastLike is BroadcastTo where dims may be -1: each is the size of the same
// axis of like.
func (g *Graph) BroadcastLike(x, like Output, dims ...int) Output {
	return g.one("BroadcastTo", x, g.ShapeLike(like, dims...))
}

// Range counts from 0 to n-1, int32 [n]; n is an int32 scalar.
func (g *Graph) Range(n Output) Output { return g.one("Range", g.Const(0), n, g.Const(1)) }

// ExpandDims inserts an axis of size 1 before axis; -1 appends one.
func (g *Graph) ExpandDims(x Output, axis int) Output {
	rank := x.Rank()
	if rank >= 0 {
		rank++
	}
	axis, ok := g.axisOf("ExpandDims", x, axis, rank)
	if !ok {
		return Output{}
	}
	return g.one("ExpandDims", x, g.Const(axis))
}

// Squeeze removes axes of size 1; no axes mean all such.
func (g *Graph) Squeeze(x Output, axes ...int) Output {
	axes, ok := g.axesOf("Squeeze", x, axes)
	if !ok {
		return Output{}
	}
	return g.Op("Squeeze", Attrs{"squeeze_dims": int64s(axes)}, x)[0]
}

func int64s(v []int) []int64 {
	out := make([]int64, len(v))
	for i, n := range v {
		out[i] = int64(n)
	}
	return out
}

// Transpose permutes the axes: axis i of the result is axis perm[i] of x.
func (g *Graph) Transpose(x Output, perm ...int) Output {
	return g.one("Transpose", x, g.Ints(perm...))
}

// Reverse reverses the order along axes.
func (g *Graph) Reverse(x Output, axes ...int) Output {
	axes, ok := g.axesOf("Reverse", x, axes)
	if !ok {
		return Output{}
	}
	return g.one("ReverseV2", x, g.Ints(axes...))
}

// Concat joins tensors along axis.
func (g *Graph) Concat(axis int, xs ...Output) Output {
	return nested(xs, func(few []Output) Output {
		if len(few) == 1 {
			return g.Identity(few[0])
		}
		return g.OpList("ConcatV2", nil, few, g.Const(axis))[0]
	})
}

// Stack joins tensors of one shape along a new axis.
func (g *Graph) Stack(axis int, xs ...Output) Output {
	if len(xs) <= fanIn {
		return g.OpList("Pack", Attrs{"axis": axis}, xs)[0]
	}
	wide := make([]Output, len(xs))
	for i, x := range xs {
		wide[i] = g.ExpandDims(x, axis)
	}
	return g.Concat(axis, wide...)
}

// Unstack cuts x, whose size along axis is known, into tensors without that axis.
func (g *Graph) Unstack(x Output, axis int) []Output {
	axis, ok := g.axisOf("Unstack", x, axis, x.Rank())
	n := x.Dim(axis)
	if ok && n < 0 && g.err == nil {
		g.Failf("Unstack: the size of axis %d of %s %s is unknown", axis, x.Name(), x.Shape())
	}
	if g.err != nil {
		return make([]Output, max(n, spareOutputs))
	}
	return g.Op("Unpack", Attrs{"axis": axis, "num": n}, x)
}

// Split cuts x into n tensors of equal size along axis.
func (g *Graph) Split(x Output, axis, n int) []Output {
	axis, _ = g.axisOf("Split", x, axis, x.Rank())
	if g.err != nil {
		return make([]Output, max(n, spareOutputs))
	}
	return g.Op("Split", Attrs{"num_split": n}, g.Const(axis), x)
}

// Slice returns the part of x that begins at begin and has size; -1 reaches to
// the end.
func (g *Graph) Slice(x Output, begin, size []int) Output {
	return g.one("Slice", x, g.Ints(begin...), g.Ints(size...))
}

// Pad surrounds x with zeros: paddings holds {before, after} of every axis.
func (g *Graph) Pad(x Output, paddings [][2]int) Output { return g.one("Pad", x, g.Const(paddings)) }

// PadReflect surrounds x with its mirror image, without repeating the border.
func (g *Graph) PadReflect(x Output, paddings [][2]int) Output {
	return g.Op("MirrorPad", Attrs{"mode": "REFLECT"}, x, g.Const(paddings))[0]
}

// Tile repeats x multiples[i] times along axis i.
func (g *Graph) Tile(x Output, multiples ...int) Output {
	return g.one("Tile", x, g.Ints(multiples...))
}

// BroadcastTo repeats x along its axes of size 1 to the shape dims.
func (g *Graph) BroadcastTo(x Output, dims ...int) Output {
	return g.one("BroadcastTo", x, g.Ints(dims...))
}

// Gather returns the slices of params along axis that indices name. The gradient
// is dense, of the size of params.
func (g *Graph) Gather(params, indices Output, axis int) Output {
	axis, ok := g.axisOf("Gather", params, axis, params.Rank())
	if !ok {
		return Output{}
	}
	return g.one("GatherV2", params, indices, g.Const(axis))
}

// GatherBatch returns, for each i, the slices of params[i] that indices[i] name:
// [N, K, ...] for params [N, P, ...] and indices [N, K]. The gradient is dense, of the
// size of params; slices that are named twice get the sum.
func (g *Graph) GatherBatch(params, indices Output) Output {
	if params.Rank() < 2 || indices.Rank() < 2 {
		return g.Failf("GatherBatch wants [N, P, ...] and [N, K], not %v and %v", params.Shape(), indices.Shape())
	}
	return g.Op("GatherV2", Attrs{"batch_dims": int64(1)}, params, indices, g.Const(1))[0]
}

// OneHot returns float32 [..., depth]: 1 at each index, 0 elsewhere, and zeros
// for an index out of range.
func (g *Graph) OneHot(indices Output, depth int) Output {
	if depth < 1 && g.err == nil {
		return g.Failf("OneHot: there is no depth %d", depth)
	}
	return g.one("OneHot", indices, g.Const(depth), g.Scalar(1), g.Scalar(0))
}

// Cast converts the elements; floating point to integer cuts off the fraction.
// Gradients flow between floating-point types only.
func (g *Graph) Cast(x Output, dt DType) Output {
	if x.Valid() && x.DType() == dt {
		return x
	}
	return g.Op("Cast", Attrs{"DstT": dt}, x)[0]
}

// StopGradient returns x, through which no gradient flows.
func (g *Graph) StopGradient(x Output) Output { return g.one("StopGradient", x) }

// Identity returns x as the output of a node of its own.
func (g *Graph) Identity(x Output) Output { return g.one("Identity", x) }
