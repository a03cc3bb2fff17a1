package tf_test

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestValuesOfOperations(t *testing.T) {
	g := newGraph(t)
	x := g.Const([][]float32{{1, -2, 3}, {4, 5, -6}})
	values, indices := g.TopK(x, 2)
	square := g.Const([1][2][2][1]float32{{{{1}, {2}}, {{3}, {4}}}})
	shift := g.Const([][]float32{{1, 0, 1, 0, 1, 0, 0, 0}})
	red := g.Const([]float32{1, 0, 0})
	png := g.EncodePNG(g.Const([1][2][3]uint8{{{1, 2, 3}, {250, 128, 0}}}))
	cond := g.Greater(x, g.Scalar(0))
	for name, c := range map[string]struct {
		got  tf.Output
		want []float32
	}{
		"Sum of rows":         {g.Sum(x, false, 1), []float32{2, 3}},
		"Sum of all":          {g.Sum(x, false), []float32{5}},
		"Mean":                {g.Mean(x, true, 0), []float32{2.5, 1.5, -1.5}},
		"Max":                 {g.Max(x, false, -1), []float32{3, 5}},
		"Min":                 {g.Min(x, false), []float32{-6}},
		"All":                 {g.All(cond, false, 0), []float32{1, 0, 0}},
		"Any":                 {g.Any(cond, false), []float32{1}},
		"ArgMax":              {g.ArgMax(x, -1), []float32{2, 1}},
		"TopK values":         {values, []float32{3, 1, 5, 4}},
		"TopK indices":        {indices, []float32{2, 0, 1, 0}},
		"Select":              {g.Select(cond, x, g.Scalar(9)), []float32{1, 9, 3, 4, 5, 9}},
		"And Or Not":          {g.Or(g.And(cond, g.Less(x, g.Scalar(4))), g.Not(g.NotEqual(x, g.Scalar(-6)))), []float32{1, 0, 1, 0, 0, 1}},
		"comparisons":         {g.And(g.LessEqual(x, g.Scalar(4)), g.GreaterEqual(x, g.Scalar(3))), []float32{0, 0, 1, 1, 0, 0}},
		"Mod":                 {g.Mod(g.Ints(-1, 5, 7), g.Ints(4, 4, 4)), []float32{3, 1, 3}},
		"Round":               {g.Round(g.Const([]float32{0.5, 1.5, -0.6})), []float32{0, 2, -1}},
		"Floor":               {g.Floor(g.Const([]float32{0.5, -0.5})), []float32{0, -1}},
		"DivNoNan":            {g.DivNoNan(g.Const([]float32{1, 1}), g.Const([]float32{0, 4})), []float32{0, 0.25}},
		"Slice":               {g.Slice(x, []int{0, 1}, []int{-1, 1}), []float32{-2, 5}},
		"Transpose":           {g.Transpose(x, 1, 0), []float32{1, 4, -2, 5, 3, -6}},
		"Reverse":             {g.Reverse(x, 0), []float32{4, 5, -6, 1, -2, 3}},
		"Concat":              {g.Concat(1, x, g.Const([][]float32{{7}, {8}})), []float32{1, -2, 3, 7, 4, 5, -6, 8}},
		"Concat of one":       {g.Concat(0, x), []float32{1, -2, 3, 4, 5, -6}},
		"Stack":               {g.Stack(-1, red, red), []float32{1, 1, 0, 0, 0, 0}},
		"Unstack":             {g.Unstack(x, 0)[1], []float32{4, 5, -6}},
		"Split":               {g.Split(x, 1, 3)[2], []float32{3, -6}},
		"Pad":                 {g.Pad(red, [][2]int{{1, 2}}), []float32{0, 1, 0, 0, 0, 0}},
		"PadReflect":          {g.PadReflect(g.Const([]float32{1, 2, 3}), [][2]int{{2, 1}}), []float32{3, 2, 1, 2, 3, 2}},
		"Tile":                {g.Tile(red, 2), []float32{1, 0, 0, 1, 0, 0}},
		"Gather":              {g.Gather(x, g.Ints(2, 0), 1), []float32{3, 1, -6, 4}},
		"GatherBatch":         {g.GatherBatch(x, g.Const([][]int32{{2, 0}, {1, 1}})), []float32{3, 1, 5, 5}},
		"OneHot":              {g.OneHot(g.Ints(1, -1, 5), 2), []float32{0, 1, 0, 0, 0, 0}},
		"Cast":                {g.Cast(g.Const([]float32{1.9, -1.9}), tf.Int32), []float32{1, -1}},
		"Reshape to scalar":   {g.Reshape(g.Const([]float32{3})), []float32{3}},
		"MatMul":              {g.MatMul(x, x, false, true), []float32{14, -24, -24, 77}},
		"BatchMatMul":         {g.BatchMatMul(g.ExpandDims(x, 0), x, false, true), []float32{14, -24, -24, 77}},
		"L2Loss":              {g.L2Loss(red), []float32{0.5}},
		"SoftmaxCrossEntropy": {g.SoftmaxCrossEntropy(g.Const([][]float32{{0, 0, 0, 0}}), g.Const([][]float32{{0, 1, 0, 0}})), []float32{float32(math.Log(4))}},
		"LogSoftmax":          {g.LogSoftmax(g.Const([][]float32{{0, 0}})), []float32{-math.Ln2, -math.Ln2}},
		"MaxPool":             {g.MaxPool(square, 2, 1, "VALID"), []float32{4}},
		"AvgPool":             {g.AvgPool(square, 2, 1, "SAME"), []float32{2.5, 3, 3.5, 4}},
		"ResizeArea":          {g.ResizeArea(square, 1, 1), []float32{2.5}},
		"ResizeBilinear":      {g.ResizeBilinear(square, 2, 4), []float32{1, 1.25, 1.75, 2, 3, 3.25, 3.75, 4}},
		"CropAndResize":       {g.CropAndResize(square, g.Const([][]float32{{1, 1, 0, 0}}), g.Ints(0), 2, 2), []float32{4, 3, 2, 1}},
		"ProjectiveTransform": {g.ProjectiveTransform(square, shift, 2, 2, "BILINEAR", "CONSTANT"), []float32{2, 0, 4, 0}},
		"RGBToHSV":            {g.RGBToHSV(red), []float32{0, 1, 1}},
		"HSVToRGB":            {g.HSVToRGB(g.Const([]float32{1.0 / 3, 1, 0.5})), []float32{0, 0.5, 0}},
		"PNG and back":        {g.DecodeImage(png, 3), []float32{1, 2, 3, 250, 128, 0}},
		"Softmax":             {g.Softmax(g.Const([]float32{0, 0})), []float32{0.5, 0.5}},
		"Axes":                {g.Axes(), []float32{}},
		"int":                 {g.Const([][]int{{1}, {2}}), []float32{1, 2}},
		"array":               {g.Const([2][1]int64{{1}, {2}}), []float32{1, 2}},
		"empty":               {g.Const([][]float32{}), []float32{}},
		"bool":                {g.Const([]bool{true, false}), []float32{1, 0}},
		"float64":             {g.Const(2.5), []float32{2.5}},
	} {
		got := tftest.Eval(t, g, c.got)[0]
		if !slices.EqualFunc(got, c.want, func(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }) {
			t.Errorf("%s is %v, want %v", name, got, c.want)
		}
	}
}

