package tf

import (
	"errors"
	"fmt"
	"unsafe"

	graft "github.com/wamuir/graft/tensorflow"
)

// Op is an operation, used as a target of a run or as a control dependency.
type Op struct {
	op *graft.Operation
	of *shared
}

func (o Op) in(g *Graph) bool { return o.op != nil && o.of == g.shared }

// Name returns the name of the node, "" for the zero Op.
func (o Op) Name() string {
	if o.op == nil {
		return ""
	}
	return o.op.Name()
}

// Output is a tensor in a graph: one output of one node. It is comparable. The
// zero Output is what an operation of a failed graph returns.
type Output struct {
	out graft.Output
	of  *shared
}

func (o Output) in(g *Graph) bool { return o.out.Op != nil && o.of == g.shared }

// Valid tells whether o is a tensor of a graph.
func (o Output) Valid() bool { return o.out.Op != nil }

// Op returns the operation that makes o.
func (o Output) Op() Op { return Op{op: o.out.Op, of: o.of} }

// Name returns "node:0", the name in TensorFlow's tools; "" for the zero Output.
func (o Output) Name() string {
	if !o.Valid() {
		return ""
	}
	return fmt.Sprintf("%s:%d", o.out.Op.Name(), o.out.Index)
}

// DType returns the type of the elements, the zero DType for the zero Output.
func (o Output) DType() DType {
	if !o.Valid() {
		return 0
	}
	return DType(o.out.DataType())
}

// Shape returns what is known of the shape before a run.
func (o Output) Shape() Shape {
	if !o.Valid() {
		return nil
	}
	dims, err := o.out.Shape().ToSlice()
	if err != nil {
		return nil
	}
	return dims
}

// Rank returns the number of dimensions, -1 if it is unknown.
func (o Output) Rank() int {
	if s := o.Shape(); s != nil {
		return len(s)
	}
	return -1
}

// Dim returns the size of dimension i, counted from the end if i is negative;
// -1 if it is unknown or there is no such dimension.
func (o Output) Dim(i int) int {
	s := o.Shape()
	if i < 0 {
		i += len(s)
	}
	if i < 0 || i >= len(s) {
		return -1
	}
	return int(s[i])
}

var errForeign = errors.New("an input is not a tensor of this graph")

// handle returns the C pointer of a graft value, which is its first field.
func handle[T any](x *T) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(x)) }
