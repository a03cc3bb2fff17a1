package nn

import (
	"sslpipe/internal/tf"
)

// BatchNorm normalises each channel of x [N, H, W, C] or [N, C] (Ioffe and
// Szegedy, ICML 2015, arXiv:1502.03167) and applies name/gamma and name/beta.
//
// In training mode it uses the batch's mean and variance and collects the
// updates of name/moving_mean and name/moving_variance,
// moving = momentum*moving + (1-momentum)*batch, with the variance divided by
// the number of values as Keras 3 does, not by one less. In inference mode it
// uses the moving averages. See also Groups, Visible and Follow.
func (n *Net) BatchNorm(name string, x tf.Output, momentum, epsilon float64) tf.Output {
	if x.Rank() == 2 {
		c := x.Dim(1)
		flat := *n
		flat.visible = nil // a vector has no positions
		y := flat.BatchNorm(name, n.g.Reshape(x, -1, 1, 1, c), momentum, epsilon)
		return n.g.Reshape(y, -1, c)
	}
	if x.Rank() != 4 {
		return n.g.Failf("batch-norm %s wants [N, H, W, C] or [N, C], not %v", name, x.Shape())
	}
	shape := tf.Shape{x.Shape()[3]}
	gamma := n.Variable(name+"/gamma", shape, Ones, true).Read()
	beta := n.Variable(name+"/beta", shape, Zeros, true).Read()
	g := n.g.Scope(name)
	if n.follow != nil {
		y, _, _ := n.batchStatistics(g, x, gamma, beta, epsilon)
		return y
	}
	mean := n.Variable(name+"/moving_mean", shape, Zeros, false)
	variance := n.Variable(name+"/moving_variance", shape, Ones, false)
	if !n.training {
		y, _, _ := g.FusedBatchNorm(x, gamma, beta, mean.Read(), variance.Read(), epsilon, false)
		return y
	}
	y, batchMean, batchVariance := n.batchStatistics(g, x, gamma, beta, epsilon)
	n.moveTowards(g, mean, batchMean, momentum)
	n.moveTowards(g, variance, batchVariance, momentum)
	return y
}

// Groups returns a net in which batch-norm in training mode takes its statistics
// from each of k equal parts of the batch by itself, as if each part were on a
// device of its own; the moving averages follow the mean over the parts.
func (n *Net) Groups(k int) *Net {
	m := *n
	m.groups = k
	return &m
}

// batchStatistics normalises x by its own statistics, which it also returns, the
// variance divided by the number of values.
func (n *Net) batchStatistics(g *tf.Graph, x, gamma, beta tf.Output, epsilon float64) (y, mean, variance tf.Output) {
	switch {
	case n.visible != nil && n.synchronised:
		g.Failf("batch-norm cannot take its statistics from visible positions of several workers: use batch_norm = \"local\"")
		return
	case n.visible != nil && n.groups > 1:
		g.Failf("batch-norm cannot take its statistics from groups and from visible positions only")
		return
	case n.visible != nil:
		return n.widely(x, func(x tf.Output) (y, mean, variance tf.Output) { return n.visibleNorm(g, x, gamma, beta, epsilon) })
	case n.groups > 1:
		return n.groupedNorm(g, x, gamma, beta, epsilon)
	case n.synchronised:
		return n.widely(x, func(x tf.Output) (y, mean, variance tf.Output) { return g.SyncNorm(x, gamma, beta, epsilon) })
	}
	unused := g.Const([]float32{})
	y, mean, variance = g.FusedBatchNorm(x, gamma, beta, unused, unused, epsilon, true)
	return y, mean, g.Mul(variance, biasFactor(g, x))
}

func (n *Net) groupedNorm(g *tf.Graph, x, gamma, beta tf.Output, epsilon float64) (y, mean, variance tf.Output) {
	if x.Dim(0) < 0 || x.Dim(0)%n.groups != 0 {
		g.Failf("batches of the shape %v have no %d equal groups", x.Shape(), n.groups)
		return
	}
	whole := *n
	whole.groups = 0
	var ys, means, variances []tf.Output
	for _, part := range g.Split(x, 0, n.groups) {
		y, m, v := whole.batchStatistics(g, part, gamma, beta, epsilon)
		ys, means, variances = append(ys, y), append(means, m), append(variances, v)
	}
	share := g.Scalar(1 / float64(n.groups))
	return g.Concat(0, ys...), g.Mul(g.AddN(means), share), g.Mul(g.AddN(variances), share)
}

// Synchronised returns a net in which batch-norm in training mode takes its statistics
// from the batches of all workers that run the graph together (tf.Graph.Replicate),
// as from one batch on one; without it each has its own, and moving averages follow
// the mean over the workers.
func (n *Net) Synchronised() *Net {
	m := *n
	m.synchronised = n.g.Replicas() > 1
	return &m
}

// visibleNorm takes the statistics from visible positions and returns zeros
// elsewhere. Sums over positions are products of matrices, which is the fastest
// way to add up columns.
func (n *Net) visibleNorm(g *tf.Graph, x, gamma, beta tf.Output, epsilon float64) (y, mean, variance tf.Output) {
	rows, c := x.Dim(0)*x.Dim(1)*x.Dim(2), x.Dim(3)
	mask := g.Reshape(n.VisibleAt(x.Dim(1), x.Dim(2)), rows, 1)
	share := g.Div(mask, g.Sum(mask, false))
	flat := g.Reshape(x, rows, c)
	mean = g.MatMul(share, flat, true, false) // [1, C]
	centred := g.Sub(flat, mean)
	variance = g.MatMul(share, g.Square(centred), true, false)
	scale := g.Mul(g.Rsqrt(g.Add(variance, g.Scalar(epsilon))), gamma)
	y = g.Mul(g.Add(g.Mul(centred, scale), beta), mask)
	return g.Reshape(y, x.Shape().Ints()...), g.Reshape(mean, c), g.Reshape(variance, c)
}

// biasFactor is (m-1)/m for m values a channel: the operation's second output
// is the variance divided by m-1.
func biasFactor(g *tf.Graph, x tf.Output) tf.Output {
	m := x.Dim(0) * x.Dim(1) * x.Dim(2)
	if x.Dim(0) > 0 && x.Dim(1) > 0 && x.Dim(2) > 0 {
		return g.Scalar(float64(m-1) / float64(m))
	}
	values := g.Cast(g.Op("Size", tf.Attrs{"out_type": tf.Int32}, x)[0], tf.Float32)
	perChannel := g.Div(values, g.Scalar(float64(x.Dim(3))))
	return g.Sub(g.Scalar(1), g.Div(g.Scalar(1), perChannel))
}

// moveTowards collects the update of a moving average. A layer that is applied
// several times in a step updates once per application, in the order of the
// calls: each update reads what the one before it has written.
func (n *Net) moveTowards(g *tf.Graph, moving *tf.Variable, batch tf.Output, momentum float64) {
	if !n.synchronised { // else it is the same on all workers
		batch = g.MeanOver([]tf.Output{batch})[0]
	}
	now := moving.Read()
	if before, ok := n.weights.pending[moving.Name]; ok {
		now = g.After(before).ReadVariable(moving)
	}
	update := g.AssignSub(moving, g.Mul(g.Sub(now, batch), g.Scalar(1-momentum)))
	n.weights.pending[moving.Name] = update
	n.weights.updates = append(n.weights.updates, update)
}
