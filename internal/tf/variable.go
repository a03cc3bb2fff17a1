package tf

import (
	"fmt"
	"slices"

	graft "github.com/wamuir/graft/tensorflow"
)

// Variable is a tensor whose value a session keeps between runs.
type Variable struct {
	Name      string
	DType     DType
	Shape     Shape
	Trainable bool // goes into a SavedModel's list of trainable variables

	g      *Graph
	handle Output
	read   Output
	init   Op
}

// Variable adds a variable under an exact name, whatever the scope; the name is
// also its key in checkpoints. init builds its initial value [shape], which
// InitOp assigns; without init the variable must be restored before it is read.
// An error of the graph makes a variable whose outputs are zero.
func (g *Graph) Variable(name string, dt DType, shape Shape, init func(g *Graph) Output, trainable bool) *Variable {
	v := &Variable{Name: name, DType: dt, Shape: slices.Clone(shape), Trainable: trainable, g: g.root()}
	if v.Shape == nil {
		v.Shape = Shape{}
	}
	if !v.Shape.known() {
		g.Failf("variable %s: the shape %s is not fully known", name, v.Shape)
	}
	// The kernel knows a variable by shared_name only: without one of its own it
	// would be the same as every other such variable.
	v.handle = v.g.OpNamed(name, "VarHandleOp", Attrs{"dtype": dt, "shape": v.Shape, "shared_name": name})[0]
	// Tools that freeze or convert models look for a read of this name.
	v.read = v.g.OpNamed(name+"/Read/ReadVariableOp", "ReadVariableOp", Attrs{"dtype": dt}, v.handle)[0]
	if init != nil {
		value := init(v.g.Scope("init/" + name))
		v.init = v.g.Assign(v, value)
	}
	if g.err == nil {
		g.vars = append(g.vars, v)
	}
	return v
}

// Read returns the value of v at some time in the run; every call returns the
// same node. A node that assigns v in the same run should depend on it, as
// gradients do, or the two race.
func (v *Variable) Read() Output { return v.read }

// Fresh returns a new read of v, without dependencies; see Graph.ReadVariable.
func (v *Variable) Fresh() Output { return v.g.ReadVariable(v) }

// ReadVariable returns a new read of v, after the operations of g.After.
func (g *Graph) ReadVariable(v *Variable) Output {
	return g.Op("ReadVariableOp", Attrs{"dtype": v.DType}, v.handle)[0]
}

// Assign sets v to x, which must have v's type and shape.
func (g *Graph) Assign(v *Variable, x Output) Op {
	if !g.assignable("assign", v, x) {
		return Op{}
	}
	if g.aliasesFeed(x) {
		// The variable would keep the fed tensor's memory, and change when that
		// is refilled.
		x = g.Op("DeepCopy", nil, x)[0]
	}
	return g.target("AssignVariableOp", Attrs{"dtype": v.DType, "validate_shape": true}, v.handle, x)
}

// AssignAdd adds x to v.
func (g *Graph) AssignAdd(v *Variable, x Output) Op {
	if !g.assignable("add", v, x) {
		return Op{}
	}
	return g.target("AssignAddVariableOp", nil, v.handle, x)
}

// AssignSub subtracts x from v.
func (g *Graph) AssignSub(v *Variable, x Output) Op {
	if !g.assignable("subtract", v, x) {
		return Op{}
	}
	return g.target("AssignSubVariableOp", nil, v.handle, x)
}

// assignable checks types and static shapes where TensorFlow would name neither.
func (g *Graph) assignable(verb string, v *Variable, x Output) bool {
	if g.err != nil {
		return false
	}
	if !x.in(g) {
		g.Failf("variable %s: %w", v.Name, errForeign)
		return false
	}
	if x.DType() != v.DType || !x.Shape().fits(v.Shape) {
		g.Failf("variable %s: cannot %s %s %s to %s %s", v.Name, verb, x.DType(), x.Shape(), v.DType, v.Shape)
		return false
	}
	return true
}

// aliasing operations hand on their input's memory.
var aliasing = map[string]bool{
	"Identity": true, "StopGradient": true, "Reshape": true, "Squeeze": true, "ExpandDims": true, "Snapshot": true,
}

// aliasesFeed tells whether x may be the memory of a fed tensor.
func (g *Graph) aliasesFeed(x Output) bool {
	op, at := x.out.Op, x.out
	for aliasing[op.Type()] {
		at = graft.Consumer{Op: op, Index: 0}.Producer()
		op = at.Op
	}
	return op.Type() == "Placeholder"
}

// Variables returns the graph's variables in order of creation.
func (g *Graph) Variables() []*Variable { return slices.Clone(g.vars) }

// InitOp returns an operation that gives every variable so far its initial
// value. The order among variables is open.
func (g *Graph) InitOp() Op {
	var inits []Op
	for _, v := range g.vars {
		if v.init.op != nil {
			inits = append(inits, v.init)
		}
	}
	return g.root().Group(inits...)
}

// Group returns an operation that is done when all of ops are.
func (g *Graph) Group(ops ...Op) Op { return g.After(ops...).target("NoOp", nil) }

// ApplyMomentum is one step of gradient descent with momentum:
// accum = momentum*accum + grad; v -= lr*accum, or with nesterov
// v -= lr*(grad + momentum*accum). lr and momentum are float32 scalars.
func (g *Graph) ApplyMomentum(v, accum *Variable, lr, grad, momentum Output, nesterov bool) Op {
	return g.target("ResourceApplyMomentum", Attrs{"use_nesterov": nesterov}, v.handle, accum.handle, lr, grad, momentum)
}

// ApplyAdam is one step of Adam (Kingma and Ba, ICLR 2015, arXiv:1412.6980).
// beta1Power and beta2Power are beta1 and beta2 to the power of the step, counted
// from 1; all but grad are float32 scalars.
func (g *Graph) ApplyAdam(v, m, vv *Variable, beta1Power, beta2Power, lr, beta1, beta2, eps, grad Output) Op {
	return g.target("ResourceApplyAdam", nil, v.handle, m.handle, vv.handle, beta1Power, beta2Power, lr, beta1, beta2, eps, grad)
}

// String describes the variable, as "float32 head/kernel [1280 10]".
func (v *Variable) String() string { return fmt.Sprintf("%s %s %s", v.DType, v.Name, v.Shape) }
