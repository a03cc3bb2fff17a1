package nn_test

import (
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func fill(value float32) nn.Initializer {
	return func(g *tf.Graph, _ [2]int64, shape tf.Shape) tf.Output {
		return g.BroadcastTo(g.Scalar(float64(value)), intDims(shape)...)
	}
}

func TestDense(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	y := n.Dense("d", g.Const([][]float32{{1, 2}, {3, -4}}), 3, fill(0.5))
	near(t, "y", fetch(t, tftest.Session(t, g), y)[0], []float32{1.5, 1.5, 1.5, -0.5, -0.5, -0.5}, 1e-6)
}

// A kernel of ones sums the neighbours inside the image.
func TestConv2D(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	n.Variable("c/kernel", tf.Shape{3, 3, 1, 1}, nn.Ones, true)
	x := g.Reshape(g.Const([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9}), 1, 3, 3, 1)
	one, two := n.Conv2D("c", x, 1, 3, 1, true), n.Conv2D("c", x, 1, 3, 2, true)
	got := fetch(t, tftest.Session(t, g), one, two)
	near(t, "stride 1", got[0], []float32{12, 21, 16, 27, 45, 33, 24, 39, 28}, 1e-6)
	near(t, "stride 2", got[1], []float32{12, 16, 24, 28}, 1e-6)
	if names := names(n.Variables()); names != "c/kernel c/bias" {
		t.Errorf("variables %q", names)
	}
}

func TestGlobalAveragePool(t *testing.T) {
	g := newGraph(t)
	x := g.Reshape(g.Const([]float32{1, 10, 2, 20, 3, 30, 6, 60}), 1, 2, 2, 2)
	y := nn.NewNet(g, 1).GlobalAveragePool(x)
	near(t, "y", fetch(t, tftest.Session(t, g), y)[0], []float32{3, 30}, 1e-6)
}

func TestLayerGradients(t *testing.T) {
	const x1, x2 = 2 * 5 * 4 * 3, 6 * 4
	for name, c := range map[string]struct {
		dims  []int
		layer func(n *nn.Net, x tf.Output) tf.Output
	}{
		"conv stride 1": {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.Conv2D("l", x, 4, 3, 1, true) }},
		"conv stride 2": {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.Conv2D("l", x, 4, 3, 2, false) }},
		"conv 1x1":      {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.Conv2D("l", x, 4, 1, 1, false) }},
		"depthwise":     {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.DepthwiseConv2D("l", x, 3, 2, "SAME") }},
		"valid":         {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.DepthwiseConv2D("l", x, 3, 1, "VALID") }},
		"dense":         {[]int{6, 4}, func(n *nn.Net, x tf.Output) tf.Output { return n.Dense("l", x, 3, nn.Normal(1)) }},
		"dropout": {[]int{6, 4}, func(n *nn.Net, x tf.Output) tf.Output {
			return n.Dropout("l", x, 0.5)
		}},
		"drop path": {[]int{6, 4}, func(n *nn.Net, x tf.Output) tf.Output {
			return n.DropPath("l", x, 0.5)
		}},
		"pool": {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output { return n.GlobalAveragePool(x) }},
		"batch-norm": {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output {
			return n.BatchNorm("l", x, 0.9, 1e-3)
		}},
		"batch-norm of rows": {[]int{6, 4}, func(n *nn.Net, x tf.Output) tf.Output {
			return n.BatchNorm("l", x, 0.9, 1e-3)
		}},
		"batch-norm in inference": {[]int{2, 5, 4, 3}, func(n *nn.Net, x tf.Output) tf.Output {
			return n.Mode(false).BatchNorm("l", x, 0.9, 1e-3)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tftest.Load(t)
			size := x2
			if len(c.dims) == 4 {
				size = x1
			}
			g := tf.NewGraph()
			n := nn.NewNet(g, 1)
			checkParameters(t, n, weighted(g, c.layer(n, g.Reshape(g.Const(wave(size, 0)), c.dims...))), 2e-3)
			tftest.CheckGradient(t, func(g *tf.Graph, x tf.Output) tf.Output {
				return weighted(g, c.layer(nn.NewNet(g, 1), x))
			}, wave(size, 0), c.dims, 1e-2, 2e-3)
		})
	}
}
