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
	Apply(n *Net, loss, lr tf.Output, train []*tf.Variable) tf.Op
	// Rate is the configured base learning rate.
	Rate() float64
}

// step is one training step under construction.
type step struct {
	n *Net
	// g builds after the loss has been computed, and so after every read of
	// the weights that the forward pass makes.
	g       *tf.Graph
	lr      tf.Output
	counter *tf.Variable
	train   []*tf.Variable
	grads   []tf.Output
}

func newStep(n *Net, loss, lr tf.Output, train []*tf.Variable, clipNorm float64) *step {
	g := n.g.Scope("optimizer")
	reads := make([]tf.Output, len(train))
	for i, v := range train {
		reads[i] = v.Read()
	}
	grads := g.Gradients(loss, reads)
	zero := func(g *tf.Graph) tf.Output { return g.Const(int64(0)) }
	return &step{
		n:       n,
		g:       g.After(loss.Op()),
		lr:      lr,
		counter: n.g.Variable("optimizer/step", tf.Int64, tf.Shape{}, zero, false),
		train:   train,
		grads:   clipped(g.Scope("clip"), grads, clipNorm),
	}
}

// slot makes the zero-filled state of one variable.
func (s *step) slot(name string, v *tf.Variable) *tf.Variable {
	zeros := func(g *tf.Graph) tf.Output { return filled(g, v.Shape, 0) }
	return s.n.g.Variable("optimizer/"+name+"/"+v.Name, tf.Float32, v.Shape, zeros, false)
}

// finish joins the updates of the weights with those of the moving averages and
// counts the step once they are all done.
func (s *step) finish(applied []tf.Op) tf.Op {
	counted := s.g.After(applied...).AssignAdd(s.counter, s.g.Const(int64(1)))
	return s.g.Group(append(s.n.Updates(), counted)...)
}

// clipped scales gradients so that their joint Euclidean norm is at most limit
// (Pascanu, Mikolov and Bengio, ICML 2013, arXiv:1211.5063); 0 leaves them alone.
func clipped(g *tf.Graph, grads []tf.Output, limit float64) []tf.Output {
	if limit == 0 || len(grads) == 0 {
		return grads
	}
	halves := make([]tf.Output, len(grads))
	for i, grad := range grads {
		halves[i] = g.L2Loss(grad)
	}
	norm := g.Sqrt(g.Mul(g.AddN(halves), g.Scalar(2)))
	scale := g.Div(g.Scalar(limit), g.Maximum(norm, g.Scalar(limit)))
	out := make([]tf.Output, len(grads))
	for i, grad := range grads {
		out[i] = g.Mul(grad, scale)
	}
	return out
}
