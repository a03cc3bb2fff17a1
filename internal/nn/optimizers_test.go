package nn_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// parameters are the values (or gradients) of a kernel [2, 3] and a bias [3].
type parameters struct{ Kernel, Bias []float32 }

// golden is what testdata/make_optimizer_golden.py computed.
type golden struct {
	Rates        []float32
	Kernel, Bias []float32
	Gradients    []parameters
	Cases        map[string][]parameters
}

func readGolden(t *testing.T) golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/optimizers.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// training is a graph whose loss has the gradients that are fed.
type training struct {
	g            *tf.Graph
	n            *nn.Net
	kernel, bias *tf.Variable
	gk, gb, lr   tf.Output
	step         tf.Op
	saver        *tf.Saver
}

func newTraining(t *testing.T, start golden, o nn.Optimizer) *training {
	t.Helper()
	g := newGraph(t)
	m := &training{g: g, n: nn.NewNet(g, 1)}
	given := func(values []float32) nn.Initializer {
		return func(g *tf.Graph, _ [2]int64, shape tf.Shape) tf.Output {
			return g.Reshape(g.Const(values), intDims(shape)...)
		}
	}
	m.kernel = m.n.Variable("d/kernel", tf.Shape{2, 3}, given(start.Kernel), true)
	m.bias = m.n.Variable("d/bias", tf.Shape{3}, given(start.Bias), true)
	m.gk = g.Placeholder("gradient/kernel", tf.Float32, 2, 3)
	m.gb = g.Placeholder("gradient/bias", tf.Float32, 3)
	m.lr = g.Placeholder("lr", tf.Float32)
	loss := g.Add(g.Sum(g.Mul(m.kernel.Read(), m.gk), false), g.Sum(g.Mul(m.bias.Read(), m.gb), false))
	m.step = o.Apply(m.n, loss, m.lr, m.n.Trainable()).Op
	m.saver = g.Saver(g.Variables())
	return m
}

func (m *training) run(t *testing.T, s *tf.Session, rate float32, grad parameters) parameters {
	t.Helper()
	run(t, s, map[tf.Output]*tf.Tensor{
		m.lr: tensor(t, []float32{rate}),
		m.gk: tensor(t, grad.Kernel, 2, 3),
		m.gb: tensor(t, grad.Bias, 3),
	}, m.step)
	got := fetch(t, s, m.kernel.Read(), m.bias.Read())
	return parameters{got[0], got[1]}
}

func optimizerCases() map[string]nn.Optimizer {
	return map[string]nn.Optimizer{
		"sgd_plain":          &nn.SGD{},
		"sgd_momentum_decay": &nn.SGD{Momentum: 0.9, WeightDecay: 0.01},
		"sgd_nesterov_decay": &nn.SGD{Momentum: 0.9, WeightDecay: 0.01, Nesterov: true},
		"sgd_clipped":        &nn.SGD{Momentum: 0.9, Nesterov: true, ClipNorm: 2.9},
		"adam":               &nn.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		"adam_epsilon":       &nn.Adam{Beta1: 0.8, Beta2: 0.95, Epsilon: 0.1},
		"adamw":              &nn.AdamW{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.5},
		"lars":               &nn.LARS{Momentum: 0.9, WeightDecay: 0.1, Trust: 0.02},
	}
}

func TestOptimizersFollowTheirPapers(t *testing.T) {
	want := readGolden(t)
	cases := optimizerCases()
	for name, trace := range want.Cases {
		t.Run(name, func(t *testing.T) {
			m := newTraining(t, want, cases[name])
			s := tftest.Session(t, m.g)
			for i, now := range trace {
				got := m.run(t, s, want.Rates[i], want.Gradients[i])
				near(t, fmt.Sprintf("kernel after step %d", i+1), got.Kernel, now.Kernel, 2e-6)
				near(t, fmt.Sprintf("bias after step %d", i+1), got.Bias, now.Bias, 2e-6)
			}
		})
	}
	if len(want.Cases) != len(cases) {
		t.Errorf("%d golden cases, %d here", len(want.Cases), len(cases))
	}
}

