package nn_test

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Numbers of bfloat16 have 8 bits of precision: near 1.01 there is 1.0078125, near 3.3
// there is 3.296875, and near their product 3.3225 there is 3.328125.
const (
	factor, weight = 1.01, 3.3
	mixedProduct   = 3.328125
)

// layersOf apply a layer whose kernel is of weights to x of a shape of the layer's,
// each value of the result being one product.
var layersOf = map[string]func(n *nn.Net, x tf.Output) tf.Output{
	"dense": func(n *nn.Net, x tf.Output) tf.Output {
		return n.Dense("l", n.Graph().Reshape(x, 4, 1), 2, fill(weight))
	},
	"convolution": func(n *nn.Net, x tf.Output) tf.Output {
		n.Variable("l/kernel", tf.Shape{1, 1, 1, 3}, fill(weight), true)
		return n.Conv2D("l", n.Graph().Reshape(x, 1, 2, 2, 1), 3, 1, 1, true)
	},
	"depthwise": func(n *nn.Net, x tf.Output) tf.Output {
		n.Variable("l/kernel", tf.Shape{1, 1, 4, 1}, fill(weight), true)
		return n.DepthwiseConv2D("l", n.Graph().Reshape(x, 1, 1, 1, 4), 1, 1, "SAME")
	},
	"logits": func(n *nn.Net, x tf.Output) tf.Output {
		table := n.Variable("table", tf.Shape{5, 1}, fill(weight), true)
		return n.TiedLogits(n.Graph().Reshape(x, 4, 1), table.Read(), tf.Output{})
	},
}

func fourFactors(g *tf.Graph) tf.Output { return g.Const([]float32{factor, factor, factor, factor}) }

// The result of a layer is the product of the rounded factors, rounded; it has the type
// of what the layer was given. In inference nothing is rounded.
func TestMixedLayersRound(t *testing.T) {
	for name, layer := range layersOf {
		for _, native := range []bool{false, true} {
			g := newGraph(t)
			n := nn.NewNet(g, 1).Mixed(native)
			wide, narrow := layer(n, fourFactors(g)), layer(n, n.Narrow(fourFactors(g)))
			if wide.DType() != tf.Float32 || narrow.DType() != tf.BFloat16 {
				t.Errorf("%s: of float32 it makes %s, of bfloat16 %s", name, wide.DType(), narrow.DType())
			}
			exact := layer(n.Mode(false), fourFactors(g))
			got := fetch(t, tftest.Session(t, g), wide, n.Widen(narrow), exact)
			tolerance := 0.0
			if native {
				tolerance = 1.0 / 128 // TensorFlow's own on the CPU may be a step of the type off
			}
			near(t, name, got[0], slices.Repeat([]float32{mixedProduct}, len(got[0])), tolerance)
			near(t, name+" of bfloat16", got[1], slices.Repeat([]float32{mixedProduct}, len(got[1])), tolerance)
			near(t, name+" in inference", got[2], slices.Repeat([]float32{factor * weight}, len(got[2])), 1e-6)
		}
	}
}

// Sums are of float32: 256 + 1 + 1 + 1 is 259, which is rounded to 260. A sum of bfloat16
// would stay at 256, since 257 is not a number of that type.
func TestMixedSums(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1).Mixed(false)
	y := n.Dense("d", g.Const([][]float32{{256, 1, 1, 1}}), 1, nn.Ones)
	near(t, "sum", fetch(t, tftest.Session(t, g), y)[0], []float32{260}, 0)
}

// The weights of attention are of float32, and what is mixed by them is rounded.
func TestMixedAttention(t *testing.T) {
	both := map[bool][]float32{}
	for _, mixed := range []bool{false, true} {
		g := newGraph(t)
		n := nn.NewNet(g, 3)
		if mixed {
			n = n.Mixed(false)
		}
		x := g.Const(wave(2*5*8, 1))
		y := n.SelfAttention(nn.Attention{Name: "a", Heads: 2, Init: nn.GlorotUniform}, g.Reshape(x, 2, 5, 8))
		both[mixed] = fetch(t, tftest.Session(t, g), y)[0]
	}
	if d := distance(both[true], both[false]); d < 1e-4 || d > 1e-2 {
		t.Errorf("attention in mixed precision is %g from that of float32, relative to its size; want about 0.004", d)
	}
}

