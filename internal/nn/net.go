// Package nn builds neural networks in a TensorFlow graph: layers whose
// variables are made once by name, initialisers, losses, optimisers and
// learning-rate schedules.
//
// It refuses to keep state of its own: everything that a step changes is a
// variable of the graph (weights, moving averages, optimiser slots, the step
// counter), so a checkpoint of all variables resumes with the same bits. It
// knows nothing of data, of HCL files or of whole networks, which belong to
// package backbone.
//
// A new optimiser is one file with its config struct and a line in Optimizers;
// a new schedule the same with Schedules.
package nn

import (
	"slices"

	"sslpipe/internal/tf"
)

// Net makes layers in one graph. A variable is created by the first layer that
// names it and shared by every later one, so a network can be applied to several
// inputs, and in both modes, with the same weights.
//
// A new Net is in training mode.
type Net struct {
	g        *tf.Graph
	training bool
	constant bool // variables made here ignore the schedule
	exempt   bool // variables made here do not decay
	fused    bool // blocks are single operations
	mixed    precision
	groups   int // parts of a batch with batch statistics of their own; 0 is one
	visible  *visibility
	// synchronised takes batch statistics over all workers.
	synchronised bool
	follow       *follow
	weights      *weights
	own          *[]*tf.Variable
}

// weights is what nets derived from one another share.
type weights struct {
	seed    int64
	byName  map[string]*tf.Variable
	updates []tf.Op
	// pending is the newest update of a moving average, which the next one of
	// the same variable has to wait for.
	pending map[string]tf.Op
	// moves are those of fused layers that wait to become one update, by momentum.
	moves map[float64][]tf.Average
	// constant are the names of variables that learn at the base rate throughout.
	constant map[string]bool
	// exempt are the names of variables that do not decay, whatever their rank.
	exempt map[string]bool
	// draws counts the applications of random layers, by name.
	draws map[string]int
	// counter is the number of training steps; nil until somebody asks for it.
	counter *tf.Variable
	// scaled are factors of the rate, by the name of the variable.
	scaled map[string]tf.Output
	// after builds what happens once the optimiser has changed the weights.
	after []func(g *tf.Graph) tf.Op
}

// NewNet returns a net without variables. The seed keys the initialisers: the
// initial value of a variable depends on the seed and on its name only, so
// adding a layer does not change the start of any other.
func NewNet(g *tf.Graph, seed int64) *Net {
	w := &weights{seed: seed, byName: map[string]*tf.Variable{}, pending: map[string]tf.Op{}, moves: map[float64][]tf.Average{}, constant: map[string]bool{}, exempt: map[string]bool{}, draws: map[string]int{}, scaled: map[string]tf.Output{}}
	return &Net{g: g, training: true, weights: w, own: new([]*tf.Variable)}
}

// Mode returns a net over the same variables that builds layers for training
// (batch statistics, dropout, collected updates) or for inference.
func (n *Net) Mode(training bool) *Net {
	m := *n
	m.training = training
	return &m
}

// Branch returns a net that shares variables and updates with n, but lists only
// those variables that are first made through it: an encoder and the heads on
// it are branches of one net.
func (n *Net) Branch() *Net {
	b := *n
	b.own = new([]*tf.Variable)
	return &b
}

// ConstantRate returns a net like n, the variables of which learn at the
// optimiser's base rate throughout, whatever the schedule.
func (n *Net) ConstantRate() *Net {
	c := *n
	c.constant = true
	return &c
}

// WithoutDecay returns a net like n, the variables of which are exempt from weight
// decay: positions, tokens that stand for something.
func (n *Net) WithoutDecay() *Net {
	m := *n
	m.exempt = true
	return &m
}

// ScaleRate makes v learn at factor, a float32 scalar of the graph, times the
// rate that it would have otherwise. Weight decay scales with it. Moving averages
// have no rate, and follow the data even where the factor is 0.
func (n *Net) ScaleRate(v *tf.Variable, factor tf.Output) { n.weights.scaled[v.Name] = factor }

// AfterStep adds an operation to every training step. It is built on a view of
// the graph that comes after the loss and after the optimiser's changes; reads
// made there (tf.Graph.ReadVariable) see the new weights.
func (n *Net) AfterStep(build func(g *tf.Graph) tf.Op) {
	n.weights.after = append(n.weights.after, build)
}

// Graph is the graph that layers are built in.
func (n *Net) Graph() *tf.Graph { return n.g }

// Training tells whether layers are built for training.
func (n *Net) Training() bool { return n.training }

// Variables returns the model variables of this branch in order of creation.
// Optimiser slots are not among them.
func (n *Net) Variables() []*tf.Variable { return slices.Clone(*n.own) }

// Trainable returns the variables of this branch that gradients change, in
// order of creation: all but moving averages.
func (n *Net) Trainable() []*tf.Variable {
	return slices.DeleteFunc(n.Variables(), func(v *tf.Variable) bool { return !v.Trainable })
}

// NoDecay tells whether v is exempt from weight decay and from layer-wise rate
// scaling: biases and the scale and offset of norms, which are the variables of
// rank below 2, and those of WithoutDecay.
func (n *Net) NoDecay(v *tf.Variable) bool { return len(v.Shape) < 2 || n.weights.exempt[v.Name] }

// Updates returns the moving-average updates that layers in training mode have
// collected so far, over all branches. They must run once with every training
// step; the operation that Optimizer.Apply returns includes them.
func (n *Net) Updates() []tf.Op {
	n.moveAll()
	return slices.Clone(n.weights.updates)
}

// Variable returns the variable of that name, making it at first use. Layers
// call it; so do heads with weights of their own (mask tokens, queues).
func (n *Net) Variable(name string, shape tf.Shape, init Initializer, trainable bool) *tf.Variable {
	if n.follow != nil {
		return n.follower(name, shape, init)
	}
	v := n.variable(name, name, shape, init, trainable)
	if n.constant {
		n.weights.constant[name] = true
	}
	if n.exempt {
		n.weights.exempt[name] = true
	}
	return v
}

// variable makes the variable called name, or finds it. Its initial value is that
// of the variable called like, if both are drawn by the same initialiser.
func (n *Net) variable(name, like string, shape tf.Shape, init Initializer, trainable bool) *tf.Variable {
	if v, ok := n.weights.byName[name]; ok {
		if !slices.Equal(v.Shape, shape) {
			n.g.Failf("variable %s has shape %v and is asked for with shape %v", name, v.Shape, shape)
		}
		return v
	}
	seed := seedFor(n.weights.seed, like)
	v := n.g.Variable(name, tf.Float32, shape, func(g *tf.Graph) tf.Output { return init(g, seed, shape) }, trainable)
	n.weights.byName[name] = v
	*n.own = append(*n.own, v)
	return v
}