// A checkpoint of all variables carries the whole state: three steps, a new
// session, and the rest give the bits of an uninterrupted run.
func TestOptimizersResumeWithTheSameBits(t *testing.T) {
	data := readGolden(t)
	for name, o := range optimizerCases() {
		t.Run(name, func(t *testing.T) {
			m := newTraining(t, data, o)
			prefix := filepath.Join(t.TempDir(), "checkpoint")
			s := tftest.Session(t, m.g)
			var want parameters
			for i, rate := range data.Rates {
				if i == 3 {
					if err := m.saver.Save(s, prefix); err != nil {
						t.Fatal(err)
					}
				}
				want = m.run(t, s, rate, data.Gradients[i])
			}
			again := newTraining(t, data, o)
			s = tftest.Session(t, again.g)
			if err := again.saver.Restore(s, prefix); err != nil {
				t.Fatal(err)
			}
			var got parameters
			for i := 3; i < len(data.Rates); i++ {
				got = again.run(t, s, data.Rates[i], data.Gradients[i])
			}
			near(t, "kernel", got.Kernel, want.Kernel, 0)
			near(t, "bias", got.Bias, want.Bias, 0)
		})
	}
}

func TestOptimizerStateIsNamed(t *testing.T) {
	data := readGolden(t)
	for name, want := range map[string]string{
		"sgd_plain":          "optimizer/step",
		"sgd_momentum_decay": "optimizer/step optimizer/momentum/d/kernel optimizer/momentum/d/bias",
		"adamw":              "optimizer/step optimizer/m/d/kernel optimizer/v/d/kernel optimizer/m/d/bias optimizer/v/d/bias",
		"lars":               "optimizer/step optimizer/momentum/d/kernel optimizer/momentum/d/bias",
	} {
		m := newTraining(t, data, optimizerCases()[name])
		got := strings.TrimPrefix(names(m.g.Variables()), "d/kernel d/bias ")
		if got != want {
			t.Errorf("%s: state %q, want %q", name, got, want)
		}
		if got := names(m.n.Variables()); got != "d/kernel d/bias" {
			t.Errorf("%s: the model lists %q", name, got)
		}
	}
}

func TestStepCountsAndRunsUpdates(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	y := n.BatchNorm("b", g.Reshape(g.Const([]float32{1, 2, 3, 6}), 4, 1), 0.9, 0.5)
	step := (&nn.Adam{Beta1: 0.9, Beta2: 0.9, Epsilon: 1}).Apply(n, weighted(g, y), g.Scalar(0.1), n.Trainable()).Op
	var counter *tf.Variable
	for _, v := range g.Variables() {
		if v.Name == "optimizer/step" {
			counter = v
		}
	}
	count := g.Cast(counter.Read(), tf.Float32)
	s := tftest.Session(t, g)
	run(t, s, nil, step)
	checkMoving(t, s, n, 0.3, 1.25)
	run(t, s, nil, step)
	checkMoving(t, s, n, 0.57, 1.475)
	near(t, "steps", fetch(t, s, count)[0], []float32{2}, 0)
}

// A frozen layer keeps its bits, and no gradient with respect to it is built:
// even a layer that no gradient can reach may be left out.
func TestFrozenVariablesStay(t *testing.T) {
	for name, o := range optimizerCases() {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			n := nn.NewNet(g, 1)
			x := g.Const([][]float32{{1, 2, 3}, {4, 5, 7}})
			hidden := n.Dense("encoder", x, 4, nn.GlorotUniform)
			frozen := n.Variables()
			head := n.Branch()
			logits := head.Dense("head", g.StopGradient(hidden), 3, nn.Normal(0.1))
			loss := g.Mean(nn.CrossEntropy(g, logits, g.Const([]int32{0, 2}), 0), false)
			step := o.Apply(n, loss, g.Scalar(0.1), head.Trainable()).Op
			reads := []tf.Output{frozen[0].Read(), frozen[1].Read(), head.Trainable()[0].Read(), loss}
			s := tftest.Session(t, g)
			before := fetch(t, s, reads...)
			for range 3 {
				run(t, s, nil, step)
			}
			after := fetch(t, s, reads...)
			near(t, "encoder kernel", after[0], before[0], 0)
			near(t, "encoder bias", after[1], before[1], 0)
			if equal(after[2], before[2]) {
				t.Error("the head has not moved")
			}
			if after[3][0] >= before[3][0] {
				t.Errorf("the loss went from %v to %v", before[3][0], after[3][0])
			}
		})
	}
}

func TestUnreachableVariableIsAnError(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.Const([][]float32{{1, 2}})
	n.Dense("unused", x, 2, nn.Zeros)
	loss := g.Sum(n.Dense("used", x, 2, nn.Zeros), false)
	(&nn.SGD{}).Apply(n, loss, g.Scalar(0.1), n.Trainable())
	if g.Err() == nil {
		t.Error("a variable that the loss does not depend on is accepted")
	}
}

