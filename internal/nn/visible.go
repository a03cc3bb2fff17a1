package nn

import "sslpipe/internal/tf"

// visibility says which parts of its input a net may see.
type visibility struct {
	units tf.Output            // [N, U, V, 1], 1 is visible
	at    map[[2]int]tf.Output // the same for maps of other sizes
}

// Visible returns a net that sees only parts of its input, as a sparse
// convolution would (Tian et al., ICLR 2023, arXiv:2301.03580): units is float32
// [N, U, V, 1], 1 for the parts of a grid over the image that are visible and 0
// for the others. Hide masks the input; BatchNorm in training mode takes its
// statistics from visible positions and returns zeros elsewhere, so that the
// next convolution gets nothing from there. A position of a map that is coarser than the grid is
// visible if one of its units is. A convolution without batch-norm after it is
// not masked.
func (n *Net) Visible(units tf.Output) *Net {
	m := *n
	m.visible = &visibility{units: units, at: map[[2]int]tf.Output{}}
	return &m
}

// Partial tells whether the net sees parts of its input only.
func (n *Net) Partial() bool { return n.visible != nil }

// Hide returns x [N, H, W, C] with zeros where the net must not see; x itself
// for a net that sees everything.
func (n *Net) Hide(x tf.Output) tf.Output {
	if n.visible == nil {
		return x
	}
	rows, c := x.Dim(0)*x.Dim(1)*x.Dim(2), x.Dim(3)
	g := n.g.Scope("hide")
	mask := g.Cast(n.VisibleAt(x.Dim(1), x.Dim(2)), x.DType())
	hidden := g.Mul(g.Reshape(x, rows, c), g.Reshape(mask, rows, 1))
	return g.Reshape(hidden, x.Shape().Ints()...)
}

// VisibleAt returns the visibility of the positions of a map of h by w, float32
// [N, h, w, 1]; the zero Output for a net that sees everything.
func (n *Net) VisibleAt(h, w int) tf.Output {
	if n.visible == nil {
		return tf.Output{}
	}
	mask, ok := n.visible.at[[2]int{h, w}]
	if !ok {
		mask = visibleAt(n.g.Scope("visible"), n.visible.units, h, w)
		n.visible.at[[2]int{h, w}] = mask
	}
	return mask
}

func visibleAt(g *tf.Graph, units tf.Output, h, w int) tf.Output {
	// Strides of 2 with SAME padding halve a map, rounded up, as this pool does.
	for units.Dim(1) > h && units.Dim(2) > w {
		units = g.MaxPool(units, 2, 2, "SAME")
	}
	if g.Err() == nil && (units.Dim(1) > h || units.Dim(2) > w) {
		return g.Failf("visible units of %v do not fit a map of %d by %d", units.Shape(), h, w)
	}
	return g.Gather(g.Gather(units, g.Const(spread(h, units.Dim(1))), 1), g.Const(spread(w, units.Dim(2))), 2)
}

// spread lists the unit that each of size positions lies in.
func spread(size, units int) []int32 {
	index := make([]int32, size)
	for i := range index {
		index[i] = int32(i * units / size)
	}
	return index
}
