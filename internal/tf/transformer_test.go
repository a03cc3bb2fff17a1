package tf_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/kernels"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// eachInstructions runs a test with all kernels that this processor has.
func eachInstructions(t *testing.T, test func(t *testing.T)) {
	best := kernels.Instructions()
	t.Cleanup(func() {
		if err := kernels.Use(best); err != nil {
			t.Error(err)
		}
	})
	for _, name := range []string{"generic", "avx2", "avx512"} {
		if kernels.Use(name) == nil {
			t.Run(name, test)
		}
	}
}

// layerCase is a layer of transformers on inputs of these sizes, as one operation
// and by its formula, which is evaluated in float64.
type layerCase struct {
	sizes   [][]int
	fused   func(g *tf.Graph, in []tf.Output) tf.Output
	formula func(g *tf.Graph, in []tf.Output) tf.Output
}

func scalar(g *tf.Graph, x float64) tf.Output { return g.Cast(g.Scalar(x), tf.Float64) }

func layerNormCase(sizes ...int) layerCase {
	c := sizes[len(sizes)-1]
	return layerCase{
		sizes: [][]int{sizes, {c}, {c}},
		fused: func(g *tf.Graph, in []tf.Output) tf.Output { return g.FusedLayerNorm(in[0], in[1], in[2], 1e-3) },
		formula: func(g *tf.Graph, in []tf.Output) tf.Output {
			centred := g.Sub(in[0], g.Mean(in[0], true, -1))
			variance := g.Mean(g.Square(centred), true, -1)
			return g.Add(g.Mul(g.Div(centred, g.Sqrt(g.Add(variance, scalar(g, 1e-3)))), in[1]), in[2])
		},
	}
}

// denseCase has rows times k, a kernel and what with says: "bias", "residual", "gelu", "transposed".
func denseCase(rows, k, n int, with ...string) layerCase {
	has := func(what string) bool { return slices.Contains(with, what) }
	c := layerCase{sizes: [][]int{{rows, k}, {k, n}}}
	if has("transposed") {
		c.sizes[1] = []int{n, k}
	}
	if has("bias") {
		c.sizes = append(c.sizes, []int{n})
	}
	if has("residual") {
		c.sizes = append(c.sizes, []int{rows, n})
	}
	c.fused = func(g *tf.Graph, in []tf.Output) tf.Output {
		d := tf.Dense{GELU: has("gelu"), Transposed: has("transposed")}
		if has("bias") {
			d.Bias = in[2]
		}
		if has("residual") {
			d.Residual = in[len(in)-1]
		}
		return g.FusedDense(in[0], in[1], d)
	}
	c.formula = func(g *tf.Graph, in []tf.Output) tf.Output {
		y := g.MatMul(in[0], in[1], false, has("transposed"))
		if has("bias") {
			y = g.BiasAdd(y, in[2])
		}
		if has("gelu") {
			y = g.Mul(g.Mul(y, scalar(g, 0.5)), g.Add(scalar(g, 1), g.Erf(g.Mul(y, g.Cast(g.Const(math.Sqrt(0.5)), tf.Float64)))))
		}
		if has("residual") {
			y = g.Add(y, in[len(in)-1])
		}
		return y
	}
	return c
}

// attentionCase hides the keys whose number is in hidden, counted over all examples.
func attentionCase(n, length, heads, d int, causal bool, hidden func(i int) bool) layerCase {
	width := heads * d
	present := make([]float32, n*length)
	for i := range present {
		if !hidden(i) {
			present[i] = 1
		}
	}
	c := layerCase{sizes: [][]int{{n, length, width}, {n, length, width}, {n, length, width}}}
	c.fused = func(g *tf.Graph, in []tf.Output) tf.Output {
		a := tf.Attention{Heads: heads, Causal: causal}
		if slices.Contains(present, 0) {
			a.Present = g.Reshape(g.Const(present), n, length)
		}
		return g.FusedAttention(in[0], in[1], in[2], a)
	}
	c.formula = func(g *tf.Graph, in []tf.Output) tf.Output {
		var parts [3]tf.Output
		for i := range parts {
			parts[i] = g.Transpose(g.Reshape(in[i], n, length, heads, d), 0, 2, 1, 3)
		}
		scores := g.Mul(g.BatchMatMul(parts[0], parts[1], false, true), scalar(g, 1/math.Sqrt(float64(d))))
		seen, blind := visible(g, n, length, causal, present)
		scores = g.Sub(scores, g.Mul(g.StopGradient(scores), blind))
		e := g.Mul(g.Exp(scores), seen)
		y := g.BatchMatMul(g.Div(e, g.Sum(e, true, -1)), parts[2], false, false)
		return g.Reshape(g.Transpose(y, 0, 2, 1, 3), n, length, width)
	}
	return c
}

