package nn_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/kernels"
	"sslpipe/internal/nn"
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
		if err := kernels.Use(name); err != nil {
			continue
		}
		t.Run(name, test)
	}
}

// fusedCase is a layer on an input.
type fusedCase struct {
	n, h, w, c int
	groups     int
	build      func(n *nn.Net, x tf.Output) tf.Output
}

func residual(expansion, filters, stride int) func(n *nn.Net, x tf.Output) tf.Output {
	norm := func(name string) nn.Norm { return nn.Norm{Name: name, Momentum: 0.9, Epsilon: 1e-3} }
	r := nn.Residual{
		Expand: "expand", Depthwise: "depthwise", Project: "project",
		ExpandNorm: norm("expand_bn"), DepthwiseNorm: norm("depthwise_bn"), ProjectNorm: norm("project_bn"),
		Expansion: expansion, Filters: filters, Stride: stride,
	}
	return func(n *nn.Net, x tf.Output) tf.Output { return n.InvertedResidual(r, x) }
}

func convNorm(filters, kernel, stride int) func(n *nn.Net, x tf.Output) tf.Output {
	return func(n *nn.Net, x tf.Output) tf.Output {
		return n.ConvNorm("conv", nn.Norm{Name: "conv_bn", Momentum: 0.9, Epsilon: 1e-3}, x, filters, kernel, stride)
	}
}

func fusedCases() map[string]fusedCase {
	return map[string]fusedCase{
		"block, residual":                {2, 8, 8, 16, 1, residual(6, 16, 1)},
		"block, stride 2":                {3, 8, 8, 16, 1, residual(6, 24, 2)},
		"block, stride 2 on odd maps":    {2, 7, 5, 8, 1, residual(6, 8, 2)},
		"block, odd maps":                {2, 7, 9, 8, 1, residual(6, 16, 1)},
		"block without expansion":        {2, 8, 8, 16, 1, residual(1, 8, 1)},
		"block without it, residual":     {2, 6, 6, 16, 1, residual(1, 16, 1)},
		"block, 1x1 maps":                {9, 1, 1, 16, 1, residual(6, 16, 1)},
		"block, 2x2 to 1x1":              {9, 2, 2, 16, 1, residual(6, 24, 2)},
		"block, odd numbers of channels": {2, 5, 5, 5, 1, residual(3, 7, 1)},
		"block, groups":                  {6, 4, 4, 8, 3, residual(6, 8, 1)},
		"block, wide":                    {5, 4, 4, 64, 1, residual(6, 96, 1)},
		"block, wide to narrow":          {40, 2, 2, 160, 1, residual(6, 160, 1)},
		"convolution 3x3, stride 2":      {2, 9, 8, 3, 1, convNorm(16, 3, 2)},
		"convolution 3x3 of grey":        {4, 8, 8, 1, 2, convNorm(8, 3, 1)},
		"convolution 1x1":                {5, 3, 3, 24, 1, convNorm(40, 1, 1)},
		"convolution 1x1, wide":          {70, 2, 2, 160, 1, convNorm(640, 1, 1)},
		"convolution 1x1, many images":   {300, 4, 4, 8, 2, convNorm(16, 1, 1)},
	}
}

// TensorFlow's own operations are the referee: outputs, gradients by all weights
// and by the input, and moving averages.
func TestFusedLayersAreTheStockOnes(t *testing.T) {
	for name, c := range fusedCases() {
		t.Run(name, func(t *testing.T) {
			want := c.evaluate(t, false, 1)
			eachInstructions(t, func(t *testing.T) {
				for what, got := range c.evaluate(t, true, 2) {
					tolerance := 2e-5
					if strings.HasSuffix(what, "moving_mean") {
						tolerance = 1e-4 // means are small beside the values that they are of
					}
					if e := relative(got, want[what]); e > tolerance {
						t.Errorf("%s differs by %.2g of its size", what, e)
					}
				}
			})
		})
	}
}

// The number of threads is not part of a result.
func TestFusedLayersAreEqualForAllThreads(t *testing.T) {
	for name, c := range fusedCases() {
		t.Run(name, func(t *testing.T) {
			one := c.evaluate(t, true, 1)
			for what, got := range c.evaluate(t, true, 3) {
				if !slices.Equal(got, one[what]) {
					t.Errorf("%s is another with 3 threads than with 1", what)
				}
			}
		})
	}
}

