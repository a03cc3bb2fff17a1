package nn

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var adam = schema.Variant{
	Name:    "adam",
	Doc:     "Adam, without weight decay.",
	Paper:   "Kingma and Ba, ICLR 2015, arXiv:1412.6980",
	Version: 1,
	New: func() any {
		return &Adam{LearningRate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	},
}

var adamW = schema.Variant{
	Name:    "adamw",
	Doc:     "Adam with weight decay that does not pass through its moments.",
	Paper:   "Loshchilov and Hutter, ICLR 2019, arXiv:1711.05101",
	Version: 1,
	New: func() any {
		return &AdamW{LearningRate: 1e-3, WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	},
}

// Adam configures Adam. Epsilon is added to the root of the uncorrected second
// moment ("epsilon hat" in the paper), as in TensorFlow and Keras.
type Adam struct {
	LearningRate float64 `hcl:"learning_rate,optional" example:"3e-3" doc:"Base learning rate; the schedule scales it."`
	Beta1        float64 `hcl:"beta1,optional" doc:"Decay of the gradients' running mean, in [0, 1)."`
	Beta2        float64 `hcl:"beta2,optional" doc:"Decay of the squared gradients' running mean, in [0, 1)."`
	Epsilon      float64 `hcl:"epsilon,optional" doc:"Added to the denominator."`
	ClipNorm     float64 `hcl:"clip_norm,optional" doc:"Largest joint norm of the gradients; 0 does not clip."`
}

// AdamW configures Adam with decoupled decay: w -= lr*weight_decay*w before each
// step. Biases and norms do not decay.
type AdamW struct {
	LearningRate float64 `hcl:"learning_rate,optional" example:"3e-3" doc:"Base learning rate; the schedule scales it."`
	WeightDecay  float64 `hcl:"weight_decay,optional" example:"1e-4" doc:"Decay of kernels per step and unit of learning rate; biases and norms have none."`
	Beta1        float64 `hcl:"beta1,optional" doc:"Decay of the gradients' running mean, in [0, 1)."`
	Beta2        float64 `hcl:"beta2,optional" doc:"Decay of the squared gradients' running mean, in [0, 1)."`
	Epsilon      float64 `hcl:"epsilon,optional" doc:"Added to the denominator."`
	ClipNorm     float64 `hcl:"clip_norm,optional" doc:"Largest joint norm of the gradients; 0 does not clip."`
}

// Rate implements Optimizer.
func (o *Adam) Rate() float64 { return o.LearningRate }

// Rate implements Optimizer.
func (o *AdamW) Rate() float64 { return o.LearningRate }

// Apply implements Optimizer.
func (o *Adam) Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) Update {
	return applyAdam(AdamW{LearningRate: o.LearningRate, Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, ClipNorm: o.ClipNorm}, n, loss, lr, train)
}

// Apply implements Optimizer.
func (o *AdamW) Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) Update {
	return applyAdam(*o, n, loss, lr, train)
}

func applyAdam(o AdamW, n *Net, loss, lr tf.Output, train []*tf.Variable) Update {
	s := newStep(n, loss, lr, o.LearningRate, train, o.ClipNorm)
	g := s.g
	count := g.Cast(g.Add(s.counter.Read(), g.Const(int64(1))), tf.Float32)
	beta1, beta2, epsilon := g.Scalar(o.Beta1), g.Scalar(o.Beta2), g.Scalar(o.Epsilon)
	power1, power2 := g.Pow(beta1, count), g.Pow(beta2, count)
	none, decay := g.Scalar(0), g.Mul(lr, g.Scalar(o.WeightDecay))
	states := make([]tf.AdamState, len(s.grads))
	for i, v := range s.train {
		st := tf.AdamState{Variable: v, M: s.slot("m", v), V: s.slot("v", v), Grad: s.grads[i], Rate: s.rate(v), Decay: none}
		if o.WeightDecay > 0 && !n.NoDecay(v) {
			st.Decay = decay
			if st.Rate != lr {
				st.Decay = g.Mul(st.Rate, g.Scalar(o.WeightDecay))
			}
		}
		states[i] = st
	}
	if n.fused {
		return s.finish([]tf.Op{g.FusedAdam(states, power1, power2, o.Beta1, o.Beta2, o.Epsilon)})
	}
	applied := make([]tf.Op, len(states))
	for i, st := range states {
		then := g
		if o.WeightDecay > 0 && !n.NoDecay(st.Variable) {
			then = g.After(g.AssignSub(st.Variable, g.Mul(st.Variable.Read(), st.Decay)))
		}
		applied[i] = then.ApplyAdam(st.Variable, st.M, st.V, power1, power2, st.Rate, beta1, beta2, epsilon, st.Grad)
	}
	return s.finish(applied)
}

// Validate implements schema.Validator.
func (o *Adam) Validate() []schema.Problem {
	return problems(
		positive("learning_rate", o.LearningRate),
		fraction("beta1", o.Beta1),
		fraction("beta2", o.Beta2),
		positive("epsilon", o.Epsilon),
		notNegative("clip_norm", o.ClipNorm),
	)
}

// Validate implements schema.Validator.
func (o *AdamW) Validate() []schema.Problem {
	return problems(
		positive("learning_rate", o.LearningRate),
		notNegative("weight_decay", o.WeightDecay),
		fraction("beta1", o.Beta1),
		fraction("beta2", o.Beta2),
		positive("epsilon", o.Epsilon),
		notNegative("clip_norm", o.ClipNorm),
	)
}
