// Package tf is the one door to TensorFlow: it opens the C library at run time,
// builds graphs with static shapes, runs sessions, keeps variables in
// checkpoints, and writes and reads SavedModels.
//
// A Graph collects the first error of whoever builds on it, with the builder's
// file and line, and does nothing from then on, so that builders read like the
// papers; NewSession returns that error. Operations whose C++ gradients are
// missing or silently wrong (dilated convolutions, sparse cross-entropy,
// LogSoftmax beyond rank 2, 64-bit axes) are not offered or are refused. What is
// not here can be built with Graph.Op, at one's own risk.
//
// The package refuses to know layers, networks, data or files of ours. A new
// operation is a method beside its relatives in the ops_*.go files, and a case
// in the gradient test; a new C function is a line in symbols.txt; an operation of our
// own is an entry in a list of operations.h.
package tf

//go:generate go run ./gen

import (
	"fmt"
	"slices"

	graft "github.com/wamuir/graft/tensorflow"
)

// DType is the type of a tensor's elements. The zero value is no type.
type DType int

// The types that this program computes with.
const (
	Float32 = DType(graft.Float)
	Float64 = DType(graft.Double)
	Int32   = DType(graft.Int32)
	Int64   = DType(graft.Int64)
	Uint8   = DType(graft.Uint8)
	Uint32  = DType(graft.Uint32)
	Uint64  = DType(graft.Uint64)
	Bool    = DType(graft.Bool)
	String  = DType(graft.String)
	// BFloat16 is float32 cut to 8 bits of precision. It lives inside of graphs only:
	// tensors are neither fed nor fetched as such.
	BFloat16 = DType(graft.Bfloat16)

	resource = DType(20) // DT_RESOURCE, the type of a variable's handle
)

var dtypes = map[DType]struct {
	name string
	size int
}{
	Float32: {"float32", 4}, Float64: {"float64", 8},
	Int32: {"int32", 4}, Int64: {"int64", 8},
	Uint8: {"uint8", 1}, Uint32: {"uint32", 4}, Uint64: {"uint64", 8},
	Bool: {"bool", 1}, BFloat16: {"bfloat16", 2}, String: {"string", 0}, resource: {"resource", 0},
}

// String returns the name that TensorFlow's Python API uses.
func (d DType) String() string {
	if t, ok := dtypes[d]; ok {
		return t.name
	}
	return fmt.Sprintf("dtype %d", int(d))
}

// Size returns the bytes of one element, 0 for strings and unknown types.
func (d DType) Size() int { return dtypes[d].size }

func (d DType) floating() bool { return d == Float32 || d == Float64 || d == BFloat16 }

// Device is the class of hardware that a session runs on.
type Device string

// The devices that a session can ask for; the zero value means CPU.
const (
	CPU Device = "cpu"
	GPU Device = "gpu"
)

// Shape is a static shape: -1 is a size that is not known before a run, and a
// nil Shape an unknown rank. The empty, non-nil Shape is a scalar's.
type Shape []int64

// String formats a shape as "[8, ?, 3]".
func (s Shape) String() string { return s.graft().String() }

// Ints returns the sizes, in the form that operations take.
func (s Shape) Ints() []int {
	dims := make([]int, len(s))
	for i, d := range s {
		dims[i] = int(d)
	}
	return dims
}

func (s Shape) graft() graft.Shape {
	if s == nil {
		return graft.Shape{}
	}
	return graft.MakeShape(s...)
}

// known tells whether the rank and all sizes are known.
func (s Shape) known() bool { return s != nil && slices.Min(append(Shape{0}, s...)) >= 0 }

// fits tells whether a value of dims can have the static shape s.
func (s Shape) fits(dims []int64) bool {
	if s == nil {
		return true
	}
	if len(s) != len(dims) {
		return false
	}
	for i, d := range s {
		if d >= 0 && dims[i] >= 0 && d != dims[i] {
			return false
		}
	}
	return true
}
