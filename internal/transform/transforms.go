// Package transform holds the augmentations that an augment stage can name, as
// TensorFlow graph operations, and as steps of the one operation that the CPU has
// for them (Pipeline.ApplyFused).
//
// A transform draws nothing itself: it is given a few uniform numbers per
// example (Fill makes them from seed, epoch, view and example), so that an
// example is augmented in the same way in every batch, on every device and
// after a resume. Shapes never change, and values stay in [0, 1].
//
// The package refuses to decode, to normalise and to choose examples; that
// is the work of internal/dataset and internal/train.
//
// To add a transform: one file with a config struct that implements
// Transform, and one line in Kinds. To make it fusible: a method step, and what that
// names in package kernels (a line in the table of augment.c, a case in its choices,
// and the work on pixels in pixels.h); until then, pipelines with it are made of
// graph operations everywhere.
package transform

import (
	"errors"
	"fmt"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Kinds lists the transforms by the name of their block.
var Kinds = schema.Family{
	Name: "transform",
	Variants: []schema.Variant{
		blur,
		brightness,
		contrast,
		crop,
		cutout,
		flip,
		grey,
		hue,
		quarterTurn,
		resizedCrop,
		saturation,
		solarize,
		zoom,
	},
}

// Transform is one augmentation. The configs of Kinds implement it.
type Transform interface {
	// Draws is the number of uniforms in [0, 1) that one example needs.
	Draws() int
	// Apply augments x, float32 [N, H, W, C] in [0, 1] with all dimensions
	// known, by u, float32 [N, Draws]. The result is again [N, H, W, C] in
	// [0, 1]. Row i of the result depends on rows i of x and u only. What
	// cannot be built is recorded in g.Err.
	Apply(g *tf.Graph, x, u tf.Output) tf.Output
}

// ShapeChecker is implemented by transforms that do not suit every image.
type ShapeChecker interface {
	// CheckShape reports what is wrong for images of h rows, w columns and
	// c channels. Fields are attributes of the transform; "" is the whole block.
	CheckShape(h, w, c int) []schema.Problem
}

// CheckShape reports the transforms among choices that do not suit images
// of h rows, w columns and c channels. Fields are paths: "transform[1].padding".
func CheckShape(choices []schema.Choice, h, w, c int) []schema.Problem {
	var problems []schema.Problem
	for i, choice := range choices {
		checker, ok := choice.Config.(ShapeChecker)
		if !ok {
			continue
		}
		for _, p := range checker.CheckShape(h, w, c) {
			field := fmt.Sprintf("%s[%d]", Kinds.Name, i)
			if p.Field != "" {
				field += "." + p.Field
			}
			problems = append(problems, schema.Problem{Field: field, Message: p.Message})
		}
	}
	return problems
}

// Pipeline applies transforms one after the other.
type Pipeline []Transform

// New makes a pipeline of decoded blocks, in their order. It fails for a
// config that is no transform or that has values out of range.
func New(choices []schema.Choice) (Pipeline, error) {
	p := make(Pipeline, 0, len(choices))
	var errs []error
	for _, choice := range choices {
		t, ok := choice.Config.(Transform)
		if !ok {
			errs = append(errs, fmt.Errorf("%q is not a transform", choice.Name))
			continue
		}
		for _, p := range check(t) {
			errs = append(errs, fmt.Errorf("transform %s: %s: %s", choice.Name, p.Field, p.Message))
		}
		p = append(p, t)
	}
	return p, errors.Join(errs...)
}

// Draws is the number of uniforms that one example needs for all transforms.
func (p Pipeline) Draws() int {
	n := 0
	for _, t := range p {
		n += t.Draws()
	}
	return n
}

// Apply runs the transforms on x, float32 [N, H, W, C] in [0, 1], each with
// its own columns of u, float32 [N, Draws], in the order of the pipeline.
// Without transforms it returns x, and u is not used.
func (p Pipeline) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	if len(p) > 0 && g.Err() == nil && (u.Rank() != 2 || u.Dim(1) != p.Draws()) {
		g.Failf("augment: draws must be [N, %d], not %v", p.Draws(), u.Shape())
		return x
	}
	at := 0
	for _, t := range p {
		draws := t.Draws()
		mine := g.Slice(u, []int{0, at}, []int{-1, draws})
		x = t.Apply(g, x, mine)
		at += draws
	}
	return x
}