// A draw is a function of its seed: equal for equal seeds, in every session, and
// different for others; and it has the distribution's moments.
func TestRandomDraws(t *testing.T) {
	g := newGraph(t)
	draw := map[string]func(seed int64) tf.Output{
		"uniform":   func(seed int64) tf.Output { return g.RandomUniform(g.Const([]int64{seed, 7}), 4000) },
		"normal":    func(seed int64) tf.Output { return g.RandomNormal(g.Const([]int64{seed, 7}), 4000) },
		"truncated": func(seed int64) tf.Output { return g.RandomTruncatedNormal(g.Const([]int64{seed, 7}), 4000) },
	}
	moments := map[string][2]float64{"uniform": {0.5, 1.0 / 12}, "normal": {0, 1}, "truncated": {0, 0.7737}}
	for name, f := range draw {
		outs := []tf.Output{f(1), f(1), f(2)}
		a, b := tftest.Eval(t, g, outs...), tftest.Eval(t, g, outs...)
		if !slices.Equal(a[0], a[1]) || !slices.Equal(a[0], b[0]) || slices.Equal(a[0], a[2]) {
			t.Errorf("%s: draws do not depend on the seed alone", name)
		}
		var mean, square float64
		for _, v := range a[0] {
			mean += float64(v) / 4000
			square += float64(v) * float64(v) / 4000
		}
		want := moments[name]
		if math.Abs(mean-want[0]) > 0.05 || math.Abs(square-mean*mean-want[1]) > 0.08 {
			t.Errorf("%s: mean %v and variance %v, want %v", name, mean, square-mean*mean, want)
		}
	}
	if v := tftest.Eval(t, g, draw["truncated"](3))[0]; slices.Max(v) > 2 || slices.Min(v) < -2 {
		t.Error("a truncated draw is beyond two standard deviations")
	}
}

// Lists longer than a node may have inputs are joined in order.
func TestLongListsAreJoinedInOrder(t *testing.T) {
	g := newGraph(t)
	var rows []tf.Output
	var want []float32
	for i := range 60 {
		rows = append(rows, g.Const([]float32{float32(i)}))
		want = append(want, float32(i))
	}
	stacked := g.Stack(1, rows...)
	got := tftest.Eval(t, g, g.Concat(0, rows...), stacked, g.AddN(rows))
	if !slices.Equal(got[0], want) || !slices.Equal(got[1], want) || got[2][0] != 60*59/2 {
		t.Errorf("joined %v, stacked %v, sum %v", got[0], got[1], got[2])
	}
	if s := stacked.Shape().String(); s != "[1, 60]" {
		t.Errorf("stacked to %v", s)
	}
}
