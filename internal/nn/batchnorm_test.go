package nn_test

import (
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// One channel with the values 1, 2, 3, 6: mean 3, variance 14/4 = 3.5 (and not
// 14/3). Keras: moving = 0.9*moving + 0.1*batch from 0 and 1.
func TestBatchNormTraining(t *testing.T) {
	for name, dims := range map[string][]int{"maps": {2, 2, 1, 1}, "rows": {4, 1}} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			n := nn.NewNet(g, 1)
			y := n.BatchNorm("b", g.Reshape(g.Const([]float32{1, 2, 3, 6}), dims...), 0.9, 0.5)
			s := tftest.Session(t, g)
			near(t, "y", fetch(t, s, y)[0], []float32{-1, -0.5, 0, 1.5}, 1e-5) // sqrt(3.5+0.5) = 2
			run(t, s, nil, n.Updates()...)
			checkMoving(t, s, n, 0.3, 1.25)
			run(t, s, nil, n.Updates()...)
			checkMoving(t, s, n, 0.57, 1.475)
		})
	}
}

func checkMoving(t *testing.T, s *tf.Session, n *nn.Net, mean, variance float32) {
	t.Helper()
	vars := n.Variables()
	got := fetch(t, s, vars[2].Read(), vars[3].Read())
	near(t, "moving mean", got[0], []float32{mean}, 1e-6)
	near(t, "moving variance", got[1], []float32{variance}, 1e-6)
}

func TestBatchNormWithUnknownBatch(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.Placeholder("x", tf.Float32, -1, 1, 2, 1)
	n.BatchNorm("b", x, 0.9, 0.5)
	s := tftest.Session(t, g)
	run(t, s, map[tf.Output]*tf.Tensor{x: tensor(t, []float32{1, 2, 3, 6}, 2, 1, 2, 1)}, n.Updates()...)
	checkMoving(t, s, n, 0.3, 1.25)
}

func TestBatchNormInferenceUsesTheMovingAverages(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	n.Variable("b/gamma", tf.Shape{1}, fill(3), true)
	n.Variable("b/beta", tf.Shape{1}, fill(-1), true)
	n.Variable("b/moving_mean", tf.Shape{1}, fill(2), false)
	n.Variable("b/moving_variance", tf.Shape{1}, fill(3.5), false)
	y := n.Mode(false).BatchNorm("b", g.Reshape(g.Const([]float32{1, 2, 6}), 3, 1, 1, 1), 0.9, 0.5)
	near(t, "y", fetch(t, tftest.Session(t, g), y)[0], []float32{-2.5, -1, 5}, 1e-5)
	if len(n.Updates()) != 0 {
		t.Error("inference collects updates")
	}
}

// Two applications in one step update twice, in order: 0 -> 0.1*3 -> 0.9*0.3 +
// 0.1*1, and with variances 3.5 and 0: 1 -> 1.25 -> 1.125.
func TestBatchNormAppliedTwiceUpdatesInOrder(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	n.BatchNorm("b", g.Reshape(g.Const([]float32{1, 2, 3, 6}), 4, 1), 0.9, 0.5)
	n.BatchNorm("b", g.Reshape(g.Const([]float32{1, 1, 1, 1}), 4, 1), 0.9, 0.5)
	s := tftest.Session(t, g)
	run(t, s, nil, n.Updates()...)
	checkMoving(t, s, n, 0.37, 1.125)
}

// 1, 2, 3, 6 have the mean 3 and the variance 3.5, and 10, 11, 9, 10 have 10 and
// 0.5: divided by sqrt(3.5+0.5) = 2 and by 1. The averages follow the mean 6.5
// and the variance 2; all eight values together have the variance 14.25.
func TestGroupsAreNormalisedByThemselves(t *testing.T) {
	for name, dims := range map[string][]int{"maps": {4, 2, 1, 1}, "rows": {8, 1}} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			n := nn.NewNet(g, 1)
			x := g.Reshape(g.Const([]float32{1, 2, 3, 6, 10, 11, 9, 10}), dims...)
			y := n.Groups(2).BatchNorm("b", x, 0.9, 0.5)
			inference := n.Groups(2).Mode(false).BatchNorm("b", g.Add(x, g.Scalar(0)), 0.9, 0.5)
			s := tftest.Session(t, g)
			got := fetch(t, s, y, inference)
			near(t, "y", got[0], []float32{-1, -0.5, 0, 1.5, 0, 1, -1, 0}, 1e-5)
			// The averages are still 0 and 1: x is divided by sqrt(1.5).
			near(t, "first in inference", got[1][:1], []float32{0.8164966}, 1e-5)
			run(t, s, nil, n.Updates()...)
			checkMoving(t, s, n, 0.65, 1.1)
			run(t, s, nil, n.Updates()...)
			checkMoving(t, s, n, 1.235, 1.19)
		})
	}
}

func TestGradientsOfGroups(t *testing.T) {
	layers := func(n *nn.Net, x tf.Output) tf.Output {
		return weighted(n.Graph(), n.BatchNorm("b", n.Conv2D("c", x, 3, 3, 1, false), 0.9, 1e-2))
	}
	dims := []int{6, 3, 2, 2}
	g := newGraph(t)
	n := nn.NewNet(g, 1).Groups(3)
	checkParameters(t, n, layers(n, g.Reshape(g.Const(wave(72, 0)), dims...)), 3e-3)
	tftest.CheckGradient(t, func(g *tf.Graph, x tf.Output) tf.Output {
		return layers(nn.NewNet(g, 1).Groups(3), x)
	}, wave(72, 0), dims, 1e-2, 3e-3)
}

func TestUnequalGroupsAreAnError(t *testing.T) {
	g := newGraph(t)
	nn.NewNet(g, 1).Groups(2).BatchNorm("b", g.Const([][]float32{{1}, {2}, {3}}), 0.9, 0.5)
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "[3, 1, 1, 1] have no 2 equal groups") {
		t.Errorf("error %v, want one that names 3 and 2", err)
	}
}
