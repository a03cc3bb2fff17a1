// Package tftest helps tests that compute with TensorFlow: it loads the library,
// evaluates graphs and checks gradients by finite differences. It is for tests
// only; a check that several packages need belongs here.
package tftest

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
)

// RuntimeVariable names the environment variable with the folder of an unpacked
// TensorFlow runtime, for tests outside of an installed checkout.
const RuntimeVariable = "SSLPIPE_TEST_RUNTIME"

// DeviceVariable names the environment variable with the device that Session and Eval
// compute on: cpu, which is the default, or gpu. bench/gpu.sh runs the tests of networks
// on a GPU by it.
const DeviceVariable = "SSLPIPE_TEST_DEVICE"

// Device is what Session computes on.
func Device() tf.Device {
	if d := tf.Device(os.Getenv(DeviceVariable)); d != "" {
		return d
	}
	return tf.CPU
}

// Load loads TensorFlow from $SSLPIPE_TEST_RUNTIME, or from where `runtime
// install` puts it, and fails the test if there is none.
func Load(t testing.TB) {
	t.Helper()
	if err := tf.Load(Dir(t)); err != nil {
		t.Fatal(err)
	}
	// From Ampere on, GPUs cut the factors of float32 products to 10 bits unless told
	// otherwise, after Load, which takes such settings away: referees compute with all.
	if err := os.Setenv("NVIDIA_TF32_OVERRIDE", "0"); err != nil {
		t.Fatal(err)
	}
}

// Dir returns the folder of the runtime that Load uses.
func Dir(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(RuntimeVariable); dir != "" {
		return dir
	}
	dir, err := tfruntime.Find(filepath.Join(checkout(t), ".deps"), string(Device()))
	if err != nil {
		t.Fatalf("this test needs TensorFlow; run ./sslpipe runtime install %s (or set %s): %v", Device(), RuntimeVariable, err)
	}
	return dir
}

// checkout finds the folder of go.mod, in which a test's folder lies.
func checkout(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("there is no go.mod above the test's folder")
		}
	}
}

// Graph returns an empty graph for Device, once TensorFlow is loaded.
func Graph(t testing.TB) *tf.Graph {
	t.Helper()
	Load(t)
	g := tf.NewGraph()
	g.For(Device())
	return g
}

// Session starts a session with one thread in which all variables have their
// initial values; it closes with the test.
func Session(t testing.TB, g *tf.Graph) *tf.Session {
	t.Helper()
	start := g.InitOp()
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: Device()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Run(nil, nil, start); err != nil {
		t.Fatal(err)
	}
	return s
}

// Eval returns the elements of outs, of any numeric type, in row-major order,
// with all variables at their initial values.
func Eval(t testing.TB, g *tf.Graph, outs ...tf.Output) [][]float32 {
	t.Helper()
	results, err := Session(t, g).Run(nil, outs)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(results))
	for i, r := range results {
		values[i] = Float32s(r)
	}
	return values
}

// Float32s converts the elements of a numeric tensor.
func Float32s(r *tf.Tensor) []float32 {
	switch r.DType() {
	case tf.Float64:
		return converted(r.Float64s())
	case tf.Int32:
		return converted(r.Int32s())
	case tf.Int64:
		return converted(r.Int64s())
	case tf.Uint8:
		return converted(r.Uint8s())
	case tf.Bool:
		ones := make([]float32, len(r.Bools()))
		for i, b := range r.Bools() {
			if b {
				ones[i] = 1
			}
		}
		return ones
	}
	return r.Float32s()
}

func converted[T float64 | int32 | int64 | uint8](v []T) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// CheckGradient compares the gradient of build's result with central
// differences of width eps at x, whose shape is dims, element by element. A
// result that is not a scalar is summed with different weights for its elements.
// The error may be tol, or tol relative to a derivative above 1.
func CheckGradient(t testing.TB, build func(g *tf.Graph, x tf.Output) tf.Output, x []float32, dims []int, eps, tol float64) {
	t.Helper()
	g := tf.NewGraph()
	in := g.Placeholder("x", tf.Float32, dims...)
	loss := weighted(g, build(g, in))
	grad := g.Gradients(loss, []tf.Output{in})[0]
	s := Session(t, g)
	at := func(x []float32, fetch tf.Output) []float32 {
		fed, err := tf.FromFloat32s(x, dims...)
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(map[tf.Output]*tf.Tensor{in: fed}, []tf.Output{fetch})
		if err != nil {
			t.Fatal(err)
		}
		return Float32s(out[0])
	}
	got := at(x, grad)
	if len(got) != len(x) {
		t.Fatalf("the gradient has %d elements, x has %d", len(got), len(x))
	}
	for i := range x {
		moved := slices.Clone(x)
		moved[i] = x[i] + float32(eps)
		step, high := float64(moved[i]), at(moved, loss)[0]
		moved[i] = x[i] - float32(eps)
		step -= float64(moved[i])
		want := (float64(high) - float64(at(moved, loss)[0])) / step
		if !(math.Abs(float64(got[i])-want) <= tol*max(1, math.Abs(want))) {
			t.Errorf("d/dx[%d] is %v, the central difference %v", i, got[i], want)
		}
	}
}

// weighted sums y with weights between 0.5 and 1.5 that no symmetry hides.
func weighted(g *tf.Graph, y tf.Output) tf.Output {
	n := 1
	for _, d := range y.Shape() {
		n *= max(int(d), 0)
	}
	if y.Rank() == 0 {
		return y
	}
	weights := make([]float32, n)
	for i := range weights {
		weights[i] = float32(1 + 0.5*math.Sin(float64(1+3*i)))
	}
	return g.Sum(g.Mul(g.Reshape(y, n), g.Const(weights)), false)
}
