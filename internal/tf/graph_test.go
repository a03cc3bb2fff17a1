package tf_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func newGraph(t testing.TB) *tf.Graph {
	t.Helper()
	tftest.Load(t)
	return tf.NewGraph()
}

// wantError fails unless err holds all parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	g := newGraph(t)
	a, b := g.Scalar(1), g.Scalar(2)
	inner := g.Scope("block").Scope("conv")
	got := []string{a.Name(), b.Name(), g.Add(a, b).Name(), g.Add(a, b).Name(), inner.Add(a, b).Name(), inner.Add(a, b).Name()}
	want := []string{"Const:0", "Const_1:0", "AddV2:0", "AddV2_1:0", "block/conv/AddV2:0", "block/conv/AddV2_1:0"}
	if !slices.Equal(got, want) {
		t.Errorf("names are %q, want %q", got, want)
	}
	if exact := g.Scope("x").OpNamed("Relu", "Relu", nil, a)[0].Name(); exact != "Relu:0" {
		t.Errorf("an exact name became %s", exact)
	}
	if next := g.Relu(a).Name(); next != "Relu_1:0" {
		t.Errorf("a name that was taken exactly is given as %s", next)
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	g.OpNamed("Relu", "Relu", nil, a)
	wantError(t, g.Err(), `already a node named "Relu"`)
}

