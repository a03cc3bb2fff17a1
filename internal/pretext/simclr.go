package pretext

import (
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var simclr = schema.Variant{
	Name:    "simclr",
	Doc:     "Find the other view of an image among all views of the batch.",
	Paper:   "Chen et al., ICML 2020, arXiv:2002.05709",
	Cost:    "2 encoder passes, forward and backward",
	Version: 1,
	New: func() any {
		return &SimCLR{Siamese: Siamese{Weighted: alone, BatchNorm: joint, Hidden: 256, Dim: 128}, Temperature: 0.3}
	},
}

// SimCLR configures contrastive learning within the batch.
type SimCLR struct {
	Siamese
	Temperature float64 `hcl:"temperature,optional" example:"0.2" min:"0.01" max:"10" doc:"Divides the cosines: lower looks harder at near neighbours."`
}

// Loss implements Task.
func (t *SimCLR) Loss(b *Builder) tf.Output {
	z := t.project(b, "simclr", b.Encoder, b.Head, 1)
	b.Embed(z...)
	z = b.gathered(z)
	logits, labels := similarities(b.Graph(), z[0], z[1], t.Temperature)
	b.Accuracy(nn.Accuracy(b.Graph(), logits, labels), 1/float64(logits.Dim(1)-1))
	return b.Graph().Mean(nn.CrossEntropy(b.Graph(), logits, labels, 0), false)
}

// NTXent is the normalised temperature-scaled cross-entropy of embeddings z1, z2
// [N, D] of two views, a scalar: the mean over all 2N embeddings of the
// cross-entropy of finding the other view among the 2N-1 others.
func NTXent(g *tf.Graph, z1, z2 tf.Output, temperature float64) tf.Output {
	logits, labels := similarities(g, z1, z2, temperature)
	return g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
}

// similarities returns the cosines of all 2N embeddings with each other over the
// temperature, [2N, 2N], very low for an embedding with itself, and the place of
// each one's other view, int32 [2N].
func similarities(g *tf.Graph, z1, z2 tf.Output, temperature float64) (logits, labels tf.Output) {
	g = g.Scope("similarities")
	n := z1.Dim(0)
	self, other := make([]int32, 2*n), make([]int32, 2*n)
	for i := range self {
		self[i], other[i] = int32(i), int32((i+n)%(2*n))
	}
	z := unit(g, g.Concat(0, z1, z2))
	logits = g.Mul(g.MatMul(z, z, false, true), g.Scalar(1/temperature))
	return g.Sub(logits, g.Mul(g.OneHot(g.Const(self), 2*n), g.Scalar(1e9))), g.Const(other)
}
