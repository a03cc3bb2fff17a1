package pretext

import (
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var swav = schema.Variant{
	Name:    "swav",
	Doc:     "Predict from one view the cluster that the other belongs to, with clusters of equal size.",
	Paper:   "Caron et al., NeurIPS 2020, arXiv:2006.09882",
	Cost:    "2 encoder passes, forward and backward",
	Version: 1,
	New: func() any {
		return &SwAV{
			Siamese:    Siamese{Weighted: alone, BatchNorm: joint, Hidden: 256, Dim: 128},
			Prototypes: 64, Temperature: 0.1, Epsilon: 0.05, Iterations: 3,
		}
	},
}

// SwAV configures swapped prediction between two views, without small extra
// crops.
type SwAV struct {
	Siamese
	Prototypes  int     `hcl:"prototypes,optional" example:"32" min:"2" doc:"Clusters; not many more than images in a batch."`
	Temperature float64 `hcl:"temperature,optional" min:"0.01" max:"10" doc:"Divides the cosines of predictions."`
	Epsilon     float64 `hcl:"epsilon,optional" min:"0.03" max:"10" doc:"Divides the cosines of targets: lower makes assignments harder."`
	Iterations  int     `hcl:"iterations,optional" min:"1" max:"100" doc:"Sinkhorn iterations that make clusters equally large."`
}

// Loss implements Task: the cross-entropy of each view's prediction with the
// other's assignment, averaged over both directions.
func (t *SwAV) Loss(b *Builder) tf.Output {
	g := b.Graph()
	z := t.project(b, "swav", b.Encoder, b.Head, 1)
	b.Embed(z...)
	z = b.gathered(z)
	prototypes := b.Head.Variable("swav/prototypes", tf.Shape{int64(t.Prototypes), int64(t.Dim)}, nn.GlorotUniform, true)
	c := unit(g, prototypes.Read())
	scores := [2]tf.Output{}
	for i := range scores {
		scores[i] = g.MatMul(unit(g, z[i]), c, false, true)
	}
	return Swapped(g, scores[0], scores[1], t.Temperature, t.Epsilon, t.Iterations)
}

// Swapped is the mean of the cross-entropies of softmax(scores/temperature) of
// each view with the assignment of the other, given the cosines s1, s2 [N, K] of
// two views with K prototypes. No gradient flows through assignments.
func Swapped(g *tf.Graph, s1, s2 tf.Output, temperature, epsilon float64, iterations int) tf.Output {
	g = g.Scope("swapped")
	predict := func(s tf.Output) tf.Output { return g.Mul(s, g.Scalar(1/temperature)) }
	first := nn.SoftCrossEntropy(g, predict(s1), Assignments(g, s2, epsilon, iterations))
	second := nn.SoftCrossEntropy(g, predict(s2), Assignments(g, s1, epsilon, iterations))
	return g.Mul(g.Add(g.Mean(first, false), g.Mean(second, false)), g.Scalar(0.5))
}

// Assignments spreads the examples of scores [N, K] over K clusters of equal
// size by Sinkhorn's and Knopp's iterations on exp(scores/epsilon) (Cuturi,
// NeurIPS 2013, arXiv:1306.0895). Each row of the result [N, K] adds up to 1.
func Assignments(g *tf.Graph, scores tf.Output, epsilon float64, iterations int) tf.Output {
	g = g.Scope("sinkhorn")
	n, k := float64(scores.Dim(0)), float64(scores.Dim(1))
	scores = g.StopGradient(scores)
	q := g.Exp(g.Mul(g.Sub(scores, g.Max(scores, true)), g.Scalar(1/epsilon)))
	for range iterations {
		q = g.Div(q, g.Mul(g.Add(g.Sum(q, true, 0), g.Scalar(1e-30)), g.Scalar(k)))
		q = g.Div(q, g.Mul(g.Sum(q, true, 1), g.Scalar(n)))
	}
	return g.Mul(q, g.Scalar(n))
}
