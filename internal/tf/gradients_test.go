package tf_test

import (
	"math"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// wave returns n values without pattern, at least 0.03 away from zero and from
// each other's neighbourhood, so that no kink lies within a difference.
func wave(n int, phase float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		v := 1.3*math.Sin(1.7*float64(i)+phase) + 0.4*math.Cos(0.31*float64(i*i)+phase)
		values[i] = float32(v + math.Copysign(0.03, v))
	}
	return values
}

func positive(n int) []float32 {
	values := wave(n, 0.3)
	for i, v := range values {
		values[i] = float32(math.Abs(float64(v))) + 0.3
	}
	return values
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}

// Every operation that may lie between a loss and the weights.
func TestGradientsOfOperations(t *testing.T) {
	tftest.Load(t)
	type build = func(g *tf.Graph, x tf.Output) tf.Output
	reshaped := func(g *tf.Graph, n int, phase float64, dims ...int) tf.Output {
		return g.Reshape(g.Const(wave(n, phase)), dims...)
	}
	row := []int{2, 3}
	image := []int{2, 4, 4, 2}
	for name, c := range map[string]struct {
		dims     []int
		positive bool
		f        build
	}{
		"Add":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Add(x, g.Const([]float32{1, 2, 3})) }},
		"Sub":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sub(g.Scalar(2), x) }},
		"Mul":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Mul(x, x) }},
		"Mul broadcast":     {[]int{3}, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Mul(x, reshaped(g, 6, 1, 2, 3)) }},
		"Div":               {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.Div(g.Scalar(1), x) }},
		"DivNoNan":          {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.DivNoNan(g.Scalar(1), x) }},
		"Maximum":           {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Maximum(x, g.Scalar(0)) }},
		"Minimum":           {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Minimum(x, g.Scalar(0)) }},
		"Pow":               {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.Pow(x, g.Scalar(1.7)) }},
		"SquaredDifference": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.SquaredDifference(x, g.Scalar(0.7)) }},
		"AddN":              {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.AddN([]tf.Output{x, g.Square(x), x}) }},
		"Neg":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Neg(x) }},
		"Square":            {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(x) }},
		"Sqrt":              {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sqrt(x) }},
		"Rsqrt":             {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.Rsqrt(x) }},
		"Exp":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Exp(x) }},
		"Log":               {row, true, func(g *tf.Graph, x tf.Output) tf.Output { return g.Log(x) }},
		"Abs":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Abs(x) }},
		"Sign":              {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Mul(g.Sign(x), x) }},
		"Sin":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sin(x) }},
		"Cos":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Cos(x) }},
		"Sigmoid":           {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sigmoid(x) }},
		"Tanh":              {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Tanh(x) }},
		"Softplus":          {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Softplus(x) }},
		"Relu":              {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Relu(x) }},
		"Relu6":             {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Relu6(g.Mul(x, g.Scalar(5))) }},
		"Erf":               {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Erf(x) }},
		"Select": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Select(g.Greater(reshaped(g, 6, 2, 2, 3), g.Scalar(0)), x, g.Square(x))
		}},
		"Reshape":    {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Reshape(x, -1, 1, 2)) }},
		"ExpandDims": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.ExpandDims(x, -1)) }},
		"Squeeze":    {[]int{2, 1, 3}, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Squeeze(x, -2)) }},
		"Transpose":  {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Transpose(x, 1, 0)) }},
		"Reverse":    {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Reverse(x, -1)) }},
		"Concat":     {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Concat(-1, x, g.Square(x)) }},
		"Stack":      {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Stack(1, x, g.Square(x)) }},
		"Unstack": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			parts := g.Unstack(x, 1)
			return g.Mul(parts[0], g.Square(parts[2]))
		}},
		"Split": {[]int{2, 4}, false, func(g *tf.Graph, x tf.Output) tf.Output {
			parts := g.Split(x, -1, 2)
			return g.Mul(parts[0], g.Square(parts[1]))
		}},
		"Slice": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Slice(x, []int{0, 1}, []int{-1, 2})) }},
		"Pad":   {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Pad(x, [][2]int{{1, 0}, {0, 2}})) }},
		"PadReflect": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Square(g.PadReflect(x, [][2]int{{1, 0}, {1, 2}}))
		}},
		"Tile":        {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.Tile(x, 2, 1)) }},
		"BroadcastTo": {[]int{1, 3}, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.BroadcastTo(x, 2, 3) }},
		"Gather": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Square(g.Gather(x, g.Ints(2, 0, 2), -1))
		}},
		"GatherBatch": {[]int{2, 3, 2}, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Square(g.GatherBatch(x, g.Const([][]int32{{2, 0, 2}, {1, 0, 2}})))
		}},
		"Cast":     {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Cast(g.Cast(g.Square(x), tf.Float64), tf.Float32) }},
		"Identity": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Identity(x) }},
		"StopGradient beside": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Add(x, g.Mul(g.Scalar(0), g.StopGradient(x)))
		}},
		"Sum":       {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sum(g.Square(x), false, -1) }},
		"Sum all":   {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Sum(g.Square(x), false) }},
		"Mean":      {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Mean(g.Square(x), true, 0) }},
		"Max":       {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Max(x, false, 1) }},
		"Min":       {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Min(x, false, 0) }},
		"L2Loss":    {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.L2Loss(x) }},
		"MatMul":    {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.MatMul(x, reshaped(g, 12, 1, 4, 3), false, true) }},
		"MatMul AT": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.MatMul(x, x, true, false) }},
		"BatchMatMul": {[]int{1, 2, 3}, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.BatchMatMul(x, reshaped(g, 24, 1, 2, 4, 3), false, true)
		}},
		"BiasAdd": {[]int{3}, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Square(g.BiasAdd(reshaped(g, 6, 1, 2, 3), x)) }},
		"Conv2D": {image, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Conv2D(x, reshaped(g, 54, 1, 3, 3, 2, 3), 2, "SAME")
		}},
		"Conv2D kernel": {[]int{3, 3, 2, 2}, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.Conv2D(reshaped(g, 64, 1, 2, 4, 4, 2), x, 1, "VALID")
		}},
		"DepthwiseConv2D": {image, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.DepthwiseConv2D(x, reshaped(g, 18, 1, 3, 3, 2, 1), 1, "SAME")
		}},
		"DepthwiseConv2D kernel": {[]int{3, 3, 2, 1}, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.DepthwiseConv2D(reshaped(g, 64, 1, 2, 4, 4, 2), x, 2, "SAME")
		}},
		"MaxPool": {image, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.MaxPool(x, 2, 2, "SAME") }},
		"AvgPool": {image, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.AvgPool(g.Square(x), 3, 2, "SAME") }},
		"FusedBatchNorm training": {image, false, func(g *tf.Graph, x tf.Output) tf.Output {
			none := g.Const([]float32{})
			y, _, _ := g.FusedBatchNorm(x, g.Const([]float32{1.5, 0.7}), g.Const([]float32{0.1, 0.2}), none, none, 1e-3, true)
			return y
		}},
		"FusedBatchNorm inference": {image, false, func(g *tf.Graph, x tf.Output) tf.Output {
			y, _, _ := g.FusedBatchNorm(x, g.Const([]float32{1.5, 0.7}), g.Const([]float32{0.1, 0.2}), g.Const([]float32{0.3, 0.4}), g.Const([]float32{2, 3}), 1e-3, false)
			return y
		}},
		"Softmax":    {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.Softmax(x) }},
		"LogSoftmax": {row, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.LogSoftmax(x) }},
		"SoftmaxCrossEntropy": {row, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.SoftmaxCrossEntropy(x, g.OneHot(g.Ints(2, 0), 3))
		}},
		"SoftmaxCrossEntropy target": {row, true, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.SoftmaxCrossEntropy(reshaped(g, 6, 1, 2, 3), g.Softmax(x))
		}},
		"ResizeBilinear": {image, false, func(g *tf.Graph, x tf.Output) tf.Output { return g.ResizeBilinear(x, 7, 3) }},
		"CropAndResize": {image, false, func(g *tf.Graph, x tf.Output) tf.Output {
			return g.CropAndResize(x, g.Const([][]float32{{0.1, 0.2, 0.8, 0.9}}), g.Ints(1), 3, 3)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			x := wave(product(c.dims), 0)
			if c.positive {
				x = positive(product(c.dims))
			}
			tftest.CheckGradient(t, c.f, x, c.dims, 1e-2, 2e-3)
		})
	}
}

// A gradient that is wrong is seen as such.
func TestCheckGradientFails(t *testing.T) {
	tftest.Load(t)
	probe := &recorder{TB: t}
	tftest.CheckGradient(probe, func(g *tf.Graph, x tf.Output) tf.Output {
		return g.Add(g.Square(x), g.Mul(x, g.StopGradient(x)))
	}, []float32{1, 2}, []int{2}, 1e-2, 2e-3)
	if probe.errors != 2 {
		t.Errorf("a wrong gradient of 2 elements gave %d errors", probe.errors)
	}
}

type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
