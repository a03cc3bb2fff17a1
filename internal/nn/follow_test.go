package nn_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// The loss w . (1, 2) at the rate 1 takes w from (1, 1) to (0, -1), (-1, -3),
// (-2, -5), (-3, -7). With the momentum 3/4 the copy goes to
// 3/4*1 + 1/4*(0, -1) = (3/4, 1/2) and 3/4*(3/4, 1/2) + 1/4*(-1, -3) =
// (5/16, -3/8); 1 leaves it there, and 0 makes it (-3, -7).
func TestACopyMovesTowardsTheNewWeight(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	momentum := g.Placeholder("momentum", tf.Float32)
	w := n.Variable("w", tf.Shape{2}, nn.Ones, true).Read()
	f := n.Follow(momentum)
	c := f.Variable("w", tf.Shape{2}, nn.Ones, true).Read()
	if f.Variable("w", tf.Shape{2}, nn.Ones, true).Read() != c { // which must not move it twice
		t.Error("a second layer of that name has another copy")
	}
	loss := g.Add(g.Sum(g.Mul(w, g.Const([]float32{1, 2})), false), g.Sum(g.StopGradient(c), false))
	step := (&nn.SGD{}).Apply(n, loss, g.Scalar(1), n.Trainable()).Op
	s := tftest.Session(t, g)
	near(t, "copy before the first step", fetch(t, s, c)[0], []float32{1, 1}, 0)
	for i, want := range []struct {
		momentum, loss float32
		weight, copied []float32
	}{
		// The loss is that of the weights and the copy before the step.
		{0.75, 3 + 2, []float32{0, -1}, []float32{0.75, 0.5}},
		{0.75, -2 + 1.25, []float32{-1, -3}, []float32{0.3125, -0.375}},
		{1, -7 - 0.0625, []float32{-2, -5}, []float32{0.3125, -0.375}},
		{0, -12 - 0.0625, []float32{-3, -7}, []float32{-3, -7}},
	} {
		out, err := s.Run(map[tf.Output]*tf.Tensor{momentum: tensor(t, []float32{want.momentum})}, []tf.Output{loss}, step)
		if err != nil {
			t.Fatal(err)
		}
		got := fetch(t, s, w, c)
		near(t, fmt.Sprintf("loss of step %d", i), out[0].Float32s(), []float32{want.loss}, 1e-6)
		near(t, fmt.Sprintf("weight after step %d", i), got[0], want.weight, 1e-6)
		near(t, fmt.Sprintf("copy after step %d", i), got[1], want.copied, 1e-6)
	}
}

// encode is a network of several kinds of layers.
func encode(n *nn.Net, x tf.Output) tf.Output {
	y := n.Conv2D("conv", x, 4, 3, 2, false)
	y = n.DepthwiseConv2D("depth", n.BatchNorm("norm", y, 0.9, 1e-3), 3, 1, "SAME")
	return n.Dense("head", n.GlobalAveragePool(y), 3, nn.Normal(0.5))
}

// followers builds encode and its momentum copy, which is made first or second,
// on the same images.
func followers(g *tf.Graph, momentum float64, copyFirst bool) (n, f *nn.Net, y, copied tf.Output) {
	n = nn.NewNet(g, 3)
	f = n.Follow(g.Scalar(momentum))
	x := g.Reshape(g.Const(wave(4*6*6*2, 0)), 4, 6, 6, 2)
	if copyFirst {
		copied = encode(f, x)
	}
	y = encode(n, x)
	if !copyFirst {
		copied = encode(f, x)
	}
	return n, f, y, copied
}

const copies = "momentum/conv/kernel momentum/norm/gamma momentum/norm/beta momentum/depth/kernel momentum/head/kernel momentum/head/bias"

