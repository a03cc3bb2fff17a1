package tf

// SyncNorm is batch-norm of x [..., C] by the mean and the variance of the rows of all
// workers together, as one worker would have them of the whole batch (Ioffe and Szegedy,
// ICML 2015, arXiv:1502.03167); gamma and beta are [C]. It also returns the mean and the
// variance, divided by the number of values, which are the same on all workers and
// through which no gradient flows. Workers meet twice, and once more in the gradient.
func (g *Graph) SyncNorm(x, gamma, beta Output, epsilon float64) (y, mean, variance Output) {
	if g.err == nil && (x.Rank() < 2 || !x.Shape().known()) {
		g.Failf("SyncNorm wants rows of a known shape, not %s %s", x.Name(), x.Shape())
	}
	if g.err != nil {
		return
	}
	n := syncNorm{x: x, gamma: gamma, beta: beta}
	for i := range x.Rank() - 1 {
		n.rows = append(n.rows, i)
	}
	mean = g.allReduce(g.Mean(x, false, n.rows...))
	centred := g.Sub(x, mean)
	variance = g.allReduce(g.Mean(g.Square(centred), false, n.rows...))
	n.deviation = g.Rsqrt(g.Add(variance, g.Scalar(epsilon)))
	n.unit = g.Mul(centred, n.deviation)
	y = g.around(g.Add(g.Mul(n.unit, gamma), beta), []Output{x, gamma, beta}, func(dy Output, _ []bool) []Output {
		return n.gradients(g.backward(), dy)
	})
	return y, g.StopGradient(mean), g.StopGradient(variance)
}

// syncNorm is what the gradient of SyncNorm needs.
type syncNorm struct {
	x, gamma, beta  Output
	rows            []int  // axes that statistics go over
	unit, deviation Output // x of mean 0 and variance 1; 1 over the square root of its variance
}

// gradients are those of x, gamma and beta. A worker's gradients are n times those of
// the mean loss of n workers, so what it takes away from dy is a mean over all of them.
func (n *syncNorm) gradients(b *Graph, dy Output) []Output {
	c := n.x.Dim(-1)
	dBeta, dGamma := b.Sum(dy, false, n.rows...), b.Sum(b.Mul(dy, n.unit), false, n.rows...)
	each := b.Scalar(float64(c) / float64(elementsOf(n.x.Shape())))
	means := b.Split(b.Mul(b.allReduce(b.Concat(0, dBeta, dGamma)), each), 0, 2)
	dx := b.Sub(b.Sub(dy, means[0]), b.Mul(n.unit, means[1]))
	return []Output{b.Mul(dx, b.Mul(n.gamma, n.deviation)), dGamma, dBeta}
}