// distance is the size of a - b relative to that of b.
func distance(a, b []float32) float64 {
	var gap, size float64
	for i := range a {
		gap += math.Pow(float64(a[i]-b[i]), 2)
		size += math.Pow(float64(b[i]), 2)
	}
	return math.Sqrt(gap / size)
}

// Batch-norm's statistics are of float32, whatever it normalises: 1000 times 1 and 24
// times 2 have a mean that bfloat16 cannot tell from 1.0234375, and its own type back.
func TestMixedBatchNorm(t *testing.T) {
	values := append(slices.Repeat([]float32{1}, 1000), slices.Repeat([]float32{2}, 24)...)
	const mean, variance = 1.0 + 24.0/1024, 24.0 / 1024 * 1000 / 1024
	g := newGraph(t)
	n := nn.NewNet(g, 1).Mixed(false)
	x := n.Narrow(g.Reshape(g.Const(values), 1024, 1, 1, 1))
	y := n.BatchNorm("bn", x, 0, 1e-3) // momentum 0: the averages become the batch's
	if y.DType() != tf.BFloat16 {
		t.Fatalf("of bfloat16 batch-norm makes %s", y.DType())
	}
	s := tftest.Session(t, g)
	run(t, s, nil, g.Group(n.Updates()...))
	var averages []tf.Output
	for _, v := range n.Variables()[2:] {
		averages = append(averages, v.Read())
	}
	got := fetch(t, s, averages...)
	near(t, "mean", got[0], []float32{mean}, 1e-6)
	near(t, "variance", got[1], []float32{variance}, 1e-5)
}

// Gradients of a small network in mixed precision are those of float32, up to the
// precision of bfloat16, and reach every variable as float32.
func TestMixedGradients(t *testing.T) {
	grads := map[string][][]float32{}
	for name, change := range map[string]func(*nn.Net) *nn.Net{
		"float32":       func(n *nn.Net) *nn.Net { return n },
		"mixed":         func(n *nn.Net) *nn.Net { return n.Mixed(false) },
		"mixed, native": func(n *nn.Net) *nn.Net { return n.Mixed(true) },
	} {
		g := newGraph(t)
		n := change(nn.NewNet(g, 5))
		x := n.Narrow(g.Reshape(g.Const(wave(4*6*6*3, 0.2)), 4, 6, 6, 3))
		x = n.ConvNorm("conv", norm("conv_bn"), x, 8, 3, 2)
		x = n.InvertedResidual(nn.Residual{
			Expand: "e", Depthwise: "d", Project: "p", ExpandNorm: norm("e_bn"), DepthwiseNorm: norm("d_bn"), ProjectNorm: norm("p_bn"),
			Expansion: 2, Filters: 8, Stride: 1,
		}, x)
		logits := n.Dense("head", n.GlobalAveragePool(x), 3, nn.GlorotUniform)
		loss := g.Mean(nn.CrossEntropy(g, logits, g.Const([]int32{0, 1, 2, 1}), 0), false)
		var reads []tf.Output
		for _, v := range n.Trainable() {
			reads = append(reads, v.Read())
		}
		grads[name] = fetch(t, tftest.Session(t, g), g.Gradients(loss, reads)...)
	}
	want := slices.Concat(grads["float32"]...)
	for _, name := range []string{"mixed", "mixed, native"} {
		if d := distance(slices.Concat(grads[name]...), want); d < 1e-4 || d > 0.05 {
			t.Errorf("%s: the gradient is %g from that of float32, relative to its size; want about 0.01", name, d)
		}
	}
}

func norm(name string) nn.Norm { return nn.Norm{Name: name, Momentum: 0.9, Epsilon: 1e-3} }
