package transform

import "sslpipe/internal/tf"

// Values of the attribute fill: what lies outside an image.
const (
	fillZero    = "zero"    // black
	fillReflect = "reflect" // the image mirrored at its outermost pixels, which are not repeated
	fillEdge    = "edge"    // the outermost pixel; used inside this package, by one pixel only
)

// pad surrounds images by margin pixels on each side.
func (b batch) pad(margin int, fill string) tf.Output {
	if margin == 0 {
		return b.x
	}
	paddings := [][2]int{{0, 0}, {margin, margin}, {margin, margin}, {0, 0}}
	switch fill {
	case fillReflect:
		return b.g.PadReflect(b.x, paddings)
	case fillEdge:
		// For one pixel, mirroring with the edge repeated is the edge.
		return b.g.Op("MirrorPad", tf.Attrs{"mode": "SYMMETRIC"}, b.x, b.g.Const(paddings))[0]
	default:
		return b.g.Pad(b.x, paddings)
	}
}

// move builds images out of the pixels of source, [N, h, w, C]: pixel k of an
// example is pixel index[n, k] of its source, counted along the rows. index
// holds integers as float32 [N, H*W], exact below 2^24: TensorFlow does int32
// arithmetic of a GPU's graph on the host. No value is computed, so the move
// is exact everywhere.
func (b batch) move(source, index tf.Output) tf.Output {
	flat := b.g.Reshape(source, b.n, -1, b.c)
	return b.images(b.g.GatherBatch(flat, b.g.Cast(index, tf.Int32)))
}

// permute moves the pixels of each example by one of several permutations:
// pixel k comes from pixel table[choice][k]. choice is float32 [N, 1].
func (b batch) permute(table [][]float32, choice tf.Output) tf.Output {
	row := b.g.Reshape(b.g.Cast(choice, tf.Int32), b.n)
	return b.move(b.x, b.g.Gather(b.g.Const(table), row, 0))
}

// permutation lists for each pixel (i, j) of an image of h rows and w columns
// the pixel that from says it comes from, counted along the rows of as wide
// an image.
func permutation(h, w int, from func(i, j int) (int, int)) []float32 {
	out := make([]float32, 0, h*w)
	for i := range h {
		for j := range w {
			fi, fj := from(i, j)
			out = append(out, float32(fi*w+fj))
		}
	}
	return out
}

// region is a rectangle per example, in pixels from the image's upper left
// corner (not from the centre of its first pixel), each [N, 1].
type region struct{ top, left, height, width tf.Output }

// resample stretches a region of images to h by w pixels by bilinear
// interpolation between pixel centres. The region may reach margin pixels
// beyond the image, where fill says what is seen.
func (b batch) resample(r region, margin int, fill string, h, w int) tf.Output {
	source := b.pad(margin, fill)
	y1, y2 := b.span(r.top, r.height, b.h, h, margin)
	x1, x2 := b.span(r.left, r.width, b.w, w, margin)
	index := make([]int32, b.n)
	for i := range index {
		index[i] = int32(i)
	}
	out := b.g.CropAndResize(source, b.g.Concat(1, y1, x1, y2, x2), b.g.Const(index), h, w)
	return b.clip(out) // interpolation may miss an end of [0, 1] by a rounding
}

// span gives the ends of a box for CropAndResize along one axis of size
// pixels and a margin on each side. The operation maps 0 and 1 to the centres
// of the first and the last pixel and samples both ends of the box, so these
// are the centres of the first and last of parts equal parts of the region.
func (b batch) span(start, extent tf.Output, size, parts, margin int) (lo, hi tf.Output) {
	g := b.g
	half := g.Mul(extent, g.Scalar(0.5/float64(parts)))
	first := g.Add(g.Add(start, half), g.Scalar(float64(margin)-0.5))
	last := g.Add(first, g.Mul(extent, g.Scalar(1-1/float64(parts))))
	scale := g.Scalar(1 / float64(max(1, size+2*margin-1)))
	return g.Mul(first, scale), g.Mul(last, scale)
}
