package nn_test

import (
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// softmax(0, ln 2, ln 5) = 1/8, 2/8, 5/8.
func TestCrossEntropy(t *testing.T) {
	g := newGraph(t)
	row := []float32{0, 0.6931472, 1.6094379}
	logits := g.Const([][]float32{row, row})
	labels := g.Const([]int32{0, 2})
	got := fetch(t, tftest.Session(t, g),
		nn.CrossEntropy(g, logits, labels, 0),
		nn.CrossEntropy(g, logits, labels, 0.3),
		nn.SoftCrossEntropy(g, logits, g.Const([][]float32{{0.5, 0.5, 0}, {0, 0, 1}})))
	near(t, "hard", got[0], []float32{2.0794415, 0.4700036}, 1e-6) // ln 8, ln 1.6
	// Targets 0.8, 0.1, 0.1 and 0.1, 0.1, 0.8.
	near(t, "smoothed", got[1], []float32{1.8491830, 0.7225764}, 1e-5)
	near(t, "soft", got[2], []float32{1.7328680, 0.4700036}, 1e-5)
}

func TestAccuracy(t *testing.T) {
	g := newGraph(t)
	logits := g.Const([][]float32{{0, 1, 2}, {3, 1, 2}, {0, 1, 0}, {9, 8, 7}})
	got := fetch(t, tftest.Session(t, g), nn.Accuracy(g, logits, g.Const([]int32{2, 0, 0, 0})))
	near(t, "accuracy", got[0], []float32{0.75}, 0)
}

func TestDifferenceLosses(t *testing.T) {
	g := newGraph(t)
	a := g.Const([][]float32{{1, 2}, {0, 0}})
	b := g.Const([][]float32{{0, 5}, {0.5, -0.5}})
	got := fetch(t, tftest.Session(t, g),
		nn.MSE(g, a, b), nn.L1(g, a, b), nn.Huber(g, a, b, 2), nn.L1(g, g.Const([]float32{1, 2}), g.Const([]float32{2, 4})))
	near(t, "mse", got[0], []float32{5, 0.25}, 1e-6)
	near(t, "l1", got[1], []float32{2, 0.5}, 1e-6)
	near(t, "huber", got[2], []float32{2.25, 0.125}, 1e-6) // (1/2 + 2*(3-1))/2, (1/8+1/8)/2
	near(t, "rank 1", got[3], []float32{1, 2}, 1e-6)
}

func TestSmoothingOutOfRangeIsAnError(t *testing.T) {
	g := newGraph(t)
	nn.CrossEntropy(g, g.Const([][]float32{{1, 2}}), g.Const([]int32{0}), 1)
	if g.Err() == nil {
		t.Error("smoothing of 1 is accepted")
	}
}

func TestLossGradients(t *testing.T) {
	labels := []int32{0, 2, 1, 1}
	for name, loss := range map[string]func(g *tf.Graph, x, other tf.Output) tf.Output{
		"cross-entropy": func(g *tf.Graph, x, _ tf.Output) tf.Output { return nn.CrossEntropy(g, x, g.Const(labels), 0) },
		"smoothed":      func(g *tf.Graph, x, _ tf.Output) tf.Output { return nn.CrossEntropy(g, x, g.Const(labels), 0.2) },
		"soft": func(g *tf.Graph, x, other tf.Output) tf.Output {
			return nn.SoftCrossEntropy(g, x, g.Op("Softmax", nil, other)[0])
		},
		"mse":   func(g *tf.Graph, x, other tf.Output) tf.Output { return nn.MSE(g, x, other) },
		"l1":    func(g *tf.Graph, x, other tf.Output) tf.Output { return nn.L1(g, x, other) },
		"huber": func(g *tf.Graph, x, other tf.Output) tf.Output { return nn.Huber(g, x, other, 0.9) },
	} {
		t.Run(name, func(t *testing.T) {
			tftest.Load(t)
			tftest.CheckGradient(t, func(g *tf.Graph, x tf.Output) tf.Output {
				return weighted(g, loss(g, x, g.Reshape(g.Const(wave(12, 2)), 4, 3)))
			}, wave(12, 0), []int{4, 3}, 1e-3, 2e-3)
		})
	}
}
