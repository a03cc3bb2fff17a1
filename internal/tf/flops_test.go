package tf_test

import (
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Literals by hand: elements of the result, times how many products each is a
// sum of, times 2. Each gradient costs as much as the result.
func TestFLOPs(t *testing.T) {
	tftest.Load(t)
	for name, c := range map[string]struct {
		x, w    []int
		product func(g *tf.Graph, x, w tf.Output) tf.Output
		want    int64
	}{
		"elements":     {[]int{4}, []int{4}, (*tf.Graph).Mul, 0},
		"convolution":  {[]int{2, 8, 6, 3}, []int{3, 3, 3, 5}, convolve(2, "SAME"), 2 * (2 * 4 * 3 * 5) * (3 * 3 * 3)},
		"pointwise":    {[]int{1, 7, 7, 4}, []int{1, 1, 4, 6}, convolve(1, "VALID"), 2 * (7 * 7 * 6) * 4},
		"depthwise":    {[]int{2, 8, 8, 3}, []int{3, 3, 3, 2}, depthwise, 2 * (2 * 6 * 6 * 3 * 2) * 9},
		"matrices":     {[]int{4, 5}, []int{5, 6}, multiply(false), 2 * (4 * 6) * 5},
		"transposed":   {[]int{5, 4}, []int{6, 5}, multiply(true), 2 * (4 * 6) * 5},
		"batches":      {[]int{3, 2, 4, 5}, []int{3, 2, 5, 6}, multiplyBatches(false), 2 * (3 * 2 * 4 * 6) * 5},
		"adjoint":      {[]int{2, 5, 4}, []int{2, 6, 5}, multiplyBatches(true), 2 * (2 * 4 * 6) * 5},
		"broadcasting": {[]int{3, 4, 5}, []int{5, 6}, multiplyBatches(false), 2 * (3 * 4 * 6) * 5},
	} {
		t.Run(name, func(t *testing.T) {
			g := tf.NewGraph()
			x, w := g.Placeholder("x", tf.Float32, c.x...), g.Placeholder("w", tf.Float32, c.w...)
			y := c.product(g, x, w)
			if n, err := g.FLOPs(); n != c.want || err != nil {
				t.Errorf("forward: %d, %v, want %d", n, err, c.want)
			}
			g.Gradients(g.Sum(y, false), []tf.Output{x, w})
			if n, err := g.FLOPs(); n != 3*c.want || err != nil {
				t.Errorf("forward and backward: %d, %v, want %d", n, err, 3*c.want)
			}
		})
	}
}

type bilinear = func(g *tf.Graph, x, w tf.Output) tf.Output

func convolve(stride int, padding string) bilinear {
	return func(g *tf.Graph, x, w tf.Output) tf.Output { return g.Conv2D(x, w, stride, padding) }
}

func depthwise(g *tf.Graph, x, w tf.Output) tf.Output { return g.DepthwiseConv2D(x, w, 1, "VALID") }

func multiply(transpose bool) bilinear {
	return func(g *tf.Graph, x, w tf.Output) tf.Output { return g.MatMul(x, w, transpose, transpose) }
}

func multiplyBatches(transpose bool) bilinear {
	return func(g *tf.Graph, x, w tf.Output) tf.Output { return g.BatchMatMul(x, w, transpose, transpose) }
}

func TestFLOPsOfOpenShapes(t *testing.T) {
	g := newGraph(t)
	g.MatMul(g.Placeholder("x", tf.Float32, -1, 5), g.Const([5][6]float32{}), false, false)
	_, err := g.FLOPs()
	wantError(t, err, "count operations of MatMul MatMul", "x:0 has the open shape [?, 5]", "fixed batch size")
	g.Failf("a mistake")
	_, err = g.FLOPs()
	wantError(t, err, "a mistake")
}

// Table 2 of Sandler et al., CVPR 2018, as multiply-adds: 300 million in the
// paper for an image of 224 pixels and 1000 classes.
func TestFLOPsOfMobileNetV2(t *testing.T) {
	const side, batch, classes = 224, 2, 1000
	size, in := side/2, 32
	want := size * size * in * 27
	for _, row := range []struct{ expansion, filters, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for block := range row.blocks {
			wide := in * row.expansion
			if row.expansion > 1 {
				want += size * size * in * wide
			}
			if block == 0 {
				size /= row.stride
			}
			want += size * size * wide * (9 + row.filters)
			in = row.filters
		}
	}
	want += size*size*in*1280 + 1280*classes
	if want != 300_774_272 {
		t.Fatalf("the table has %d multiply-adds", want)
	}

	g := newGraph(t)
	n := nn.NewNet(g, 1)
	config := &backbone.MobileNetV2{Alpha: 1, Strides: "imagenet", BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
	images := g.Placeholder("images", tf.Float32, batch, side, side, 3)
	logits := n.Dense("head", config.Build(n, images).Pooled, classes, nn.Zeros)
	forward, err := g.FLOPs()
	if err != nil || forward != int64(2*batch*want) {
		t.Errorf("forward: %d, %v, want %d", forward, err, 2*batch*want)
	}
	var weights []tf.Output
	for _, v := range n.Trainable() {
		weights = append(weights, v.Read())
	}
	g.Gradients(g.Sum(logits, false), weights)
	both, err := g.FLOPs()
	if err != nil || both != 3*forward {
		t.Errorf("forward and backward: %d, %v, want %d", both, err, 3*forward)
	}
}
