package pretext

import (
	"math"
	"slices"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Siamese is what the tasks on two views of an image have in common.
type Siamese struct {
	Weighted
	BatchNorm string `hcl:"batch_norm,optional" enum:"joint,apart" doc:"What batch-norm averages over: joint (both views in one batch, which is faster) or apart (each view by itself)."`
	Hidden    int    `hcl:"hidden,optional" min:"1" doc:"Units of each hidden layer of the projector."`
	Dim       int    `hcl:"dim,optional" min:"2" doc:"Units of the projector's output."`
}

// The values of batch_norm.
const (
	joint = "joint"
	apart = "apart"
)

// Needs implements Task.
func (*Siamese) Needs(Batch) Needs { return Needs{Views: 2} }

// Crops implements Task.
func (*Siamese) Crops() int { return 2 }

// Check implements Task: a loss that compares images needs some.
func (*Siamese) Check(b Batch) []schema.Problem {
	if b.N >= 2 {
		return nil
	}
	return problem("", "Images are compared with each other here: batch_size must be at least 2.")
}

// Pictures implements Drawn: the two views.
func (*Siamese) Pictures(b *Builder) []Picture { return twoViews(b) }

func twoViews(b *Builder) []Picture {
	return []Picture{{Title: "view 1", Images: b.Views[0]}, {Title: "view 2", Images: b.Views[1]}}
}

// project embeds both views by the encoder and a projector with layers hidden
// layers, made by n.
func (t *Siamese) project(b *Builder, name string, encoder, head *nn.Net, layers int) []tf.Output {
	widths := append(slices.Repeat([]int{t.Hidden}, layers), t.Dim)
	return b.each(t.BatchNorm == joint, b.Views, func(x tf.Output) tf.Output {
		return mlp(head, name+"/projector", b.Apply(encoder, x).Pooled, widths...)
	})
}

// cosines returns the cosine of each row of a with that of b, both [N, D], as
// [N].
func cosines(g *tf.Graph, a, b tf.Output) tf.Output {
	return g.Sum(g.Mul(unit(g, a), unit(g, b)), false, 1)
}

// toOne is the momentum that rises from base to 1 along half a cosine
// (Grill et al., NeurIPS 2020, arXiv:2006.07733).
func toOne(b *Builder, base float64) tf.Output {
	g := b.Graph().Scope("momentum")
	wave := g.Add(g.Cos(g.Mul(b.Progress, g.Scalar(math.Pi))), g.Scalar(1))
	return g.Sub(g.Scalar(1), g.Mul(wave, g.Scalar((1-base)/2)))
}
