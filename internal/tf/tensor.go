package tf

import (
	"fmt"
	"math"
	"slices"
	"unsafe"

	graft "github.com/wamuir/graft/tensorflow"
)

// Tensor is a value outside of a graph: a feed or the result of a run.
//
// The memory of a tensor from Alloc and the From functions is TensorFlow's: it is
// fed without a copy and may be refilled between runs. Slices of it stay valid
// only while the Tensor is reachable, so keep the Tensor beside them. The memory
// of a result is Go's; its slices may outlive it.
type Tensor struct {
	c    *graft.Tensor // nil for results
	dt   DType
	dims []int64
	raw  []byte   // all types but String
	strs []string // String
}

// maxElements bounds a tensor, so that sizes in bytes stay far from overflow.
const maxElements = 1 << 40

// Alloc returns a tensor whose elements are not initialised. No dims make a
// scalar. Strings have no memory to refill: use FromStrings.
func Alloc(dt DType, dims ...int) (*Tensor, error) {
	if !library.loaded.Load() {
		return nil, fmt.Errorf("allocate tensor: %w", ErrNotLoaded)
	}
	if dt.Size() == 0 {
		return nil, fmt.Errorf("allocate tensor: %s elements have no fixed size", dt)
	}
	t := &Tensor{dt: dt, dims: make([]int64, len(dims))}
	n := 1
	for i, d := range dims {
		if d < 0 || (d > 0 && n > maxElements/d) {
			return nil, fmt.Errorf("allocate tensor: %v is no shape", dims)
		}
		t.dims[i] = int64(d)
		n *= d
	}
	c, err := allocate(dt, t.dims)
	if err != nil {
		return nil, fmt.Errorf("allocate tensor %s %v: %w", dt, dims, err)
	}
	t.c, t.raw = c, memory(c)
	return t, nil
}

type number interface {
	float32 | float64 | int32 | int64 | uint8 | uint32 | uint64 | bool
}

// view reads memory as elements of another type.
func view[T number](raw []byte) []T {
	var zero T
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/int(unsafe.Sizeof(zero)))
}

func from[T number](dt DType, values []T, dims []int) (*Tensor, error) {
	t, err := Alloc(dt, dims...)
	if err != nil {
		return nil, err
	}
	to := view[T](t.raw)
	if len(to) != len(values) {
		return nil, fmt.Errorf("make tensor: %d values do not fill the shape %v", len(values), dims)
	}
	copy(to, values)
	return t, nil
}

// FromUint8s copies values into a new tensor.
func FromUint8s(values []uint8, dims ...int) (*Tensor, error) { return from(Uint8, values, dims) }

// FromFloat32s copies values into a new tensor.
func FromFloat32s(values []float32, dims ...int) (*Tensor, error) { return from(Float32, values, dims) }

// FromInt32s copies values into a new tensor.
func FromInt32s(values []int32, dims ...int) (*Tensor, error) { return from(Int32, values, dims) }

// FromInt64s copies values into a new tensor.
func FromInt64s(values []int64, dims ...int) (*Tensor, error) { return from(Int64, values, dims) }

// FromStrings copies values, of any bytes, into a new tensor of rank 1, or into
// a scalar when the list of dims is empty and there is one value. A string
// tensor has rank 0 or 1.
func FromStrings(values []string, dims ...int) (*Tensor, error) {
	if !library.loaded.Load() {
		return nil, fmt.Errorf("make tensor: %w", ErrNotLoaded)
	}
	t := &Tensor{dt: String, strs: slices.Clone(values)}
	var content any = t.strs
	switch {
	case len(dims) == 0 && len(values) == 1:
		content = t.strs[0]
	case len(dims) == 1 && dims[0] == len(values):
		t.dims = []int64{int64(len(values))}
	default:
		return nil, fmt.Errorf("make tensor: %d strings do not fill the shape %v", len(values), dims)
	}
	var err error
	if t.c, err = graft.NewTensor(content); err != nil {
		return nil, fmt.Errorf("make string tensor: %w", err)
	}
	return t, nil
}

// DType returns the type of the elements.
func (t *Tensor) DType() DType { return t.dt }

// Dims returns the shape; a scalar's is empty.
func (t *Tensor) Dims() []int {
	dims := make([]int, len(t.dims))
	for i, d := range t.dims {
		dims[i] = int(d)
	}
	return dims
}

func elements[T number](t *Tensor, dt DType) []T {
	if t.dt != dt {
		return nil
	}
	return view[T](t.raw)
}

// Bytes returns the memory of a tensor of numbers, in the machine's byte order.
func (t *Tensor) Bytes() []byte {
	return t.raw
}

// Uint8s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Uint8s() []uint8 { return elements[uint8](t, Uint8) }

// Float32s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Float32s() []float32 { return elements[float32](t, Float32) }

// Float64s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Float64s() []float64 { return elements[float64](t, Float64) }

// Int32s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Int32s() []int32 { return elements[int32](t, Int32) }

// Int64s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Int64s() []int64 { return elements[int64](t, Int64) }

// Uint32s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Uint32s() []uint32 { return elements[uint32](t, Uint32) }

// Uint64s returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Uint64s() []uint64 { return elements[uint64](t, Uint64) }

// Bools returns the elements in row-major order, nil if they have another type.
func (t *Tensor) Bools() []bool { return elements[bool](t, Bool) }

// Strings returns a string tensor's elements, nil if they have another type.
func (t *Tensor) Strings() []string { return t.strs }

// Float returns the first element of a numeric tensor, which for a scalar is its
// value, and NaN if there is none.
func (t *Tensor) Float() float64 {
	if len(t.raw) == 0 {
		return math.NaN()
	}
	switch t.dt {
	case Float32:
		return float64(t.Float32s()[0])
	case Float64:
		return t.Float64s()[0]
	case Int32:
		return float64(t.Int32s()[0])
	case Int64:
		return float64(t.Int64s()[0])
	case Uint32:
		return float64(t.Uint32s()[0])
	case Uint64:
		return float64(t.Uint64s()[0])
	}
	return float64(t.raw[0]) // uint8 and bool
}
