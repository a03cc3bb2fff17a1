package transform

import (
	"strconv"
	"strings"

	"sslpipe/internal/tf"
)

// fusible is implemented by transforms that package kernels has as well.
type fusible interface {
	// step is the transform as a line of a program, for images of that size: its name
	// and its numbers as in the table of kernels/augment.c.
	step(images Size) string
}

// line writes a step of a program.
func line(name string, numbers ...float64) string {
	words := []string{name}
	for _, v := range numbers {
		words = append(words, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(words, " ")
}

// yes is 1 or 0.
func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// ApplyFused is Apply as one operation, for training on the CPU: there it takes a
// small part of the time. X may be uint8 as well, as it was fed. The results are
// those of Apply up to roundings, which are within 1e-6, and 2e-5 where pixels are
// interpolated, since places are then computed in float64. A pipeline with a
// transform that is not fusible is made of TensorFlow's operations.
func (p Pipeline) ApplyFused(g *tf.Graph, x, u tf.Output) tf.Output {
	if len(p) == 0 || g.Err() != nil {
		return Unit(g, x)
	}
	if u.Rank() != 2 || u.Dim(1) != p.Draws() || x.Rank() != 4 || min(x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3)) < 1 || u.Dim(0) != x.Dim(0) {
		return p.Apply(g, Unit(g, x), u) // which says what is wrong
	}
	size, steps := Size{H: x.Dim(1), W: x.Dim(2)}, []string(nil)
	for _, t := range p {
		f, ok := t.(fusible)
		if !ok {
			return p.Apply(g, Unit(g, x), u)
		}
		if s, isChecker := t.(ShapeChecker); isChecker {
			if problems := s.CheckShape(size.H, size.W, x.Dim(3)); len(problems) > 0 {
				return g.Failf("augment: %s", problems[0].Message)
			}
		}
		steps = append(steps, f.step(size))
		if r, ok := t.(resizer); ok {
			size = r.size(size)
		}
	}
	return g.Scope("augment").Augment(x, u, strings.Join(steps, "\n"), size.H, size.W)
}

// Unit is images as float32 in [0, 1], whether they are that or uint8.
func Unit(g *tf.Graph, x tf.Output) tf.Output {
	if g.Err() != nil || x.DType() != tf.Uint8 {
		return x
	}
	return g.Mul(g.Cast(x, tf.Float32), g.Scalar(1.0/255))
}