// visible is 1 where a query sees a key, [n, 1, length, length], and 1 where all that a
// query could see is hidden, in which case it sees that, [n, 1, length, 1].
func visible(g *tf.Graph, n, length int, causal bool, present []float32) (seen, blind tf.Output) {
	sees, none := make([]float32, n*length*length), make([]float32, n*length)
	for row := range none {
		keys := length
		if causal {
			keys = row%length + 1
		}
		there := present[row/length*length:][:keys]
		if !slices.ContainsFunc(there, func(p float32) bool { return p != 0 }) {
			none[row] = 1
		}
		for key, p := range there {
			if p != 0 || none[row] != 0 {
				sees[row*length+key] = 1
			}
		}
	}
	return g.Cast(g.Reshape(g.Const(sees), n, 1, length, length), tf.Float64), g.Cast(g.Reshape(g.Const(none), n, 1, length, 1), tf.Float64)
}

func labelsCase(rows, classes int) layerCase {
	labels := make([]int32, rows)
	for i := range labels {
		labels[i] = int32((i * 7) % classes)
	}
	labels[1], labels[2] = -1, int32(classes) // no class: no loss, no gradient
	return layerCase{
		sizes: [][]int{{rows, classes}},
		fused: func(g *tf.Graph, in []tf.Output) tf.Output { return g.FusedCrossEntropy(in[0], g.Const(labels)) },
		formula: func(g *tf.Graph, in []tf.Output) tf.Output {
			target := g.Cast(g.OneHot(g.Const(labels), classes), tf.Float64)
			sum := g.Mul(g.Log(g.Sum(g.Exp(in[0]), false, 1)), g.Sum(target, false, 1))
			return g.Sub(sum, g.Sum(g.Mul(in[0], target), false, 1))
		},
	}
}

func embeddingCase(rows, c int, ids ...int32) layerCase {
	lookup := func(gather func(g *tf.Graph, table, ids tf.Output) tf.Output) func(g *tf.Graph, in []tf.Output) tf.Output {
		return func(g *tf.Graph, in []tf.Output) tf.Output {
			return gather(g, in[0], g.Reshape(g.Const(ids), 2, len(ids)/2))
		}
	}
	return layerCase{
		sizes:   [][]int{{rows, c}},
		fused:   lookup(func(g *tf.Graph, table, ids tf.Output) tf.Output { return g.FusedEmbedding(table, ids) }),
		formula: lookup(func(g *tf.Graph, table, ids tf.Output) tf.Output { return g.Gather(table, ids, 0) }),
	}
}

// rotationCase turns pairs of numbers by complex multiplication, written out.
func rotationCase(n, length, heads, d int) layerCase {
	half := d / 2
	codes, sines, cosines := make([]float32, length*d), make([]float32, length*half), make([]float32, length*half)
	for i := range sines {
		p, k := i/half, i%half
		sin, cos := math.Sincos(float64(p) / math.Pow(10000, float64(k)/float64(half)))
		sines[i], cosines[i] = float32(sin), float32(cos)
		codes[p*d+k], codes[p*d+half+k] = sines[i], cosines[i]
	}
	return layerCase{
		sizes: [][]int{{n, length, heads * d}},
		fused: func(g *tf.Graph, in []tf.Output) tf.Output {
			return g.FusedRotation(in[0], g.Reshape(g.Const(codes), length, d), heads)
		},
		formula: func(g *tf.Graph, in []tf.Output) tf.Output {
			angle := func(values []float32) tf.Output {
				return g.Cast(g.Reshape(g.Const(values), 1, length, 1, half), tf.Float64)
			}
			x := g.Reshape(in[0], n, length, heads, 2, half)
			u, v := g.Gather(x, g.Const(int32(0)), 3), g.Gather(x, g.Const(int32(1)), 3)
			real := g.Sub(g.Mul(u, angle(cosines)), g.Mul(v, angle(sines)))
			imaginary := g.Add(g.Mul(v, angle(cosines)), g.Mul(u, angle(sines)))
			return g.Reshape(g.Stack(3, real, imaginary), n, length, heads*d)
		},
	}
}

