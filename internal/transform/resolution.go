package transform

import (
	"math"
	"slices"

	"sslpipe/internal/tf"
)

// Size is the height and the width of images, in pixels.
type Size struct{ H, W int }

// scaler is implemented by transforms that have settings in pixels.
type scaler interface {
	// scaled returns the transform that does to images of to rows what this one
	// does to those of from rows.
	scaled(from, to int) Transform
}

// resizer is implemented by transforms that can make views of another size than the
// images have.
type resizer interface {
	// at returns the transform with results of that size.
	at(views Size) Transform
	// size is that of the results for images of a size.
	size(images Size) Size
}

// Resized returns the pipeline that does to smaller views what p does to views of the
// images' own size: it takes the same draws, what is said in pixels (shifts, kernels,
// squares) shrinks with the views, and what is said in shares stays. The first resized
// crop cuts views of the final size out of the images, which keeps more of them than to
// shrink first would.
//
// The pipeline is for images of the size source, to which Shrink brings them. They
// are those of the views if p has no such crop, and at most twice as large if it has,
// since bilinear interpolation would skip pixels of larger ones.
func (p Pipeline) Resized(images, views Size) (resized Pipeline, source Size) {
	if views == images {
		return p, images
	}
	source = views
	first := slices.IndexFunc(p, func(t Transform) bool { _, ok := t.(resizer); return ok })
	if first >= 0 {
		source = Size{H: min(images.H, 2*views.H), W: min(images.W, 2*views.W)}
	}
	for i, t := range p {
		to := views.H
		if i < first {
			to = source.H
		}
		if i == first {
			t = t.(resizer).at(views)
		} else if s, ok := t.(scaler); ok && to != images.H {
			t = s.scaled(images.H, to)
		}
		resized = append(resized, t)
	}
	return resized, source
}

// scale is a length on images of from rows brought to those of to rows.
func scale(pixels, from, to int) int {
	return int(math.Round(float64(pixels) * float64(to) / float64(from)))
}

// Shrink brings images [N, H, W, C], uint8 or float32, to another size, as float32 of
// the same range: each pixel is the mean over the area that it covers.
func Shrink(g *tf.Graph, x tf.Output, to Size) tf.Output {
	return g.Op("ResizeArea", nil, x, g.Const([]int32{int32(to.H), int32(to.W)}))[0]
}
