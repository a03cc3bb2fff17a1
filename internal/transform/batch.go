package transform

import "sslpipe/internal/tf"

// batch is a batch of images in a graph with the numbers that were drawn for
// them. Its methods are the words that the transforms are written in.
//
// Elementwise work is done on [N, H*W*C] with one value per row: broadcasting
// over rank 4 takes several times as long on a CPU.
type batch struct {
	g          *tf.Graph
	x, u       tf.Output
	n, h, w, c int
}

// open checks what a transform called name is given. When it is not usable,
// the error is recorded in the graph and ok is false.
func open(g *tf.Graph, name string, t Transform, x, u tf.Output) (b batch, ok bool) {
	if g.Err() != nil {
		return batch{}, false
	}
	g = g.Scope(name)
	b = batch{g: g, x: x, u: u}
	if x.Rank() != 4 || x.DType() != tf.Float32 {
		g.Failf("%s: images must be float32 [N, H, W, C], not %v %v", name, x.DType(), x.Shape())
		return b, false
	}
	b.n, b.h, b.w, b.c = x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)
	if min(b.n, b.h, b.w, b.c) < 1 {
		g.Failf("%s: all dimensions of the images must be known, not %v", name, x.Shape())
		return b, false
	}
	if u.Rank() != 2 || u.Dim(0) != b.n || u.Dim(1) != t.Draws() {
		g.Failf("%s: draws must be [%d, %d], not %v", name, b.n, t.Draws(), u.Shape())
		return b, false
	}
	if s, isChecker := t.(ShapeChecker); isChecker {
		if problems := s.CheckShape(b.h, b.w, b.c); len(problems) > 0 {
			g.Failf("%s: %s", name, problems[0].Message)
			return b, false
		}
	}
	return b, true
}

// draw is draw i of every example, [N, 1].
func (b batch) draw(i int) tf.Output {
	return b.g.Slice(b.u, []int{0, i}, []int{b.n, 1})
}

// happens is true for the examples whose draw i is under p, bool [N, 1].
func (b batch) happens(i int, p float64) tf.Output {
	return b.g.Less(b.draw(i), b.g.Scalar(p))
}

// indicator is 1 for the examples whose draw i is under p, else 0, [N, 1].
func (b batch) indicator(i int, p float64) tf.Output {
	return b.g.Cast(b.happens(i, p), tf.Float32)
}

// between maps draw i to [lo, hi), [N, 1].
func (b batch) between(i int, lo, hi float64) tf.Output {
	return b.g.Add(b.g.Mul(b.draw(i), b.g.Scalar(hi-lo)), b.g.Scalar(lo))
}

// integer maps draw i to 0 .. count-1, as float32 [N, 1]. A draw is at most
// 1-2^-24, for which the rounded product is still below count.
func (b batch) integer(i, count int) tf.Output {
	return b.g.Floor(b.g.Mul(b.draw(i), b.g.Scalar(float64(count))))
}

// change is uniform in [-amount, amount) with probability p (draw 0 says
// whether, draw 1 how much), else exactly 0, [N, 1]. Transforms add a product
// with it to the image, so that an example left alone keeps its bits.
func (b batch) change(p, amount float64) tf.Output {
	return b.g.Mul(b.indicator(0, p), b.between(1, -amount, amount))
}

// rows is y as one row per example, [N, elements].
func (b batch) rows(y tf.Output) tf.Output { return b.g.Reshape(y, b.n, -1) }

// images is y, of as many elements, as [N, H, W, C].
func (b batch) images(y tf.Output) tf.Output { return b.g.Reshape(y, b.n, b.h, b.w, b.c) }

// clip limits y to [0, 1].
func (b batch) clip(y tf.Output) tf.Output {
	return b.g.Minimum(b.g.Maximum(y, b.g.Scalar(0)), b.g.Scalar(1))
}

// choose is y for the examples where on, bool [N, 1], and the unchanged
// images elsewhere, [N, H, W, C].
func (b batch) choose(on, y tf.Output) tf.Output {
	return b.images(b.g.Select(on, b.rows(y), b.rows(b.x)))
}

// luma is the grey value of RGB images, repeated in the three channels,
// [N, H, W, 3], with the weights of ITU-R BT.601.
func (b batch) luma() tf.Output {
	rgb := b.g.Unstack(b.x, 3)
	y := b.g.Add(
		b.g.Add(b.g.Mul(rgb[0], b.g.Scalar(0.2989)), b.g.Mul(rgb[1], b.g.Scalar(0.587))),
		b.g.Mul(rgb[2], b.g.Scalar(0.114)))
	return b.g.Stack(3, y, y, y)
}