func layerCases() map[string]layerCase {
	none := func(int) bool { return false }
	return map[string]layerCase{
		"layer-norm":                              layerNormCase(5, 7, 24),
		"layer-norm, many rows of odd size":       layerNormCase(900, 13),
		"layer-norm of one row":                   layerNormCase(1, 300),
		"dense":                                   denseCase(7, 20, 9),
		"dense, bias":                             denseCase(100, 64, 48, "bias"),
		"dense, GELU":                             denseCase(50, 30, 40, "bias", "gelu"),
		"dense, everything":                       denseCase(197, 33, 17, "bias", "gelu", "residual"),
		"dense, transposed":                       denseCase(97, 24, 300, "bias", "transposed"),
		"dense, residual":                         denseCase(13, 20, 20, "residual"),
		"dense, several tiles of each":            denseCase(530, 270, 300, "bias", "gelu"),
		"dense, transposed tiles":                 denseCase(200, 300, 270, "transposed"),
		"dense, one row and column":               denseCase(1, 3, 1, "bias"),
		"attention":                               attentionCase(2, 16, 2, 16, false, none),
		"attention, one position":                 attentionCase(3, 1, 2, 8, false, none),
		"attention, odd sizes":                    attentionCase(2, 51, 3, 20, false, none),
		"attention, causal":                       attentionCase(2, 70, 2, 20, true, none),
		"attention, causal, whole vectors":        attentionCase(1, 64, 1, 32, true, none),
		"attention, padding":                      attentionCase(3, 13, 2, 5, false, func(i int) bool { return i%13 > 9 }),
		"attention, an example that is not there": attentionCase(3, 13, 2, 20, false, func(i int) bool { return i/13 == 1 || i%4 == 2 }),
		"attention, queries that see nothing":     attentionCase(2, 50, 2, 24, true, func(i int) bool { return i%50 < 5 }),
		"attention, long":                         attentionCase(1, 257, 1, 65, true, func(i int) bool { return i%9 == 0 }),
		"cross-entropy":                           labelsCase(5, 11),
		"cross-entropy, many":                     labelsCase(21, 1003),
		"rotation":                                rotationCase(3, 7, 2, 16),
		"rotation of odd halves":                  rotationCase(2, 5, 3, 22),
		"embedding":                               embeddingCase(40, 20, 3, 3, 0, 39, 7, 3),
	}
}

// bent is wave, so that products of many do not grow.
func bent(size []int, phase float64) []float32 {
	values := wave(product(size), phase)
	if len(size) == 2 {
		for i := range values {
			values[i] /= float32(math.Sqrt(math.Min(float64(size[0]), float64(size[1]))))
		}
	}
	return values
}

// evaluate computes y and the gradients of all inputs.
func (c layerCase) evaluate(t *testing.T, fused bool, threads int) [][]float32 {
	t.Helper()
	g := tf.NewGraph()
	var in []tf.Output
	for i, size := range c.sizes {
		x := g.Reshape(g.Const(bent(size, float64(i))), size...)
		if !fused {
			x = g.Cast(x, tf.Float64)
		}
		in = append(in, g.Identity(x))
	}
	build := c.formula
	if fused {
		build = c.fused
	}
	y := build(g, in)
	if has := strings.Contains(y.Name(), "StopGradient"); has != fused && g.Err() == nil {
		t.Fatalf("fused %v ends in %s", fused, y.Name())
	}
	// The square makes the gradient depend on the output.
	weights := g.Cast(g.Reshape(g.Const(wave(product(y.Shape().Ints()), 0.7)), y.Shape().Ints()...), y.DType())
	loss := g.Sum(g.Mul(g.Add(y, g.Square(y)), weights), false)
	outs := append([]tf.Output{y}, g.Gradients(loss, in)...)
	for i, o := range outs {
		outs[i] = g.Cast(o, tf.Float32)
	}
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	fetched, err := s.Run(nil, outs)
	if err != nil {
		t.Fatal(err)
	}
	results := make([][]float32, len(fetched))
	for i, r := range fetched {
		results[i] = tftest.Float32s(r)
	}
	return results
}

