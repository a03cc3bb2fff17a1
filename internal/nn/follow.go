package nn

import "sslpipe/internal/tf"

// follow makes a net's variables momentum copies of another's.
type follow struct {
	momentum tf.Output
}

// followPrefix is put before the name of a variable to name its momentum copy.
const followPrefix = "momentum/"

// Follow returns a net in training mode with the layers of n, in which every
// weight is a momentum copy of n's weight of the same name (He et al., CVPR 2020,
// arXiv:1911.05722): it starts with the same value, gets no gradient, and after
// each training step becomes
//
//	copy = momentum*copy + (1-momentum)*weight
//
// with the new weight. momentum is a float32 scalar. Batch-norm uses the batch's
// statistics and keeps no averages. The layers of n must be built as well, before
// or after.
func (n *Net) Follow(momentum tf.Output) *Net {
	f := n.Branch().Mode(true)
	f.follow = &follow{momentum: momentum}
	return f
}

// follower makes the copy of the weight called name.
func (n *Net) follower(name string, shape tf.Shape, init Initializer) *tf.Variable {
	known := n.weights.byName[followPrefix+name] != nil
	v := n.variable(followPrefix+name, name, shape, init, false)
	if !known {
		n.AfterStep(func(g *tf.Graph) tf.Op { return n.catchUp(g, v, name) })
	}
	return v
}

// catchUp moves a copy towards the weight that it follows.
func (n *Net) catchUp(g *tf.Graph, v *tf.Variable, name string) tf.Op {
	weight, ok := n.weights.byName[name]
	if !ok {
		n.g.Failf("%s follows a variable that no layer has made", v.Name)
		return tf.Op{}
	}
	gap := g.Sub(g.ReadVariable(v), g.ReadVariable(weight))
	return g.AssignSub(v, g.Mul(gap, g.Sub(g.Scalar(1), n.follow.momentum)))
}
