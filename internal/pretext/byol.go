package pretext

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var byol = schema.Variant{
	Name:    "byol",
	Doc:     "Predict from one view what a momentum copy of the network makes of the other.",
	Paper:   "Grill et al., NeurIPS 2020, arXiv:2006.07733",
	Cost:    "2 encoder passes forward and backward and 2 forward",
	Version: 1,
	New: func() any {
		return &BYOL{
			Siamese:   Siamese{Weighted: alone, BatchNorm: apart, Hidden: 512, Dim: 128},
			Predictor: 256, Momentum: 0.99,
		}
	},
}

// BYOL configures bootstrapping. The target network moves towards the online one
// by a momentum that rises to 1 over training.
type BYOL struct {
	Siamese
	Predictor int     `hcl:"predictor,optional" min:"1" doc:"Units of the predictor's hidden layer."`
	Momentum  float64 `hcl:"momentum,optional" example:"0.99" min:"0" max:"1" doc:"Share of the target network that the first step keeps; it rises to 1."`
}

// Loss implements Task: the sum over both directions of the mean squared
// distance between unit vectors.
func (t *BYOL) Loss(b *Builder) tf.Output {
	g := b.Graph()
	momentum := toOne(b, t.Momentum)
	z := t.project(b, "byol", b.Encoder, b.Head, 1)
	b.Embed(z...)
	p := b.each(t.BatchNorm == joint, z, func(x tf.Output) tf.Output {
		return mlp(b.Head, "byol/predictor", x, t.Predictor, t.Dim)
	})
	targets := t.project(b, "byol", b.Encoder.Follow(momentum), b.Head.Follow(momentum), 1)
	return g.Add(Regression(g, p[0], targets[1]), Regression(g, p[1], targets[0]))
}

// Regression is the mean squared distance between the unit vectors of p and of
// target, both [N, D]: 2 - 2*cosine. No gradient flows into the target.
func Regression(g *tf.Graph, p, target tf.Output) tf.Output {
	g = g.Scope("regression")
	cosine := g.Mean(cosines(g, p, g.StopGradient(target)), false)
	return g.Mul(g.Sub(g.Scalar(1), cosine), g.Scalar(2))
}