// relative is the largest difference, relative to the largest value, or to 0.001 where all are smaller.
func relative(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var worst, size float64
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		worst, size = max(worst, d), max(size, math.Abs(float64(want[i])))
	}
	return worst / max(size, 1e-3)
}

// The formulas by TensorFlow's own operations in float64 are the referee: outputs,
// and gradients by all inputs.
func TestLayersOfTransformersAreTheirFormulas(t *testing.T) {
	tftest.Load(t)
	for name, c := range layerCases() {
		t.Run(name, func(t *testing.T) {
			want := c.evaluate(t, false, 1)
			eachInstructions(t, func(t *testing.T) {
				for i, got := range c.evaluate(t, true, 2) {
					if e := relative(got, want[i]); e > 1e-5 {
						t.Errorf("result %d (0 is y, then gradients) differs by %.2g of its size", i, e)
					}
				}
			})
		})
	}
}

// The number of threads is not part of a result.
func TestLayersOfTransformersAreEqualForAllThreads(t *testing.T) {
	tftest.Load(t)
	for name, c := range layerCases() {
		t.Run(name, func(t *testing.T) {
			one := c.evaluate(t, true, 1)
			for _, threads := range []int{2, 3} {
				for i, got := range c.evaluate(t, true, threads) {
					if !slices.Equal(got, one[i]) {
						t.Errorf("result %d is another with %d threads than with 1", i, threads)
					}
				}
			}
		})
	}
}

// A number that is none must be seen in the loss, not lost in a comparison.
func TestLayersOfTransformersKeepWhatIsNotANumber(t *testing.T) {
	tftest.Load(t)
	const rows, columns = 5, 20
	values := wave(rows*columns, 0)
	values[2*columns+3] = float32(math.NaN())
	for name, build := range map[string]func(g *tf.Graph, x tf.Output) tf.Output{
		"layer-norm": func(g *tf.Graph, x tf.Output) tf.Output {
			return g.FusedLayerNorm(x, g.Const(wave(columns, 1)), g.Const(wave(columns, 2)), 1e-6)
		},
		"dense": func(g *tf.Graph, x tf.Output) tf.Output {
			return g.FusedDense(x, g.Reshape(g.Const(wave(columns*7, 1)), columns, 7), tf.Dense{GELU: true})
		},
		"attention": func(g *tf.Graph, x tf.Output) tf.Output {
			x = g.ExpandDims(x, 0)
			return g.FusedAttention(x, x, g.Reshape(g.Const(wave(rows*columns, 1)), 1, rows, columns), tf.Attention{Heads: 2})
		},
		"cross-entropy": func(g *tf.Graph, x tf.Output) tf.Output {
			return g.FusedCrossEntropy(x, g.Const([]int32{1, 2, 3, 4, 5}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachInstructions(t, func(t *testing.T) {
				g := tf.NewGraph()
				y := build(g, g.Reshape(g.Const(values), rows, columns))
				if sum := tftest.Eval(t, g, g.Sum(y, false))[0][0]; !math.IsNaN(float64(sum)) {
					t.Errorf("the sum is %v", sum)
				}
			})
		})
	}
}

// What does not fit is an error of the run, and not a read beyond an array.
func TestLayersOfTransformersRefuseWhatDoesNotFit(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, -1, -1, 12)
	row := g.Const(wave(12, 0))
	cases := map[string]tf.Output{
		"empty":           g.FusedLayerNorm(x, row, row, 1e-6),
		"wrong shape":     g.FusedLayerNorm(x, g.Const(wave(11, 0)), row, 1e-6),
		"does not fit":    g.FusedDense(x, g.Reshape(g.Const(wave(10*3, 0)), 10, 3), tf.Dense{}),
		"equal heads":     g.FusedAttention(x, x, x, tf.Attention{Heads: 5}),
		"of a wrong shap": g.FusedAttention(x, x, x, tf.Attention{Heads: 2, Present: g.Reshape(row, 1, 12)}),
	}
	s := tftest.Session(t, g)
	for want, y := range cases {
		length := 3
		if want == "empty" {
			length = 0
		}
		fed, err := tf.FromFloat32s(wave(2*length*12, 0), 2, length, 12)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Run(map[tf.Output]*tf.Tensor{x: fed}, []tf.Output{y}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
