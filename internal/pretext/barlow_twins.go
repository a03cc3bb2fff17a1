package pretext

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var barlowTwins = schema.Variant{
	Name:    "barlow_twins",
	Doc:     "Make the dimensions of two views' embeddings agree, and each dimension tell something of its own.",
	Paper:   "Zbontar et al., ICML 2021, arXiv:2103.03230",
	Cost:    "2 encoder passes, forward and backward",
	Version: 1,
	New: func() any {
		return &BarlowTwins{Siamese: Siamese{Weighted: alone, BatchNorm: apart, Hidden: 512, Dim: 256}, Lambda: 1. / 256}
	},
}

// BarlowTwins configures redundancy reduction.
type BarlowTwins struct {
	Siamese
	Lambda float64 `hcl:"lambda,optional" example:"0.005" min:"0" doc:"Weight of the correlations between different dimensions; about 1/dim suits small embeddings."`
}

// Loss implements Task.
func (t *BarlowTwins) Loss(b *Builder) tf.Output {
	z := t.project(b, "barlow_twins", b.Encoder, b.Head, 2)
	b.Embed(z...)
	z = b.gathered(z)
	return CrossCorrelation(b.Graph(), z[0], z[1], t.Lambda)
}

// CrossCorrelation is the sum of (1-c)^2 over the diagonal of the correlations c
// of the dimensions of z1 and z2, both [N, D], plus lambda times the sum of c^2
// beside it. The diagonal is picked by a constant, since TensorFlow's C++
// gradients lack those of its own operations for it.
func CrossCorrelation(g *tf.Graph, z1, z2 tf.Output, lambda float64) tf.Output {
	g = g.Scope("correlation")
	n, d := z1.Dim(0), z1.Dim(1)
	c := g.Mul(g.MatMul(standardised(g, z1), standardised(g, z2), true, false), g.Scalar(1/float64(n)))
	eye := identity(g, d)
	weights := g.Add(g.Mul(eye, g.Scalar(1-lambda)), g.Scalar(lambda))
	return g.Sum(g.Mul(g.Square(g.Sub(c, eye)), weights), false)
}

// standardised gives every column of z [N, D] mean 0 and variance 1.
func standardised(g *tf.Graph, z tf.Output) tf.Output {
	centred := g.Sub(z, g.Mean(z, true, 0))
	variance := g.Mean(g.Square(centred), true, 0)
	return g.Mul(centred, g.Rsqrt(g.Add(variance, g.Scalar(1e-5))))
}

// identity is the identity matrix [d, d].
func identity(g *tf.Graph, d int) tf.Output {
	numbers := make([]int32, d)
	for i := range numbers {
		numbers[i] = int32(i)
	}
	return g.OneHot(g.Const(numbers), d)
}
