package tf

import (
	"fmt"
	"math"
	"slices"

	graft "github.com/wamuir/graft/tensorflow"
)

// Attrs are the attributes of an operation by TensorFlow's names: string, int64
// (or int), float32 (or float64), bool, DType, Shape, *Tensor, and slices of
// string, int64, float32, bool, DType and Shape.
type Attrs map[string]any

// spareOutputs is how many zero Outputs an operation of a failed graph returns,
// so that its caller may index them.
const spareOutputs = 16

// Op adds any TensorFlow operation, named after its type, and returns its
// outputs. It is the way to what has no method here; whether such an operation
// has a right gradient is for the caller to know.
func (g *Graph) Op(typ string, attrs Attrs, inputs ...Output) []Output {
	return g.build(typ, "", attrs, single(inputs))
}

// OpNamed is Op with an exact node name, whatever the scope. The name must be
// free.
func (g *Graph) OpNamed(name, typ string, attrs Attrs, inputs ...Output) []Output {
	return g.build(typ, name, attrs, single(inputs))
}

// OpList is Op for an operation whose first input is a list, such as ConcatV2,
// Pack or AddN.
func (g *Graph) OpList(typ string, attrs Attrs, list []Output, more ...Output) []Output {
	return g.build(typ, "", attrs, append([]argument{{list: list, isList: true}}, single(more)...))
}

// fanIn is the largest number of tensors that an operation with a list takes
// from its builder. TensorFlow's gradient builder goes through the inputs of a
// node in the order of their addresses once there are more than 8, so that the
// order of sums, and with it the last bits, would differ from run to run.
const fanIn = 7

// nested joins lists of any length by an operation on at most fanIn tensors.
func nested(list []Output, join func(few []Output) Output) Output {
	for len(list) > fanIn {
		var joined []Output
		for few := range slices.Chunk(list, fanIn) {
			joined = append(joined, join(few))
		}
		list = joined
	}
	return join(list)
}

// argument is one input of an operation: a tensor, or a list of them.
type argument struct {
	one    Output
	list   []Output
	isList bool
}

func single(inputs []Output) []argument {
	args := make([]argument, len(inputs))
	for i, in := range inputs {
		args[i] = argument{one: in}
	}
	return args
}

func (a argument) graft(g *Graph) (graft.Input, error) {
	if !a.isList {
		if !a.one.in(g) {
			return nil, errForeign
		}
		return a.one.out, nil
	}
	list := make(graft.OutputList, len(a.list))
	for i, o := range a.list {
		if !o.in(g) {
			return nil, errForeign
		}
		list[i] = o.out
	}
	return list, nil
}

// build adds a node under an exact name, or under one made from its type.
func (g *Graph) build(typ, name string, attrs Attrs, args []argument) []Output {
	op := g.node(typ, name, attrs, args)
	if op == nil {
		return make([]Output, spareOutputs)
	}
	outs := make([]Output, op.NumOutputs())
	for i := range outs {
		outs[i] = Output{out: op.Output(i), of: g.shared}
	}
	return outs
}

// target adds an operation that is run for its effect.
func (g *Graph) target(typ string, attrs Attrs, inputs ...Output) Op {
	return g.effect(typ, attrs, single(inputs))
}

// effect is target for an operation that takes lists.
func (g *Graph) effect(typ string, attrs Attrs, args []argument) Op {
	op := g.node(typ, "", attrs, args)
	if op == nil {
		return Op{}
	}
	return Op{op: op, of: g.shared}
}

// node adds a node, or records why it cannot and returns nil.
func (g *Graph) node(typ, name string, attrs Attrs, args []argument) *graft.Operation {
	if g.err != nil {
		return nil
	}
	spec := graft.OpSpec{Type: typ, Name: name, Device: g.at}
	if name == "" {
		spec.Name = g.unique(typ)
	}
	for _, op := range g.after {
		spec.ControlDependencies = append(spec.ControlDependencies, op.op)
	}
	for _, a := range args {
		in, err := a.graft(g)
		if err != nil {
			g.fail(fmt.Errorf("%s: %w", typ, err))
			return nil
		}
		spec.Input = append(spec.Input, in)
	}
	var err error
	if spec.Attrs, err = attrs.graft(); err != nil {
		g.fail(fmt.Errorf("%s: %w", typ, err))
		return nil
	}
	return g.add(spec)
}

// graft converts attributes to graft's types.
func (a Attrs) graft() (map[string]any, error) {
	out := make(map[string]any, len(a))
	for name, value := range a {
		switch v := value.(type) {
		case string, int64, float32, bool, []string, []int64, []float32, []bool:
			out[name] = v
		case int:
			out[name] = int64(v)
		case float64:
			if math.IsInf(float64(float32(v)), 0) && !math.IsInf(v, 0) {
				return nil, fmt.Errorf("attribute %s: %v does not fit in 32 bits", name, v)
			}
			out[name] = float32(v)
		case DType:
			out[name] = graft.DataType(v)
		case []DType:
			list := make([]graft.DataType, len(v))
			for i, d := range v {
				list[i] = graft.DataType(d)
			}
			out[name] = list
		case Shape:
			out[name] = v.graft()
		case []Shape:
			list := make([]graft.Shape, len(v))
			for i, s := range v {
				list[i] = s.graft()
			}
			out[name] = list
		case *Tensor:
			if v == nil || v.c == nil {
				return nil, fmt.Errorf("attribute %s: the tensor has no memory of TensorFlow's", name)
			}
			out[name] = v.c
		default:
			return nil, fmt.Errorf("attribute %s: %T is no type of attribute", name, value)
		}
	}
	return out, nil
}
