package nn_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Literals by hand: 1, 2, 3, 6 has mean 3 and variance 3.5.
func TestLayerNorm(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	n.Variable("l/gamma", tf.Shape{4}, fill(2), true)
	n.Variable("l/beta", tf.Shape{4}, fill(1), true)
	y := n.LayerNorm("l", g.Const([][][]float32{{{1, 2, 3, 6}}, {{10, 10, 10, 10}}}), 0.5)
	near(t, "y", fetch(t, tftest.Session(t, g), y)[0], []float32{-1, 0, 1, 4, 1, 1, 1, 1}, 1e-5) // sqrt(3.5+0.5) = 2
	if got := names(n.Variables()); got != "l/gamma l/beta" {
		t.Errorf("variables %q", got)
	}
}

// Literals of the normal distribution: x times the share below x.
func TestGELU(t *testing.T) {
	g := newGraph(t)
	y := nn.GELU(g, g.Const([]float32{-3, -1, 0, 0.5, 2}))
	near(t, "y", tftest.Eval(t, g, y)[0], []float32{-0.00404969, -0.15865525, 0, 0.34573123, 1.95449974}, 1e-6)
}

// A quarter of a turn makes (1, 0) of a query into (0, 1), so that it fits the key
// (0, 1), which is not turned, and no more (1, 0). Weights by hand: e/(e+1) of scores
// 0 and sqrt(2)/sqrt(2) = 1.
func TestRotaryTurnsQueriesAndKeys(t *testing.T) {
	for name, fused := range map[string]bool{"stock": false, "fused": true} {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		kernel := func(rows ...[]float32) nn.Initializer {
			return func(g *tf.Graph, _ [2]int64, _ tf.Shape) tf.Output { return g.Const(rows) }
		}
		// Of a token (a, b) the query is (a+b, 0)*sqrt(2), the key (a, b), and the value as well.
		root := float32(math.Sqrt2)
		n.Variable("a/query/kernel", tf.Shape{2, 2}, kernel([]float32{root, 0}, []float32{root, 0}), true)
		n.Variable("a/key/kernel", tf.Shape{2, 2}, kernel([]float32{1, 0}, []float32{0, 1}), true)
		identity := kernel([]float32{1, 0}, []float32{0, 1})
		codes := g.Const([][]float32{{0, 1}, {1, 0}}) // sine, cosine: not turned; a quarter
		y := n.SelfAttention(nn.Attention{Name: "a", Heads: 1, Init: identity, Codes: codes}, g.Const([][][]float32{{{0, 1}, {1, 0}}}))
		// Position 1: its query (1, 0) becomes (0, 1), its own key (1, 0) does too, and that of position 0 is (0, 1).
		// Position 0: its query (1, 0) fits neither.
		near(t, name, fetch(t, tftest.Session(t, g), y)[0], []float32{0.5, 0.5, 0.5, 0.5}, 1e-6)
		turned := n.SelfAttention(nn.Attention{Name: "a", Heads: 1, Init: identity, Codes: g.Const([][]float32{{0, 1}, {0, 1}})}, g.Const([][][]float32{{{0, 1}, {1, 0}}}))
		near(t, name+", not turned", fetch(t, tftest.Session(t, g), turned)[0], []float32{0.7310586, 0.2689414, 0.7310586, 0.2689414}, 1e-6)
	}
}

// With queries and keys of zero everybody attends to everybody alike, and what comes
// out is the mean of the values of those who may be seen.
func TestAttentionAveragesWhatItMaySee(t *testing.T) {
	for name, c := range map[string]struct {
		present []float32
		causal  bool
		want    []float32
	}{
		"all":                {nil, false, []float32{14, 14, 14}},                // (2+10+30)/3
		"causal":             {nil, true, []float32{2, 6, 14}},                   // 2, (2+10)/2, (2+10+30)/3
		"padding":            {[]float32{1, 1, 0}, false, []float32{6, 6, 6}},    // (2+10)/2
		"causal and padding": {[]float32{1, 0, 1}, true, []float32{2, 2, 16}},    // 2, 2, (2+30)/2
		"padding first":      {[]float32{0, 1, 1}, true, []float32{2, 10, 20}},   // row 0 sees itself alone
		"nothing":            {[]float32{0, 0, 0}, false, []float32{14, 14, 14}}, // finite, and of no use
	} {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		identity := func(g *tf.Graph, _ [2]int64, _ tf.Shape) tf.Output { return g.Const([][]float32{{1, 0}, {0, 1}}) }
		for _, layer := range []string{"query", "key"} {
			n.Variable("a/"+layer+"/kernel", tf.Shape{2, 2}, nn.Zeros, true)
		}
		a := nn.Attention{Name: "a", Heads: 2, Causal: c.causal, Init: identity}
		if c.present != nil {
			a.Present = g.Const([][]float32{c.present})
		}
		y := n.SelfAttention(a, g.Const([][][]float32{{{2, 1}, {10, 1}, {30, 1}}}))
		var want []float32
		for _, v := range c.want {
			want = append(want, v, 1)
		}
		near(t, name, fetch(t, tftest.Session(t, g), y)[0], want, 1e-5)
	}
}