func TestStaticShapes(t *testing.T) {
	g := newGraph(t)
	x := g.Placeholder("x", tf.Float32, -1, 8, 6, 4)
	pooled := g.Mean(x, false, 1, -2)
	unknown := g.Op("Placeholder", tf.Attrs{"dtype": tf.Int64, "shape": tf.Shape(nil)})[0]
	for _, c := range []struct {
		x    tf.Output
		want string
	}{
		{g.Conv2D(x, g.Const([3][3][4][5]float32{}), 2, "SAME"), "[?, 4, 3, 5]"},
		{g.DepthwiseConv2D(x, g.Const([3][3][4][1]float32{}), 1, "VALID"), "[?, 6, 4, 4]"},
		{pooled, "[?, 4]"},
		{g.Sum(x, true), "[1, 1, 1, 1]"},
		{g.Sum(x, false), "[]"},
		{unknown, "?"},
	} {
		if got := c.x.Shape().String(); got != c.want {
			t.Errorf("%s has shape %s, want %s", c.x.Name(), got, c.want)
		}
	}
	if got := []int{x.Rank(), x.Dim(-1), x.Dim(0), x.Dim(4), unknown.Rank(), unknown.Dim(-1)}; !slices.Equal(got, []int{4, 4, -1, -1, -1, -1}) {
		t.Errorf("ranks and sizes are %v", got)
	}
	if x.DType() != tf.Float32 || x.DType().String() != "float32" || unknown.DType() != tf.Int64 {
		t.Errorf("types are %s and %s", x.DType(), unknown.DType())
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
}

// The first error is kept, with the line of the builder, and everything after it
// is harmless.
func TestFirstErrorStays(t *testing.T) {
	g := newGraph(t)
	a, b := g.Const([]float32{1, 2}), g.Const([]float32{1, 2, 3})
	bad := g.Scope("head").Add(a, b)
	wantError(t, g.Err(), "tf/graph_test.go:", `AddV2 "head/AddV2"`, "float32 [2], float32 [3]", "Dimensions must be equal")
	first := g.Err()
	if bad.Valid() || bad.Rank() != -1 || bad.Name() != "" || bad.DType() != 0 || bad.Op().Name() != "" {
		t.Error("the result of a failed operation is not the zero Output")
	}
	v := g.Variable("v", tf.Float32, tf.Shape{2}, func(g *tf.Graph) tf.Output { return g.Const([]float32{1, 2}) }, true)
	parts := g.Unstack(g.Split(v.Read(), 0, 20)[19], 0)
	y, _, _ := g.FusedBatchNorm(parts[0], a, a, a, a, 1e-3, true)
	grads := g.Gradients(y, []tf.Output{v.Read(), a})
	g.After(v.Read().Op()).Assign(v, grads[1])
	g.Failf("another error")
	saver := g.Saver(g.Variables())
	if err := g.Err(); !errors.Is(err, first) {
		t.Errorf("the error became %v", err)
	}
	if _, err := tf.NewSession(g, tf.SessionOptions{}); !errors.Is(err, first) {
		t.Errorf("NewSession returns %v", err)
	}
	if err := saver.Save(nil, t.TempDir()+"/x"); err == nil {
		t.Error("the saver of a failed graph saves")
	}
}

// Each trap of TensorFlow's C API is an error with a reason here.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		build func(g *tf.Graph)
		want  []string
	}{
		"foreign input": {func(g *tf.Graph) { g.Relu(tf.NewGraph().Scalar(1)) }, []string{"Relu", "not a tensor of this graph"}},
		"zero input":    {func(g *tf.Graph) { g.Relu(tf.Output{}) }, []string{"Relu", "not a tensor of this graph"}},
		"zero control":  {func(g *tf.Graph) { g.After(tf.Op{}).Scalar(1) }, []string{"control dependency"}},
		"node name":     {func(g *tf.Graph) { g.Scope("a b").Relu(g.Scalar(1)) }, []string{`"a b/Relu" is no name`}},
		"LogSoftmax of rank 3": {func(g *tf.Graph) { g.LogSoftmax(g.Const([2][3][4]float32{})) },
			[]string{"LogSoftmax", "rank 2"}},
		"cross-entropy in float64": {func(g *tf.Graph) {
			x := g.Const([2][3]float64{})
			g.SoftmaxCrossEntropy(x, x)
		}, []string{"not float32 of rank 2"}},
		"explicit padding": {func(g *tf.Graph) {
			g.Conv2D(g.Const([1][4][4][1]float32{}), g.Const([3][3][1][1]float32{}), 1, "EXPLICIT")
		}, []string{"SAME or VALID"}},
		"axis":          {func(g *tf.Graph) { g.Sum(g.Const([2][3]float32{}), false, 2) }, []string{"no axis 2", "[2, 3]"}},
		"negative axis": {func(g *tf.Graph) { g.ArgMax(g.Const([2][3]float32{}), -3) }, []string{"no axis -3"}},
		"constant":      {func(g *tf.Graph) { g.Const(struct{}{}) }, []string{"struct {} is no type of tensor"}},
		"nil constant":  {func(g *tf.Graph) { g.Const(nil) }, []string{"nil is no value"}},
		"ragged":        {func(g *tf.Graph) { g.Const([][]float32{{1, 2}, {3}}) }, []string{"rows have different lengths, 2 and 1"}},
		"large int":     {func(g *tf.Graph) { g.Const(1 << 40) }, []string{"does not fit in int32"}},
		"large scalar":  {func(g *tf.Graph) { g.Scalar(1e60) }, []string{"does not fit in float32"}},
		"unknown operation": {func(g *tf.Graph) { g.Op("NoSuchOperation", nil, g.Scalar(1)) },
			[]string{"NoSuchOperation"}},
		"attribute": {func(g *tf.Graph) { g.Op("Relu", tf.Attrs{"x": struct{}{}}, g.Scalar(1)) }, []string{"attribute x"}},
		"seed":      {func(g *tf.Graph) { g.RandomUniform(g.Const([]float32{1, 2}), 3) }, []string{"the seed is float32"}},
		"unreachable x": {func(g *tf.Graph) {
			x := g.Placeholder("far", tf.Float32)
			g.Gradients(g.Square(g.Scalar(2)), []tf.Output{x})
		}, []string{"gradients of Square:0", "far"}},
		"x behind StopGradient": {func(g *tf.Graph) {
			x := g.Placeholder("stopped", tf.Float32)
			g.Gradients(g.Square(g.StopGradient(x)), []tf.Output{x})
		}, []string{"no gradient flows to stopped:0"}},
		"x behind an integer": {func(g *tf.Graph) {
			x := g.Placeholder("cut", tf.Float32)
			g.Gradients(g.Cast(g.Cast(x, tf.Int32), tf.Float32), []tf.Output{x})
		}, []string{"no gradient flows to cut:0"}},
		"integer x": {func(g *tf.Graph) {
			x := g.Placeholder("n", tf.Int32)
			g.Gradients(g.Cast(x, tf.Float32), []tf.Output{x})
		}, []string{"n:0 is int32"}},
		"part of a node's outputs": {func(g *tf.Graph) {
			parts := g.Unstack(g.Const([2]float32{}), 0)
			g.Gradients(g.Square(parts[1]), parts[1:])
		}, []string{"Unpack:1", "Identity"}},
		"no gradient registered": {func(g *tf.Graph) {
			x := g.Placeholder("x", tf.Float32)
			g.Gradients(g.Round(x), []tf.Output{x})
		}, []string{"Round"}},
		"nothing to differentiate by": {func(g *tf.Graph) { g.Gradients(g.Scalar(1), nil) }, []string{"0 to differentiate by"}},
		"variable twice": {func(g *tf.Graph) {
			for range 2 {
				g.Variable("w", tf.Float32, tf.Shape{}, nil, true)
			}
		}, []string{`already a node named "w"`}},
		"variable of unknown size": {func(g *tf.Graph) { g.Variable("w", tf.Float32, tf.Shape{-1}, nil, true) },
			[]string{"variable w", "not fully known"}},
		"initial value": {func(g *tf.Graph) {
			g.Variable("w", tf.Float32, tf.Shape{3}, func(g *tf.Graph) tf.Output { return g.Const([]float32{1, 2}) }, true)
		}, []string{"variable w: cannot assign float32 [2] to float32 [3]"}},
		"assigned type": {func(g *tf.Graph) {
			v := g.Variable("w", tf.Float32, tf.Shape{}, nil, true)
			g.AssignAdd(v, g.Const(1))
		}, []string{"cannot add int32 [] to float32 []"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			c.build(g)
			wantError(t, g.Err(), append(c.want, "tf/graph_test.go:")...)
		})
	}
}

