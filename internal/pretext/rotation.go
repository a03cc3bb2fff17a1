package pretext

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var rotation = schema.Variant{
	Name:    "rotation",
	Doc:     "Predict by how many quarter turns an image was rotated.",
	Paper:   "Gidaris, Singh and Komodakis, ICLR 2018, arXiv:1803.07728",
	Cost:    "4 encoder passes, forward and backward",
	Version: 1,
	New:     func() any { return &Rotation{Weighted: alone} },
}

// turns is the number of classes: 0, 90, 180 and 270 degrees.
const turns = 4

// Rotation configures the rotation task. All four rotations of an image are in
// one batch, which the paper found clearly better than one at random. Rotations
// by other angles are left out on purpose: their interpolation artefacts give
// the answer away.
type Rotation struct{ Weighted }

// Needs implements Task.
func (*Rotation) Needs(Batch) Needs { return Needs{Views: 1} }

// Crops implements Task.
func (*Rotation) Crops() int { return turns }

// Check implements Task: a quarter turn of an image that is not square would
// have another shape.
func (*Rotation) Check(b Batch) []schema.Problem {
	if b.H == b.W {
		return nil
	}
	return problem("", fmt.Sprintf("Rotation needs square images; these are %d by %d.", b.H, b.W))
}

// Loss implements Task: mean cross-entropy over the four rotations of every image.
func (*Rotation) Loss(b *Builder) tf.Output {
	g := b.Graph()
	images, labels := Rotations(g, b.Views[0])
	logits := b.Head.Dense("rotation/logits", b.Encode(images).Pooled, turns, nn.Normal(0.01))
	b.Accuracy(nn.Accuracy(g, logits, labels), 1.0/turns)
	return g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
}

// Pictures implements Drawn: the four rotations.
func (*Rotation) Pictures(b *Builder) []Picture {
	g := b.Graph()
	images, labels := Rotations(g, b.Views[0])
	parts, classes := g.Split(images, 0, turns), g.Split(labels, 0, turns)
	pictures := make([]Picture, turns)
	for i := range pictures {
		pictures[i] = Picture{
			Title: fmt.Sprintf("turn %d", i), Images: parts[i], Labels: classes[i],
			Names: []string{"0 deg", "90 deg", "180 deg", "270 deg"},
		}
	}
	return pictures
}

// Rotations returns the four counter-clockwise quarter turns of the square
// images x [N, S, S, C] as [4N, S, S, C], rotation by rotation, and their
// labels [4N] (int32: the number of turns). Pixels are moved, never
// interpolated.
func Rotations(g *tf.Graph, x tf.Output) (images, labels tf.Output) {
	const height, width = 1, 2
	flipped := g.Transpose(x, 0, width, height, 3)
	images = g.Concat(0,
		x,
		g.Reverse(flipped, height),
		g.Reverse(x, height, width),
		g.Reverse(flipped, width),
	)
	n := x.Dim(0)
	values := make([]int32, turns*n)
	for i := range values {
		values[i] = int32(i / n)
	}
	return images, g.Const(values)
}
