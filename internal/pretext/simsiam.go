package pretext

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var simsiam = schema.Variant{
	Name:    "simsiam",
	Doc:     "Predict from one view what the same network makes of the other, through which no gradient flows.",
	Paper:   "Chen and He, CVPR 2021, arXiv:2011.10566",
	Cost:    "2 encoder passes, forward and backward",
	Version: 1,
	New: func() any {
		return &SimSiam{
			Siamese:   Siamese{Weighted: alone, BatchNorm: apart, Hidden: 512, Dim: 512},
			Predictor: 128, ConstantRate: true, StopGradient: true,
		}
	},
}

// SimSiam configures simple Siamese learning.
type SimSiam struct {
	Siamese
	Predictor    int  `hcl:"predictor,optional" example:"64" min:"1" doc:"Units of the predictor's hidden layer."`
	ConstantRate bool `hcl:"constant_rate,optional" doc:"Keep the predictor at the base learning rate, whatever the schedule."`
	StopGradient bool `hcl:"stop_gradient,optional" doc:"Let no gradient flow into the other view. Without it the embeddings collapse; the paper's experiment."`
}

// Loss implements Task: minus the cosine, averaged over both directions.
func (t *SimSiam) Loss(b *Builder) tf.Output {
	g := b.Graph()
	z := b.each(t.BatchNorm == joint, b.Views, func(x tf.Output) tf.Output {
		// The projector's output has batch-norm too.
		z := mlp(b.Head, "simsiam/projector", b.Encode(x).Pooled, t.Hidden, t.Dim)
		return b.Head.BatchNorm("simsiam/projector/out_bn", z, headMomentum, headEpsilon)
	})
	b.Embed(z...)
	predictor := b.Head
	if t.ConstantRate {
		predictor = b.Head.ConstantRate()
	}
	p := b.each(t.BatchNorm == joint, z, func(x tf.Output) tf.Output {
		return mlp(predictor, "simsiam/predictor", x, t.Predictor, t.Dim)
	})
	target := func(z tf.Output) tf.Output {
		if t.StopGradient {
			return g.StopGradient(z)
		}
		return z
	}
	both := g.Add(negativeCosine(g, p[0], target(z[1])), negativeCosine(g, p[1], target(z[0])))
	return g.Mul(both, g.Scalar(0.5))
}

// negativeCosine is minus the mean cosine of the rows of p and z, both [N, D].
func negativeCosine(g *tf.Graph, p, z tf.Output) tf.Output {
	return g.Neg(g.Mean(cosines(g.Scope("cosine"), p, z), false))
}