// evaluate computes a layer and all its gradients. Weights are drawn around those
// that training starts from.
func (c fusedCase) evaluate(t *testing.T, fused bool, threads int) map[string][]float32 {
	t.Helper()
	g := newGraph(t)
	n := nn.NewNet(g, 1).Groups(c.groups)
	if fused {
		n = n.Fused()
	}
	x := g.Placeholder("x", tf.Float32, c.n, c.h, c.w, c.c)
	y := c.build(n, x)
	if has := strings.Contains(y.Name(), "StopGradient"); has != fused {
		t.Fatalf("fused %v ends in %s", fused, y.Name())
	}
	weights := g.Placeholder("weights", tf.Float32, y.Shape().Ints()...)
	// The square makes the gradient depend on the output.
	loss := g.Sum(g.Mul(g.Add(y, g.Square(y)), weights), false)
	labels, outs := []string{"y"}, []tf.Output{y}
	xs := []tf.Output{x}
	for _, v := range n.Trainable() {
		xs = append(xs, v.Read())
	}
	for i, grad := range g.Gradients(loss, xs) {
		label := "gradient of x"
		if i > 0 {
			label = "gradient of " + n.Trainable()[i-1].Name
		}
		labels, outs = append(labels, label), append(outs, grad)
	}
	start := g.InitOp()
	var changes []tf.Op
	for i, v := range n.Trainable() {
		size := 1
		for _, d := range v.Shape {
			size *= int(d)
		}
		bump := g.Reshape(g.Const(wave(size, float64(i))), v.Shape.Ints()...)
		changes = append(changes, g.AssignAdd(v, g.Mul(bump, g.Scalar(0.2))))
	}
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	run(t, s, nil, start)
	run(t, s, nil, changes...)
	feeds := map[tf.Output]*tf.Tensor{
		x:       tensor(t, wave(c.n*c.h*c.w*c.c, 0.5), c.n, c.h, c.w, c.c),
		weights: tensor(t, wave(count(y.Shape()), 0.7), y.Shape().Ints()...),
	}
	results := map[string][]float32{}
	fetched, err := s.Run(feeds, outs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range fetched {
		results[labels[i]] = tftest.Float32s(r)
	}
	run(t, s, feeds, n.Updates()...)
	for _, v := range n.Variables() {
		if !v.Trainable {
			results[v.Name] = fetch(t, s, v.Read())[0]
		}
	}
	return results
}

func count(s tf.Shape) int {
	n := 1
	for _, d := range s {
		n *= int(d)
	}
	return n
}

// relative is the largest difference, relative to the largest value.
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
	if size == 0 {
		return worst
	}
	return worst / size
}

// Two applications with one set of weights, a stock layer between fused ones, a
// sum of both ways, and derivatives by something in the middle.
func TestGradientsGoAroundFusedLayers(t *testing.T) {
	compute := func(fused bool) map[string][]float32 {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		x := g.Reshape(g.Const(wave(2*6*6*8, 0.3)), 2, 6, 6, 8)
		block := residual(6, 8, 1)
		first := block(n, x)
		middle := g.Tanh(g.Mul(first, g.Scalar(0.5)))
		second := block(n, middle)
		other := n.ConvNorm("side", nn.Norm{Name: "side_bn", Momentum: 0.9, Epsilon: 1e-3}, first, 8, 1, 1)
		y := g.Add(g.Add(second, other), middle)
		loss := g.Sum(g.Mul(g.Square(y), g.Reshape(g.Const(wave(2*6*6*8, 0.9)), 2, 6, 6, 8)), false)
		labels, xs := []string{"x", "first", "middle"}, []tf.Output{x, first, middle}
		for _, v := range n.Trainable() {
			labels, xs = append(labels, v.Name), append(xs, v.Read())
		}
		outs := tftest.Eval(t, g, append(g.Gradients(loss, xs), y)...)
		results := map[string][]float32{"y": outs[len(xs)]}
		for i, label := range labels {
			results[label] = outs[i]
		}
		return results
	}
	want := compute(false)
	for what, got := range compute(true) {
		if e := relative(got, want[what]); e > 1e-4 {
			t.Errorf("the gradient of %s differs by %.2g of its size", what, e)
		}
	}
}

// What is frozen costs nothing: no operation of its gradient is in the graph.
func TestFrozenFusedLayersHaveNoGradients(t *testing.T) {
	gradients := func(train func(v *tf.Variable) bool) int64 {
		g := newGraph(t)
		n := nn.NewNet(g, 1).Fused()
		y := convNorm(8, 1, 1)(n, residual(6, 8, 1)(n, g.Reshape(g.Const(wave(2*4*4*8, 0)), 2, 4, 4, 8)))
		before, err := g.FLOPs()
		if err != nil {
			t.Fatal(err)
		}
		var xs []tf.Output
		for _, v := range n.Trainable() {
			if train(v) {
				xs = append(xs, v.Read())
			}
		}
		g.Gradients(g.Sum(y, false), xs)
		after, err := g.FLOPs()
		if err != nil {
			t.Fatal(err)
		}
		return after - before
	}
	// 32 positions; the last convolution has 64 weights, the block 8*48 + 9*48 + 48*8.
	const last, block = 2 * 32 * 64, 2 * 32 * (8*48 + 9*48 + 48*8)
	if got := gradients(func(v *tf.Variable) bool { return strings.HasPrefix(v.Name, "conv") }); got != last {
		t.Errorf("with the block frozen the gradients take %d operations, want %d", got, last)
	}
	// The block's own input needs no gradient: half of its first convolution is left out.
	if got, want := gradients(func(*tf.Variable) bool { return true }), int64(2*last+2*block-2*32*8*48); got != want {
		t.Errorf("all gradients take %d operations, want %d", got, want)
	}
}