// After step k a copy is m^k w_0 + (1-m) sum_{j=1..k} m^(k-j) w_j.
func TestCopiesOfANetworkAreMeansOverTheSteps(t *testing.T) {
	const m, steps = 0.8, 4
	for _, copyFirst := range []bool{true, false} {
		g := newGraph(t)
		n, f, y, copied := followers(g, m, copyFirst)
		if got := names(f.Variables()); got != copies {
			t.Fatalf("copies %q", got)
		}
		loss := g.Sum(g.Mul(g.Square(g.Sub(y, g.StopGradient(copied))), g.Scalar(0.1)), false)
		loss = g.Add(loss, weighted(g, y))
		step := (&nn.SGD{Momentum: 0.9}).Apply(n, loss, g.Scalar(0.01), n.Trainable()).Op
		var weights, followed []tf.Output
		for i, v := range n.Trainable() {
			weights, followed = append(weights, v.Read()), append(followed, f.Variables()[i].Read())
		}
		s := tftest.Session(t, g)
		history := [][][]float32{fetch(t, s, weights...)}
		for i, c := range fetch(t, s, followed...) {
			near(t, f.Variables()[i].Name+" at the start", c, history[0][i], 0)
		}
		for k := 1; k <= steps; k++ {
			run(t, s, nil, step)
			history = append(history, fetch(t, s, weights...))
			for i, c := range fetch(t, s, followed...) {
				want := make([]float32, len(c))
				for at := range want {
					x := math.Pow(m, float64(k)) * float64(history[0][i][at])
					for j := 1; j <= k; j++ {
						x += (1 - m) * math.Pow(m, float64(k-j)) * float64(history[j][i][at])
					}
					want[at] = float32(x)
				}
				near(t, fmt.Sprintf("%s after step %d", f.Variables()[i].Name, k), c, want, 2e-6)
			}
		}
		for i, w := range history[steps] {
			gap := 0.0
			for at := range w {
				gap = max(gap, math.Abs(float64(w[at]-history[0][i][at])))
			}
			if gap < 1e-3 {
				t.Errorf("%s has hardly moved, by %v: nothing was tested", n.Trainable()[i].Name, gap)
			}
		}
	}
}

// A copy normalises by the batch, as its weight's network does in training, and
// keeps no averages: only the two updates of n are there.
func TestACopiedNetworkUsesTheBatchesStatistics(t *testing.T) {
	g := newGraph(t)
	n, f, y, copied := followers(g, 0.9, false)
	got := fetch(t, tftest.Session(t, g), y, copied)
	near(t, "output of the copy", got[1], got[0], 0)
	if updates := len(n.Updates()); updates != 2 {
		t.Errorf("%d updates of moving averages, want 2", updates)
	}
	if got := names(f.Trainable()); got != "" {
		t.Errorf("the copy trains %q", got)
	}
	if got := names(n.Variables()); got != "conv/kernel norm/gamma norm/beta norm/moving_mean norm/moving_variance depth/kernel head/kernel head/bias" {
		t.Errorf("the network lists %q", got)
	}
}

func TestNoGradientFlowsToACopyThroughStopGradient(t *testing.T) {
	for i, name := range strings.Fields(copies) {
		for _, stopped := range []bool{true, false} {
			g := newGraph(t)
			_, f, y, copied := followers(g, 0.9, true)
			if stopped {
				copied = g.StopGradient(copied)
			}
			loss := g.Sum(g.SquaredDifference(y, copied), false)
			v := f.Variables()[i]
			g.Gradients(loss, []tf.Output{v.Read()})
			if stopped && (g.Err() == nil || !strings.Contains(g.Err().Error(), "no gradient flows to "+name)) {
				t.Errorf("error %v, want one that names %s", g.Err(), name)
			}
			if !stopped && g.Err() != nil {
				t.Errorf("without StopGradient: %v", g.Err())
			}
		}
	}
}

func TestACopyOfNothingIsAnError(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.Const([][]float32{{1, 2}})
	y := n.Dense("used", x, 2, nn.Zeros)
	n.Follow(g.Scalar(0.9)).Dense("lonely", x, 2, nn.Zeros)
	if g.Err() != nil {
		t.Fatal(g.Err())
	}
	(&nn.SGD{}).Apply(n, g.Sum(y, false), g.Scalar(0.1), n.Trainable())
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "momentum/lonely/kernel follows a variable that no layer has made") {
		t.Errorf("error %v, want one that names momentum/lonely/kernel", err)
	}
}