// Several gradients in one graph do not meet each other's names, nor the user's.
func TestSeveralGradients(t *testing.T) {
	g := newGraph(t)
	x := g.Const(float32(3))
	g.Scope("gradients").Relu(x)
	y := g.Mul(g.Square(x), x)
	first := g.Gradients(y, []tf.Output{x})[0]
	g.Scope("gradients_1").Relu(x)
	second := g.Gradients(first, []tf.Output{x})[0]
	seeded := g.GradientsSeeded([]tf.Output{y, g.Square(x)}, []tf.Output{g.Scalar(2), g.Scalar(10)}, []tf.Output{x})[0]
	for i, v := range tftest.Eval(t, g, first, second, seeded) {
		if want := []float32{27, 18, 2*27 + 10*6}[i]; v[0] != want {
			t.Errorf("gradient %d is %v, want %v", i, v[0], want)
		}
	}
}

func TestControlDependencies(t *testing.T) {
	g := newGraph(t)
	v := g.Variable("v", tf.Float32, tf.Shape{}, func(g *tf.Graph) tf.Output { return g.Scalar(1) }, true)
	doubled := g.Assign(v, g.Mul(v.Read(), g.Scalar(2)))
	added := g.After(doubled).AssignAdd(v, g.Scalar(5))
	then := g.After(added).ReadVariable(v)
	for i, v := range tftest.Eval(t, g, v.Read(), then) {
		if want := []float32{1, 7}[i]; v[0] != want {
			t.Errorf("read %d is %v, want %v", i, v[0], want)
		}
	}
}

func TestScopesAndVariableNames(t *testing.T) {
	g := newGraph(t)
	v := g.Scope("network").Variable("Conv1/kernel", tf.Float32, tf.Shape{2}, nil, false)
	if v.Read().Name() != "Conv1/kernel/Read/ReadVariableOp:0" || v.String() != "float32 Conv1/kernel [2]" {
		t.Errorf("the variable is %s, read by %s", v, v.Read().Name())
	}
	if fresh := v.Fresh().Name(); fresh == v.Read().Name() {
		t.Error("a fresh read is the shared one")
	}
	if got := fmt.Sprint(g.Variables()); got != "[float32 Conv1/kernel [2]]" {
		t.Errorf("the graph's variables are %s", got)
	}
}