// block is a small one with everything in it.
func block(change func(b *nn.Block)) nn.Block {
	b := nn.Block{Name: "b", Attention: nn.Attention{Heads: 2}, Hidden: 6, Epsilon: 1e-2, Init: nn.Normal(0.4)}
	change(&b)
	return b
}

func TestTransformerGradients(t *testing.T) {
	dims := []int{2, 3, 4}
	const size = 2 * 3 * 4
	present := func(n *nn.Net) tf.Output { return n.Graph().Const([][]float32{{1, 1, 1}, {1, 1, 0}}) }
	apply := func(change func(n *nn.Net, b *nn.Block)) func(n *nn.Net, x tf.Output) tf.Output {
		return func(n *nn.Net, x tf.Output) tf.Output {
			return n.TransformerBlock(block(func(b *nn.Block) { change(n, b) }), x)
		}
	}
	for name, layer := range map[string]func(n *nn.Net, x tf.Output) tf.Output{
		"layer-norm": func(n *nn.Net, x tf.Output) tf.Output { return n.LayerNorm("l", x, 1e-2) },
		"gelu":       func(n *nn.Net, x tf.Output) tf.Output { return nn.GELU(n.Graph(), x) },
		"masked attention": func(n *nn.Net, x tf.Output) tf.Output {
			return n.SelfAttention(nn.Attention{Name: "l", Heads: 1, Causal: true, Present: present(n), Init: nn.Normal(0.4)}, x)
		},
		"post-norm": apply(func(n *nn.Net, b *nn.Block) { b.PostNorm, b.Attention.Present = true, present(n) }),
		"pre-norm": apply(func(_ *nn.Net, b *nn.Block) {
			b.LayerScale, b.Dropout, b.DropPath, b.Attention.Dropout = 0.7, 0.2, 0.3, 0.2
		}),
	} {
		t.Run(name, func(t *testing.T) {
			tftest.Load(t)
			g := tf.NewGraph()
			n := nn.NewNet(g, 1)
			checkParameters(t, n, weighted(g, layer(n, g.Reshape(g.Const(wave(size, 0)), dims...))), 5e-3)
			tftest.CheckGradient(t, func(g *tf.Graph, x tf.Output) tf.Output {
				return weighted(g, layer(nn.NewNet(g, 1), x))
			}, wave(size, 0), dims, 1e-2, 5e-3)
		})
	}
}

func TestVariablesOfABlock(t *testing.T) {
	const layers = "b/attention/query/kernel b/attention/query/bias b/attention/key/kernel b/attention/key/bias " +
		"b/attention/value/kernel b/attention/value/bias b/attention/output/kernel b/attention/output/bias"
	const mlp = "b/mlp/expand/kernel b/mlp/expand/bias b/mlp/project/kernel b/mlp/project/bias"
	for want, change := range map[string]func(b *nn.Block){
		"b/norm1/gamma b/norm1/beta " + layers + " b/scale1/gamma b/norm2/gamma b/norm2/beta " + mlp + " b/scale2/gamma": func(b *nn.Block) { b.LayerScale = 0.1 },
		layers + " b/norm1/gamma b/norm1/beta " + mlp + " b/norm2/gamma b/norm2/beta":                                    func(b *nn.Block) { b.PostNorm = true },
	} {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		n.TransformerBlock(block(change), g.Reshape(g.Const(wave(24, 0)), 2, 3, 4))
		if got := names(n.Variables()); got != want {
			t.Errorf("variables %q, want %q", got, want)
		}
		for _, v := range n.Trainable() {
			if got, want := n.NoDecay(v), !strings.HasSuffix(v.Name, "kernel"); got != want {
				t.Errorf("%s is exempt from decay: %v", v.Name, got)
			}
		}
	}
}

