package nn_test

import (
	"math"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// newGraph returns an empty graph once TensorFlow is loaded.
func newGraph(t *testing.T) *tf.Graph {
	t.Helper()
	return tftest.Graph(t)
}

func fetch(t *testing.T, s *tf.Session, outs ...tf.Output) [][]float32 {
	t.Helper()
	tensors, err := s.Run(nil, outs)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(tensors))
	for i, x := range tensors {
		values[i] = append([]float32(nil), x.Float32s()...)
	}
	return values
}

func run(t *testing.T, s *tf.Session, feeds map[tf.Output]*tf.Tensor, ops ...tf.Op) {
	t.Helper()
	if _, err := s.Run(feeds, nil, ops...); err != nil {
		t.Fatal(err)
	}
}

func tensor(t *testing.T, values []float32, dims ...int) *tf.Tensor {
	t.Helper()
	x, err := tf.FromFloat32s(values, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// wave returns n values without pattern or repetition, of mean near 0.
func wave(n int, phase float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(1.3*math.Sin(1.7*float64(i)+phase) + 0.4*math.Cos(0.31*float64(i*i)+phase))
	}
	return values
}

func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) <= tolerance*max(1, math.Abs(float64(want[i])))) {
			t.Fatalf("%s[%d] = %v, want %v\ngot  %v\nwant %v", what, i, got[i], want[i], got, want)
		}
	}
}

// checkParameters compares the gradient of a scalar loss with central
// differences, for every element of every trainable variable.
func checkParameters(t *testing.T, n *nn.Net, loss tf.Output, tolerance float64) {
	t.Helper()
	const step = 1e-2
	g, vars := n.Graph(), n.Trainable()
	if len(vars) == 0 {
		return
	}
	values, assigns, reads := make([]tf.Output, len(vars)), make([]tf.Op, len(vars)), make([]tf.Output, len(vars))
	for i, v := range vars {
		values[i] = g.Placeholder("perturbed/"+v.Name, tf.Float32, intDims(v.Shape)...)
		assigns[i] = g.Assign(v, values[i])
		reads[i] = v.Read()
	}
	grads := g.Gradients(loss, reads)
	s := tftest.Session(t, g)
	for i, v := range vars {
		now := fetch(t, s, reads[i], grads[i])
		lossAt := func(j int, d float32) float64 {
			moved := append([]float32(nil), now[0]...)
			moved[j] += d
			run(t, s, map[tf.Output]*tf.Tensor{values[i]: tensor(t, moved, intDims(v.Shape)...)}, assigns[i])
			return float64(fetch(t, s, loss)[0][0])
		}
		for j, got := range now[1] {
			want := (lossAt(j, step) - lossAt(j, -step)) / (2 * step)
			if math.Abs(float64(got)-want) > tolerance*max(1, math.Abs(want)) {
				t.Errorf("gradient of %s[%d] is %v, central difference %v", v.Name, j, got, want)
			}
		}
		lossAt(0, 0)
	}
}

func intDims(shape tf.Shape) []int {
	dims := make([]int, len(shape))
	for i, d := range shape {
		dims[i] = int(d)
	}
	return dims
}

// weighted is a scalar that every element of y moves differently.
func weighted(g *tf.Graph, y tf.Output) tf.Output {
	size := 1
	for _, d := range y.Shape() {
		size *= int(d)
	}
	return g.Sum(g.Mul(g.Reshape(y, size), g.Const(wave(size, 0.5))), false)
}