// The kernel starts at zero, where its norm gives no rate: the step is plain.
func TestLARSLeavesZero(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	v := n.Variable("w", tf.Shape{1, 2}, nn.Zeros, true)
	loss := g.Sum(g.Mul(v.Read(), g.Const([][]float32{{1, -2}})), false)
	step := (&nn.LARS{WeightDecay: 1, Trust: 0.001}).Apply(n, loss, g.Scalar(0.5), n.Trainable()).Op
	s := tftest.Session(t, g)
	run(t, s, nil, step)
	near(t, "w", fetch(t, s, v.Read())[0], []float32{-0.5, 1}, 1e-6)
}

// The schedule is at rate 0, so only variables of a constant rate move: w [1, 2]
// starts at (3, 4), of norm 5, with the gradient (3, -4), of norm 5 too; b [1]
// starts at 1 with the gradient 84. The others, of gradient (0, 12), stay: the
// joint norm is sqrt(9 + 16 + 7056 + 144) = 85. In the first step of
//
//	sgd      w is 3-0.5*3, 4+0.5*4 and b is 1-0.5*84
//	clipped  half of that, since 42.5 is half of 85
//	nesterov w has the gradient (3, -4) + 0.25*w = (3.75, -3), and all move by
//	         0.5*(1+0.9) of theirs; b does not decay
//	adam     everything moves by the rate, against its gradient's sign
//	adamw    w loses 0.5*0.25 of itself before; b does not decay
//	lars     w moves by 0.5*0.1*5/(5 + 0.25*5) = 0.04 of (3.75, -3), b as in sgd
func TestConstantRatesIgnoreTheSchedule(t *testing.T) {
	for name, c := range map[string]struct {
		o nn.Optimizer
		w []float32
		b float32
	}{
		"sgd":      {&nn.SGD{LearningRate: 0.5}, []float32{1.5, 6}, -41},
		"clipped":  {&nn.SGD{LearningRate: 0.5, ClipNorm: 42.5}, []float32{2.25, 5}, -20},
		"nesterov": {&nn.SGD{LearningRate: 0.5, Momentum: 0.9, Nesterov: true, WeightDecay: 0.25}, []float32{-0.5625, 6.85}, -78.8},
		"adam":     {&nn.Adam{LearningRate: 0.5, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, []float32{2.5, 4.5}, 0.5},
		"adamw":    {&nn.AdamW{LearningRate: 0.5, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.25}, []float32{2.125, 4}, 0.5},
		"lars":     {&nn.LARS{LearningRate: 0.5, Momentum: 0.9, WeightDecay: 0.25, Trust: 0.1}, []float32{2.85, 4.12}, -41},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			n := nn.NewNet(g, 1)
			start := func(g *tf.Graph, _ [2]int64, _ tf.Shape) tf.Output { return g.Const([][]float32{{3, 4}}) }
			scheduled := n.Variable("scheduled", tf.Shape{1, 2}, start, true)
			w := n.ConstantRate().Variable("w", tf.Shape{1, 2}, start, true)
			b := n.ConstantRate().Variable("b", tf.Shape{1}, nn.Ones, true)
			seen := g.Variable("seen", tf.Float32, tf.Shape{1, 2}, func(g *tf.Graph) tf.Output { return g.Const([][]float32{{0, 0}}) }, false)
			n.AfterStep(func(g *tf.Graph) tf.Op { return g.Assign(seen, g.Mul(g.ReadVariable(w), g.Scalar(2))) })
			loss := g.Sum(g.Mul(g.Concat(0, w.Read(), scheduled.Read()), g.Const([][]float32{{3, -4}, {0, 12}})), false)
			loss = g.Add(loss, g.Sum(g.Mul(b.Read(), g.Scalar(84)), false))
			rate := g.Placeholder("rate", tf.Float32)
			update := c.o.Apply(n, loss, rate, n.Trainable())
			s := tftest.Session(t, g)
			out, err := s.Run(map[tf.Output]*tf.Tensor{rate: tensor(t, []float32{0})}, []tf.Output{update.GradientNorm}, update.Op)
			if err != nil {
				t.Fatal(err)
			}
			got := fetch(t, s, scheduled.Read(), w.Read(), b.Read(), seen.Read())
			near(t, "norm of the gradients", out[0].Float32s(), []float32{85}, 1e-6)
			near(t, "scheduled", got[0], []float32{3, 4}, 0)
			near(t, "w", got[1], c.w, 1e-6)
			near(t, "b", got[2], []float32{c.b}, 1e-6)
			near(t, "what the operation after the step saw", got[3], []float32{2 * c.w[0], 2 * c.w[1]}, 2e-6)
		})
	}
}
