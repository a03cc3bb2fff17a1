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
// uses the moving averages.
func (n *Net) BatchNorm(name string, x tf.Output, momentum, epsilon float64) tf.Output {
	if x.Rank() == 2 {
		c := x.Dim(1)
		y := n.BatchNorm(name, n.g.Reshape(x, -1, 1, 1, c), momentum, epsilon)
		return n.g.Reshape(y, -1, c)
	}
	if x.Rank() != 4 {
		return n.g.Failf("batch-norm %s wants [N, H, W, C] or [N, C], not %v", name, x.Shape())
	}
	shape := tf.Shape{x.Shape()[3]}
	gamma := n.Variable(name+"/gamma", shape, Ones, true)
	beta := n.Variable(name+"/beta", shape, Zeros, true)
	mean := n.Variable(name+"/moving_mean", shape, Zeros, false)
	variance := n.Variable(name+"/moving_variance", shape, Ones, false)

	g := n.g.Scope(name)
	if !n.training {
		y, _, _ := g.FusedBatchNorm(x, gamma.Read(), beta.Read(), mean.Read(), variance.Read(), epsilon, false)
		return y
	}
	unused := g.Const([]float32{})
	y, batchMean, batchVariance := g.FusedBatchNorm(x, gamma.Read(), beta.Read(), unused, unused, epsilon, true)
	n.moveTowards(g, mean, batchMean, momentum)
	n.moveTowards(g, variance, g.Mul(batchVariance, biasFactor(g, x)), momentum)
	return y
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
	now := moving.Read()
	if before, ok := n.weights.pending[moving.Name]; ok {
		now = g.After(before).ReadVariable(moving)
	}
	update := g.AssignSub(moving, g.Mul(g.Sub(now, batch), g.Scalar(1-momentum)))
	n.weights.pending[moving.Name] = update
	n.weights.updates = append(n.weights.updates, update)
}
