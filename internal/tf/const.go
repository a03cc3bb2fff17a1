package tf

import (
	"fmt"
	"math"
	"reflect"

	graft "github.com/wamuir/graft/tensorflow"
)

// Placeholder adds an input under an exact name, whatever the scope; -1 is a size
// that is known at the run only. A fixed batch makes faster graphs.
func (g *Graph) Placeholder(name string, dt DType, dims ...int) Output {
	shape := make(Shape, len(dims))
	for i, d := range dims {
		shape[i] = int64(max(d, -1))
	}
	return g.OpNamed(name, "Placeholder", Attrs{"dtype": dt, "shape": shape})[0]
}

// Const adds a constant from a Go scalar or a rectangular, nested slice or array
// of float32, float64, int32, int64, uint8, uint32, uint64, bool, string, or int,
// which becomes int32.
func (g *Graph) Const(v any) Output {
	if g.err != nil {
		return Output{}
	}
	t, err := constant(v)
	if err != nil {
		return g.Failf("constant: %w", err)
	}
	// A constant under a control dependency cannot be folded, and gains nothing.
	free := &Graph{shared: g.shared, prefix: g.prefix}
	return free.build("Const", "", Attrs{"dtype": t.dt, "value": t}, nil)[0]
}

// Scalar adds a float32 constant.
func (g *Graph) Scalar(x float64) Output {
	if math.IsInf(float64(float32(x)), 0) && !math.IsInf(x, 0) {
		return g.Failf("constant: %v does not fit in float32", x)
	}
	return g.Const(float32(x))
}

// Ints adds a constant int32 vector, the form of axes, shapes and indices that
// gradients accept.
func (g *Graph) Ints(v ...int) Output {
	if v == nil {
		v = []int{}
	}
	return g.Const(v)
}

// Axes is Ints, for reading.
func (g *Graph) Axes(v ...int) Output { return g.Ints(v...) }

var kinds = map[reflect.Kind]DType{
	reflect.Float32: Float32, reflect.Float64: Float64,
	reflect.Int: Int32, reflect.Int32: Int32, reflect.Int64: Int64,
	reflect.Uint8: Uint8, reflect.Uint32: Uint32, reflect.Uint64: Uint64,
	reflect.Bool: Bool, reflect.String: String,
}

// constant converts a Go value to a tensor.
func constant(v any) (*Tensor, error) {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return nil, fmt.Errorf("nil is no value")
	}
	dims, kind := extent(value)
	dt, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("%T is no type of tensor", v)
	}
	if dt == String {
		c, err := graft.NewTensor(v)
		return &Tensor{c: c, dt: String}, err
	}
	t, err := Alloc(dt, dims...)
	if err != nil {
		return nil, err
	}
	to := reflect.ValueOf(t.typed())
	at := 0
	err = fill(to, &at, value, dims)
	return t, err
}

// extent returns the sizes along the first elements, and the kind of element.
func extent(v reflect.Value) ([]int, reflect.Kind) {
	dims := []int{}
	typ := v.Type()
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Array {
		n := 0
		if v.IsValid() {
			n = v.Len()
		} else if typ.Kind() == reflect.Array {
			n = typ.Len()
		}
		dims = append(dims, n)
		if n > 0 && v.IsValid() {
			v = v.Index(0)
		} else {
			v = reflect.Value{}
		}
		typ = typ.Elem()
	}
	return dims, typ.Kind()
}

// typed returns the tensor's memory as a slice of its element type.
func (t *Tensor) typed() any {
	switch t.dt {
	case Float32:
		return t.Float32s()
	case Float64:
		return t.Float64s()
	case Int32:
		return t.Int32s()
	case Int64:
		return t.Int64s()
	case Uint32:
		return t.Uint32s()
	case Uint64:
		return t.Uint64s()
	case Bool:
		return t.Bools()
	}
	return t.Uint8s()
}

// fill copies v, which should have the sizes dims, to the slice to from index at.
func fill(to reflect.Value, at *int, v reflect.Value, dims []int) error {
	if len(dims) == 0 {
		if v.Kind() == reflect.Int && int64(int32(v.Int())) != v.Int() {
			return fmt.Errorf("%d does not fit in int32", v.Int())
		}
		to.Index(*at).Set(v.Convert(to.Type().Elem()))
		*at++
		return nil
	}
	if v.Len() != dims[0] {
		return fmt.Errorf("rows have different lengths, %d and %d", dims[0], v.Len())
	}
	if len(dims) == 1 && v.Kind() == reflect.Slice && v.Type().Elem() == to.Type().Elem() {
		*at += reflect.Copy(to.Slice(*at, to.Len()), v)
		return nil
	}
	for i := range dims[0] {
		if err := fill(to, at, v.Index(i), dims[1:]); err != nil {
			return err
		}
	}
	return nil
}
