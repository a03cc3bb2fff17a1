package nn

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Optimizers lists the optimisers that HCL can name.
var Optimizers = schema.Family{Name: "optimizer", Variants: []schema.Variant{
	sgd,
	adam,
	adamW,
	lars,
}}

// Optimizer is a configured optimiser.
type Optimizer interface {
	// Apply builds one training step: the gradients of the scalar loss with
	// respect to train, and their application at the rate lr, a float32 scalar
	// that is fed with every step. Variables outside train get no gradient. The
	// operation also runs n's moving-average updates and advances
	// optimizer/step (int64).
	//
	// Its state is in variables "optimizer/<slot>/<variable>", so a checkpoint
	// of all variables of the graph holds it. Call it once per graph.
	Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) Update
	// Rate is the configured base learning rate.
	Rate() float64
}

// Update is one training step.
type Update struct {
	// Op changes the weights, the moving averages and all other state.
	Op tf.Op
	// GradientNorm is the joint Euclidean norm of the gradients before they are
	// clipped, a scalar. It costs nothing unless it is fetched.
	GradientNorm tf.Output
}

// step is one training step under construction.
type step struct {
	n *Net
	// g builds after the loss has been computed, and so after every read of
	// the weights that the forward pass makes.
	g       *tf.Graph
	lr      tf.Output
	base    float64
	counter *tf.Variable
	train   []*tf.Variable
	grads   []tf.Output
	norm    tf.Output
}

// newStep computes the gradients; lr is the rate of this step and base the
// optimiser's own.
func newStep(n *Net, loss, lr tf.Output, base float64, train []*tf.Variable, clipNorm float64) *step {
	g := n.g.Scope("optimizer")
	reads := make([]tf.Output, len(train))
	for i, v := range train {
		reads[i] = v.Read()
	}
	grads := g.MeanOver(g.Gradients(loss, reads))
	norm := jointNorm(g.Scope("norm"), grads)
	return &step{
		n:       n,
		g:       g.After(loss.Op()),
		lr:      lr,
		base:    base,
		norm:    norm,
		counter: n.steps(),
		train:   train,
		grads:   clipped(g.Scope("clip"), grads, norm, clipNorm),
	}
}

// slot makes the zero-filled state of one variable.
func (s *step) slot(name string, v *tf.Variable) *tf.Variable {
	zeros := func(g *tf.Graph) tf.Output { return filled(g, v.Shape, 0) }
	return s.n.g.Variable("optimizer/"+name+"/"+v.Name, tf.Float32, v.Shape, zeros, false)
}

// constant tells whether v learns at the base rate throughout.
func (s *step) constant(v *tf.Variable) bool { return s.n.weights.constant[v.Name] }

// rate is the learning rate of a variable in this step.
func (s *step) rate(v *tf.Variable) tf.Output {
	rate := s.lr
	if s.constant(v) {
		rate = s.g.Scalar(s.base)
	}
	if factor, ok := s.n.weights.scaled[v.Name]; ok {
		rate = s.g.Mul(rate, factor)
	}
	return rate
}

// finish joins the updates of the weights with those of the moving averages,
// does what has to come after them, and counts the step.
func (s *step) finish(applied []tf.Op) Update {
	changed := s.g.After(applied...)
	all := append(s.n.Updates(), changed.AssignAdd(s.counter, s.g.Const(int64(1))))
	for _, build := range s.n.weights.after {
		all = append(all, build(changed))
	}
	return Update{Op: s.g.Group(all...), GradientNorm: s.norm}
}

// jointNorm is the Euclidean norm of all gradients together.
func jointNorm(g *tf.Graph, grads []tf.Output) tf.Output {
	halves := make([]tf.Output, len(grads))
	for i, grad := range grads {
		halves[i] = g.L2Loss(grad)
	}
	return g.Sqrt(g.Mul(g.AddN(halves), g.Scalar(2)))
}

// clipped scales gradients of a joint norm so that it is at most limit (Pascanu,
// Mikolov and Bengio, ICML 2013, arXiv:1211.5063); 0 leaves them alone.
func clipped(g *tf.Graph, grads []tf.Output, norm tf.Output, limit float64) []tf.Output {
	if limit == 0 {
		return grads
	}
	scale := g.Div(g.Scalar(limit), g.Maximum(norm, g.Scalar(limit)))
	out := make([]tf.Output, len(grads))
	for i, grad := range grads {
		out[i] = g.Mul(grad, scale)
	}
	return out
}
