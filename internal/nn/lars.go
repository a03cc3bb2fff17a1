package nn

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var lars = schema.Variant{
	Name:    "lars",
	Doc:     "Momentum with a rate for each kernel in proportion to its norm over its gradient's, for large batches.",
	Paper:   "You, Gitman and Ginsburg, 2017, arXiv:1708.03888",
	Version: 1,
	New: func() any {
		return &LARS{LearningRate: 0.3, Momentum: 0.9, WeightDecay: 1e-6, Trust: 0.001}
	},
}

// LARS configures layer-wise adaptive rate scaling. For a kernel w
//
//	d = trust * |w| / (|g| + weight_decay*|w|) * (g + weight_decay*w)
//	m = momentum*m + d
//	w -= lr*m
//
// with the factor 1 while |w| or |g| is 0. For biases and norms d = g.
type LARS struct {
	LearningRate float64 `hcl:"learning_rate,optional" example:"0.5" doc:"Base learning rate; the schedule scales it."`
	Momentum     float64 `hcl:"momentum,optional" doc:"Share of the previous update that is kept, in [0, 1)."`
	WeightDecay  float64 `hcl:"weight_decay,optional" doc:"L2 penalty on kernels; biases and norms have none."`
	Trust        float64 `hcl:"trust,optional" doc:"Trust coefficient: length of a kernel's step over its norm, at rate 1."`
	ClipNorm     float64 `hcl:"clip_norm,optional" doc:"Largest joint norm of the gradients; 0 does not clip."`
}

// Rate implements Optimizer.
func (o *LARS) Rate() float64 { return o.LearningRate }

// Apply implements Optimizer.
func (o *LARS) Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) Update {
	s := newStep(n, loss, lr, o.LearningRate, train, o.ClipNorm)
	applied := make([]tf.Op, len(s.grads))
	for i, v := range s.train {
		grad := s.grads[i]
		if !n.NoDecay(v) {
			grad = o.scaled(s.g, v.Read(), grad)
		}
		applied[i] = s.g.ApplyMomentum(v, s.slot("momentum", v), s.rate(v), grad, s.g.Scalar(o.Momentum), false)
	}
	return s.finish(applied)
}

func (o *LARS) scaled(g *tf.Graph, w, grad tf.Output) tf.Output {
	wNorm, gNorm := euclidean(g, w), euclidean(g, grad)
	zero, one, decay := g.Scalar(0), g.Scalar(1), g.Scalar(o.WeightDecay)
	moving := g.And(g.Greater(wNorm, zero), g.Greater(gNorm, zero))
	bottom := g.Select(moving, g.Add(gNorm, g.Mul(decay, wNorm)), one)
	ratio := g.Select(moving, g.Div(g.Mul(g.Scalar(o.Trust), wNorm), bottom), one)
	return g.Mul(g.Add(grad, g.Mul(w, decay)), ratio)
}

func euclidean(g *tf.Graph, x tf.Output) tf.Output {
	return g.Sqrt(g.Mul(g.L2Loss(x), g.Scalar(2)))
}

// Validate implements schema.Validator.
func (o *LARS) Validate() []schema.Problem {
	return problems(
		positive("learning_rate", o.LearningRate),
		fraction("momentum", o.Momentum),
		notNegative("weight_decay", o.WeightDecay),
		positive("trust", o.Trust),
		notNegative("clip_norm", o.ClipNorm),
	)
}
