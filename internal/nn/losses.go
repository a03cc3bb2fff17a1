package nn

import (
	"sslpipe/internal/tf"
)

// CrossEntropy returns the softmax cross-entropy of logits [N, K] with labels
// int32 [N] for each example, [N]. Smoothing moves that share of the probability
// from the label to all K classes evenly (Szegedy et al., CVPR 2016,
// arXiv:1512.00567). A label outside 0..K-1 gives the target zero everywhere.
func CrossEntropy(g *tf.Graph, logits, labels tf.Output, smoothing float64) tf.Output {
	if smoothing < 0 || smoothing >= 1 {
		return g.Failf("label smoothing %v is not in [0, 1)", smoothing)
	}
	k := logits.Dim(-1)
	g = g.Scope("cross_entropy")
	target := g.OneHot(labels, k)
	if smoothing > 0 {
		target = g.Add(g.Mul(target, g.Scalar(1-smoothing)), g.Scalar(smoothing/float64(k)))
	}
	return g.SoftmaxCrossEntropy(logits, target)
}

// SoftCrossEntropy returns the cross-entropy of logits [N, K] with the
// distributions target [N, K] for each example, [N]. No gradient flows into the
// target.
func SoftCrossEntropy(g *tf.Graph, logits, target tf.Output) tf.Output {
	return g.SoftmaxCrossEntropy(logits, g.StopGradient(target))
}

// Accuracy returns the share of rows of logits [N, K] whose largest entry is at
// labels int32 [N], a scalar.
func Accuracy(g *tf.Graph, logits, labels tf.Output) tf.Output {
	g = g.Scope("accuracy")
	hit := g.Equal(g.ArgMax(logits, 1), labels)
	return g.Mean(g.Cast(hit, tf.Float32), false)
}

// MSE returns the mean squared difference of a and b, both [N, ...], for each
// example, [N].
func MSE(g *tf.Graph, a, b tf.Output) tf.Output {
	return perExample(g, g.SquaredDifference(a, b))
}

// L1 returns the mean absolute difference of a and b, both [N, ...], for each
// example, [N].
func L1(g *tf.Graph, a, b tf.Output) tf.Output {
	return perExample(g, g.Abs(g.Sub(a, b)))
}

// Huber returns, for each example [N], the mean over the elements of a and b,
// both [N, ...], of d^2/2 where the difference d is at most delta and
// delta*(|d| - delta/2) beyond (Huber, 1964).
func Huber(g *tf.Graph, a, b tf.Output, delta float64) tf.Output {
	g = g.Scope("huber")
	d := g.Abs(g.Sub(a, b))
	near := g.Minimum(d, g.Scalar(delta))
	// With q = min(d, delta), q*(d - q/2) is both branches at once.
	return perExample(g, g.Mul(near, g.Sub(d, g.Mul(near, g.Scalar(0.5)))))
}

func perExample(g *tf.Graph, x tf.Output) tf.Output {
	axes := make([]int, 0, x.Rank())
	for i := 1; i < x.Rank(); i++ {
		axes = append(axes, i)
	}
	if len(axes) == 0 {
		return x
	}
	return g.Mean(x, false, axes...)
}