func TestVariablesWithoutDecay(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	if v := n.WithoutDecay().Variable("positions", tf.Shape{3, 4}, nn.Zeros, true); !n.NoDecay(v) {
		t.Error("positions decay")
	}
	if v := n.Variable("kernel", tf.Shape{3, 4}, nn.Zeros, true); n.NoDecay(v) {
		t.Error("a kernel does not decay")
	}
}

// Batch and length may be open: what is built once then serves all.
func TestOpenBatchAndLength(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	b := block(func(b *nn.Block) { b.Attention.Causal = true })
	x := g.Placeholder("x", tf.Float32, -1, -1, 4)
	present := g.Placeholder("present", tf.Float32, -1, -1)
	open := b
	open.Attention.Present = present
	y := n.TransformerBlock(open, x)
	if got := fmt.Sprint(y.Shape()); got != "[?, ?, 4]" {
		t.Errorf("the shape is %v", got)
	}
	values, mask := wave(2*5*4, 0), []float32{1, 1, 1, 1, 1, 1, 1, 1, 0, 0}
	fixed := b
	fixed.Attention.Present = g.Reshape(g.Const(mask), 2, 5)
	want := n.TransformerBlock(fixed, g.Reshape(g.Const(values), 2, 5, 4))
	s := tftest.Session(t, g)
	out, err := s.Run(map[tf.Output]*tf.Tensor{x: tensor(t, values, 2, 5, 4), present: tensor(t, mask, 2, 5)}, []tf.Output{y, want})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "y", out[0].Float32s(), out[1].Float32s(), 1e-5)
}

// The order of sums must not depend on where the graph lies in memory.
func TestGradientsOfABlockHaveOneOrder(t *testing.T) {
	grads := func() [][]float32 {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		x := g.Reshape(g.Const(wave(4*6*8, 0)), 4, 6, 8)
		for i := range 3 {
			x = n.TransformerBlock(block(func(b *nn.Block) { b.Name = fmt.Sprint("b", i) }), x)
		}
		var reads []tf.Output
		for _, v := range n.Trainable() {
			reads = append(reads, v.Read())
		}
		return fetch(t, tftest.Session(t, g), g.Gradients(weighted(g, x), reads)...)
	}
	first := grads()
	for range 3 {
		for i, again := range grads() {
			if !slices.Equal(first[i], again) {
				t.Fatalf("gradient %d differs in its last bits", i)
			}
		}
	}
}

func TestWrongTokensAreErrors(t *testing.T) {
	for want, build := range map[string]func(n *nn.Net, rows, tokens tf.Output){
		"attention a: tokens of the shape [1, 1, 3] cannot be divided among 2 heads": func(n *nn.Net, _, tokens tf.Output) {
			n.SelfAttention(nn.Attention{Name: "a", Heads: 2, Init: nn.Zeros}, tokens)
		},
		"attention a: tokens of the shape [1, 3]": func(n *nn.Net, rows, _ tf.Output) {
			n.SelfAttention(nn.Attention{Name: "a", Heads: 1, Init: nn.Zeros}, rows)
		},
		"MLP m wants [N, L, D], not [1, 3]":           func(n *nn.Net, rows, _ tf.Output) { n.MLP("m", rows, 2, nn.Zeros) },
		"stochastic depth p: rate 1 is not in [0, 1)": func(n *nn.Net, rows, _ tf.Output) { n.DropPath("p", rows, 1) },
		"layer-norm l wants [..., D], not [3]":        func(n *nn.Net, rows, _ tf.Output) { n.LayerNorm("l", n.Graph().Reshape(rows, 3), 1e-6) },
		"dropout d: rate -0.1 is not in [0, 1)":       func(n *nn.Net, rows, _ tf.Output) { n.Dropout("d", rows, -0.1) },
		"dropout d: rate NaN is not in [0, 1)":        func(n *nn.Net, rows, _ tf.Output) { n.Dropout("d", rows, math.NaN()) },
	} {
		g := newGraph(t)
		build(nn.NewNet(g, 1), g.Const([][]float32{{1, 2, 3}}), g.Const([][][]float32{{{1, 2, 3}}}))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
