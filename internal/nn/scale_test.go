package nn_test

import (
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// The gradients and starts are those of TestConstantRatesIgnoreTheSchedule: w is
// (3, 4) with the gradient (3, -4), b is 1 with the gradient 84, and a third
// variable (3, 4) has the gradient (0, 12), so that the joint norm is 85. The
// schedule is at rate 0.5, of which w learns at a half; b learns at a quarter of
// the base rate 1, which the schedule does not change; the third learns at 0. So
// w and b move at the rate 0.25:
//
//	sgd      w is 3-0.25*3, 4+0.25*4 and b is 1-0.25*84
//	decayed  w has the gradient (3, -4) + 0.25*w = (3.75, -3); b does not decay
//	clipped  half of sgd, since 42.5 is half of 85: the third one's gradient counts
//	momentum in its first step is sgd
//	nesterov all move by 0.25*(1+0.9) of the decayed gradient
//	adam     everything moves by the rate, against its gradient's sign
//	adamw    w loses 0.25*0.25 of itself before; b does not decay
//	lars     w moves by 0.25*0.1*5/(5 + 0.25*5) = 0.02 of (3.75, -3), b as in sgd
func TestScaledRates(t *testing.T) {
	for name, c := range map[string]struct {
		o nn.Optimizer
		w []float32
		b float32
	}{
		"sgd":      {&nn.SGD{LearningRate: 1}, []float32{2.25, 5}, -20},
		"decayed":  {&nn.SGD{LearningRate: 1, WeightDecay: 0.25}, []float32{2.0625, 4.75}, -20},
		"clipped":  {&nn.SGD{LearningRate: 1, ClipNorm: 42.5}, []float32{2.625, 4.5}, -9.5},
		"momentum": {&nn.SGD{LearningRate: 1, Momentum: 0.9}, []float32{2.25, 5}, -20},
		"nesterov": {&nn.SGD{LearningRate: 1, Momentum: 0.9, Nesterov: true, WeightDecay: 0.25}, []float32{1.21875, 5.425}, -38.9},
		"adam":     {&nn.Adam{LearningRate: 1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, []float32{2.75, 4.25}, 0.75},
		"adamw":    {&nn.AdamW{LearningRate: 1, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.25}, []float32{2.5625, 4}, 0.75},
		"lars":     {&nn.LARS{LearningRate: 1, Momentum: 0.9, WeightDecay: 0.25, Trust: 0.1}, []float32{2.925, 4.06}, -20},
	} {
		t.Run(name, func(t *testing.T) {
			m := newScaled(t, c.o)
			s := tftest.Session(t, m.g)
			out, err := s.Run(map[tf.Output]*tf.Tensor{m.rate: tensor(t, []float32{0.5})}, []tf.Output{m.update.GradientNorm}, m.update.Op)
			if err != nil {
				t.Fatal(err)
			}
			got := fetch(t, s, m.w.Read(), m.b.Read(), m.still.Read())
			near(t, "norm of the gradients", out[0].Float32s(), []float32{85}, 1e-6)
			near(t, "w", got[0], c.w, 1e-6)
			near(t, "b", got[1], []float32{c.b}, 1e-6)
			near(t, "what has the factor 0", got[2], []float32{3, 4}, 0)
		})
	}
}

// A factor may change between steps: what stood still at 0 moves once it is not
// 0, and what moved stops. Its momentum goes on from the gradients before.
func TestScaledRatesMayChange(t *testing.T) {
	for name, c := range map[string]struct {
		o     nn.Optimizer
		still []float32 // after a second step with the factor 1, at the rate 0.5
	}{
		"sgd":      {&nn.SGD{LearningRate: 1}, []float32{3, -2}},                // 4 - 0.5*12
		"momentum": {&nn.SGD{LearningRate: 1, Momentum: 0.5}, []float32{3, -5}}, // 4 - 0.5*(12 + 0.5*12)
		"adamw": {&nn.AdamW{LearningRate: 1, WeightDecay: 0.25, Epsilon: 1e-8}, // 3 - 0.125*3, 4 - 0.125*4 - 0.5
			[]float32{2.625, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newScaled(t, c.o)
			s := tftest.Session(t, m.g)
			feeds := map[tf.Output]*tf.Tensor{m.rate: tensor(t, []float32{0.5})}
			run(t, s, feeds, m.update.Op)
			moved := fetch(t, s, m.w.Read(), m.b.Read())
			feeds[m.factor] = tensor(t, []float32{0})
			feeds[m.none] = tensor(t, []float32{1})
			run(t, s, feeds, m.update.Op)
			got := fetch(t, s, m.w.Read(), m.still.Read())
			near(t, "w, whose factor fell to 0", got[0], moved[0], 0)
			near(t, "what began to learn", got[1], c.still, 1e-6)
		})
	}
}

// scaled is a training whose variables have factors.
type scaled struct {
	g                  *tf.Graph
	w, b, still        *tf.Variable
	rate, factor, none tf.Output
	update             nn.Update
}

func newScaled(t *testing.T, o nn.Optimizer) *scaled {
	t.Helper()
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	start := func(g *tf.Graph, _ [2]int64, _ tf.Shape) tf.Output { return g.Const([][]float32{{3, 4}}) }
	m := &scaled{g: g}
	m.w = n.Variable("w", tf.Shape{1, 2}, start, true)
	m.b = n.ConstantRate().Variable("b", tf.Shape{1}, nn.Ones, true)
	m.still = n.Variable("still", tf.Shape{1, 2}, start, true)
	m.factor, m.none = g.Scalar(0.5), g.Scalar(0)
	n.ScaleRate(m.w, m.factor)
	n.ScaleRate(m.b, g.Scalar(0.25))
	n.ScaleRate(m.still, m.none)
	loss := g.Sum(g.Mul(g.Concat(0, m.w.Read(), m.still.Read()), g.Const([][]float32{{3, -4}, {0, 12}})), false)
	loss = g.Add(loss, g.Sum(g.Mul(m.b.Read(), g.Scalar(84)), false))
	m.rate = g.Placeholder("rate", tf.Float32)
	m.update = o.Apply(n, loss, m.rate, n.Trainable())
	return m
}
