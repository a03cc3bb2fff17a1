package nn

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var sgd = schema.Variant{
	Name:    "sgd",
	Doc:     "Stochastic gradient descent with momentum, Nesterov's by default.",
	Paper:   "Sutskever et al., ICML 2013",
	Version: 1,
	New: func() any {
		return &SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4}
	},
}

// SGD configures stochastic gradient descent:
// m = momentum*m + g + weight_decay*w; w -= lr*m, or with Nesterov's momentum
// w -= lr*(g + weight_decay*w + momentum*m).
type SGD struct {
	LearningRate float64 `hcl:"learning_rate,optional" example:"0.1" doc:"Base learning rate; the schedule scales it."`
	Momentum     float64 `hcl:"momentum,optional" doc:"Share of the previous update that is kept, in [0, 1)."`
	Nesterov     bool    `hcl:"nesterov,optional" example:"true" doc:"Look ahead along the momentum."`
	WeightDecay  float64 `hcl:"weight_decay,optional" doc:"L2 penalty on kernels; biases and norms have none."`
	ClipNorm     float64 `hcl:"clip_norm,optional" doc:"Largest joint norm of the gradients; 0 does not clip."`
}

// Rate implements Optimizer.
func (o *SGD) Rate() float64 { return o.LearningRate }

// Apply implements Optimizer.
func (o *SGD) Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) Update {
	s := newStep(n, loss, lr, o.LearningRate, train, o.ClipNorm)
	applied := make([]tf.Op, len(s.grads))
	for i, v := range s.train {
		grad := s.grads[i]
		if o.WeightDecay > 0 && !n.NoDecay(v) {
			grad = s.g.Add(grad, s.g.Mul(v.Read(), s.g.Scalar(o.WeightDecay)))
		}
		if o.Momentum == 0 {
			applied[i] = s.g.AssignSub(v, s.g.Mul(grad, s.rate(v)))
			continue
		}
		applied[i] = s.g.ApplyMomentum(v, s.slot("momentum", v), s.rate(v), grad, s.g.Scalar(o.Momentum), o.Nesterov)
	}
	return s.finish(applied)
}

// Validate implements schema.Validator.
func (o *SGD) Validate() []schema.Problem {
	return problems(
		positive("learning_rate", o.LearningRate),
		fraction("momentum", o.Momentum),
		notNegative("weight_decay", o.WeightDecay),
		notNegative("clip_norm", o.ClipNorm),
	)
}
