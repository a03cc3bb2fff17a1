package pretext

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var vicreg = schema.Variant{
	Name:    "vicreg",
	Doc:     "Bring two views' embeddings together while every dimension keeps its variance and none repeats another.",
	Paper:   "Bardes, Ponce and LeCun, ICLR 2022, arXiv:2105.04906",
	Cost:    "2 encoder passes, forward and backward",
	Version: 1,
	New: func() any {
		return &VICReg{
			Siamese:    Siamese{Weighted: alone, BatchNorm: apart, Hidden: 512, Dim: 256},
			Invariance: 25, Variance: 25, Covariance: 1,
		}
	},
}

// VICReg configures variance, invariance and covariance regularisation.
type VICReg struct {
	Siamese
	Invariance float64 `hcl:"invariance,optional" min:"0" doc:"Weight of the distance between the views."`
	Variance   float64 `hcl:"variance,optional" example:"25" min:"0" doc:"Weight of the standard deviations that are below 1."`
	Covariance float64 `hcl:"covariance,optional" min:"0" doc:"Weight of the covariances between different dimensions."`
}

// Loss implements Task.
func (t *VICReg) Loss(b *Builder) tf.Output {
	g := b.Graph()
	z := t.project(b, "vicreg", b.Encoder, b.Head, 2)
	b.Embed(z...)
	z = b.gathered(z)
	invariance, variance, covariance := VarianceTerms(g, z[0], z[1])
	b.Monitor("invariance", invariance)
	b.Monitor("variance", variance)
	b.Monitor("covariance", covariance)
	return g.AddN([]tf.Output{
		g.Mul(invariance, g.Scalar(t.Invariance)),
		g.Mul(variance, g.Scalar(t.Variance)),
		g.Mul(covariance, g.Scalar(t.Covariance)),
	})
}

// VarianceTerms returns the three terms for embeddings z1, z2 [N, D] of two
// views: the mean squared difference; the mean over dimensions of how much the
// standard deviation falls short of 1, averaged over the views; the sum of
// squared covariances between different dimensions over D, summed over the
// views. Variances are divided by N-1.
func VarianceTerms(g *tf.Graph, z1, z2 tf.Output) (invariance, variance, covariance tf.Output) {
	g = g.Scope("vicreg")
	v1, c1 := spreadTerms(g, z1)
	v2, c2 := spreadTerms(g, z2)
	return g.Mean(g.SquaredDifference(z1, z2), false), g.Mul(g.Add(v1, v2), g.Scalar(0.5)), g.Add(c1, c2)
}

func spreadTerms(g *tf.Graph, z tf.Output) (variance, covariance tf.Output) {
	n, d := z.Dim(0), z.Dim(1)
	centred := g.Sub(z, g.Mean(z, true, 0))
	share := g.Scalar(1 / float64(n-1))
	variances := g.Mul(g.Sum(g.Square(centred), false, 0), share)
	std := g.Sqrt(g.Add(variances, g.Scalar(1e-4)))
	variance = g.Mean(g.Relu(g.Sub(g.Scalar(1), std)), false)
	products := g.Mul(g.MatMul(centred, centred, true, false), share)
	beside := g.Mul(g.Square(products), g.Sub(g.Scalar(1), identity(g, d)))
	return variance, g.Mul(g.Sum(beside, false), g.Scalar(1/float64(d)))
}