func TestFusedLayersWithoutGradientAreAnError(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1).Fused()
	x := g.Reshape(g.Const(wave(2*4*4*8, 0)), 2, 4, 4, 8)
	y := residual(6, 8, 1)(n, g.StopGradient(x))
	g.Gradients(g.Sum(y, false), []tf.Output{x})
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "no gradient flows to Reshape:0") {
		t.Errorf("error %v, want one about no gradient", err)
	}
}

// A batch whose size is not known before a run, and does not fit, is an error.
func TestUnequalGroupsOfAFusedLayerAreAnError(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1).Fused()
	x := g.Placeholder("x", tf.Float32, -1, 2, 2, 8)
	y, _ := g.FusedConvNorm(x, tf.Layer{
		Kernel: n.Variable("k", tf.Shape{1, 1, 8, 8}, nn.Ones, true).Read(),
		Gamma:  n.Variable("g", tf.Shape{8}, nn.Ones, true).Read(),
		Beta:   n.Variable("b", tf.Shape{8}, nn.Zeros, true).Read(),
	}, 1, 2, 1e-3)
	s := tftest.Session(t, g)
	feed := func(images int) error {
		_, err := s.Run(map[tf.Output]*tf.Tensor{x: tensor(t, wave(images*32, 0), images, 2, 2, 8)}, []tf.Output{y})
		return err
	}
	if err := feed(4); err != nil {
		t.Error(err)
	}
	for _, images := range []int{3, 0} {
		if err := feed(images); err == nil || !strings.Contains(err.Error(), "does not consist of equal groups") {
			t.Errorf("%d images: error %v, want one about groups", images, err)
		}
	}
}

// A momentum copy is made of the same operations, and has no gradient.
func TestFusedFollowersAreTheStockOnes(t *testing.T) {
	compute := func(fused bool) []float32 {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		x := g.Reshape(g.Const(wave(2*4*4*8, 0)), 2, 4, 4, 8)
		residual(6, 8, 1)(n, x)
		return tftest.Eval(t, g, residual(6, 8, 1)(n.Follow(g.Scalar(0.9)), x))[0]
	}
	if e := relative(compute(true), compute(false)); e > 1e-5 {
		t.Errorf("the copy's output differs by %.2g", e)
	}
}

// Adam with decay in one operation is the one of TensorFlow's operations: variables
// with and without decay, at the schedule's rate, at a constant one and at a scaled one.
func TestFusedAdamIsTheStockOne(t *testing.T) {
	steps := func(fused bool, threads int) [][]float32 {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		variables := []*tf.Variable{
			n.Variable("matrix", tf.Shape{173, 211}, nn.GlorotUniform, true),
			n.Variable("vector", tf.Shape{13}, nn.Ones, true),
			n.ConstantRate().Variable("constant", tf.Shape{7, 3}, nn.GlorotUniform, true),
			n.Variable("scaled", tf.Shape{5, 5}, nn.GlorotUniform, true),
		}
		n.ScaleRate(variables[3], g.Scalar(0.25))
		var parts []tf.Output
		for i, v := range variables {
			weights := g.Reshape(g.Const(wave(count(v.Shape), float64(i))), v.Shape.Ints()...)
			parts = append(parts, g.Sum(g.Mul(g.Add(v.Read(), g.Square(v.Read())), weights), false))
		}
		o := &nn.AdamW{LearningRate: 1e-2, WeightDecay: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8}
		step := o.Apply(n, g.AddN(parts), g.Scalar(3e-3), n.Trainable()).Op
		start := g.InitOp()
		s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		run(t, s, nil, start)
		for range 4 {
			run(t, s, nil, step)
		}
		var reads []tf.Output
		for _, v := range g.Variables() {
			if v.DType == tf.Float32 {
				reads = append(reads, v.Read())
			}
		}
		return fetch(t, s, reads...)
	}
	want := steps(false, 1)
	if len(want) != 12 {
		t.Fatalf("%d variables, want 4 with 2 moments each", len(want))
	}
	eachInstructions(t, func(t *testing.T) {
		for i, got := range steps(true, 2) {
			if e := relative(got, want[i]); e > 2e-6 {
				t.Errorf("variable %d differs by %.2g of its size", i, e)
			}
		}
	})
}
