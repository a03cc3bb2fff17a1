package nn_test

import (
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
