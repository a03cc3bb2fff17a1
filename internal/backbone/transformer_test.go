package backbone

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// goldenTransformer is that of the golden files, whose texts have 6 of 7 tokens and 11
// words.
func goldenTransformer(norm, pool string) *Transformer {
	return &Transformer{
		Width: goldenWidth, Depth: goldenDepth, Heads: goldenHeads, MLPRatio: float64(goldenHidden) / goldenWidth,
		CausalMask: norm == normPre, Norm: norm, Positions: positionsLearned, Pool: pool,
	}
}

func rotary(c *Transformer) *Transformer {
	c.Positions = positionsRotary
	return c
}

// texts are those of the golden files.
func texts() []int32 {
	return slices.Concat([]int32{3, 10, 1, 4, 4, 2}, []int32{5, 6, 9, 1, 0, 0}, []int32{7, 1, 2, 8, 3, 0}, []int32{9, 0, 0, 0, 0, 0})
}

func words(t *testing.T, values []int32, dims ...int) *tf.Tensor {
	t.Helper()
	x, err := tf.Alloc(tf.Int32, dims...)
	if err != nil {
		t.Fatal(err)
	}
	copy(x.Int32s(), values)
	return x
}

// Outputs and all gradients are those of Hugging Face's BertModel, GPT2Model and
// GPTNeoXModel with the same weights.
func TestTransformerIsThatOfHuggingFace(t *testing.T) {
	tftest.Load(t)
	golden := readNPZ(t, "testdata/transformer.npz")
	for name, c := range map[string]*Transformer{
		"bert_mean":  goldenTransformer(normPost, poolMean),
		"bert_first": goldenTransformer(normPost, poolFirst),
		"gpt2_last":  goldenTransformer(normPre, poolLast),
		"neox_last":  rotary(goldenTransformer(normPre, poolLast)),
	} {
		checkGolden(t, golden, name, words(t, texts(), 4, 6), c.ForText(11, 7).Build)
	}
}

// features evaluates a network on the texts ids [n, l], through placeholders of the
// shape dims, and returns pooled and map.
func features(t *testing.T, c *Transformer, ids []int32, n, l int, dims ...int) (pooled, tokens []float32) {
	t.Helper()
	tftest.Load(t)
	g := tf.NewGraph()
	net := nn.NewNet(g, 1)
	in := g.Placeholder("x", tf.Int32, dims...)
	f := c.ForText(11, 7).Build(net.Mode(false), in)
	if dims[1] < 0 && fmt.Sprint(f.Pooled.Shape(), f.Map.Shape(), f.Blocks[1].Shape(), f.Present.Shape(), f.Embedding.Shape()) != "[?, 16] [?, 1, ?, 16] [?, 1, ?, 16] [?, ?] [11, 16]" {
		t.Errorf("the shapes are %v %v %v %v %v", f.Pooled.Shape(), f.Map.Shape(), f.Blocks[1].Shape(), f.Present.Shape(), f.Embedding.Shape())
	}
	got := evaluateGolden(t, g, net, map[tf.Output]*tf.Tensor{in: words(t, ids, n, l)}, []tf.Output{f.Pooled, f.Map})
	return got[0], got[1]
}

// variants are networks of every norm, pool and kind of positions.
func variants() map[string]*Transformer {
	all := map[string]*Transformer{}
	for _, norm := range []string{normPre, normPost} {
		for _, pool := range []string{poolMean, poolLast} {
			all[norm+" "+pool] = goldenTransformer(norm, pool)
		}
	}
	all["post first"] = goldenTransformer(normPost, poolFirst)
	all["post first"].Positions = positionsSinCos
	all["rotary"] = rotary(goldenTransformer(normPost, poolMean))
	all["rotary, causal"] = rotary(goldenTransformer(normPre, poolLast))
	return all
}

// More padding changes nothing, and a graph with open shapes computes what a fixed one
// does.
func TestPaddingChangesNothing(t *testing.T) {
	for name, c := range variants() {
		pooled, tokens := features(t, c, []int32{5, 6, 9, 1, 7, 1, 2, 8}, 2, 4, 2, 4)
		padded, longer := features(t, c, []int32{5, 6, 9, 1, 0, 0, 0, 7, 1, 2, 8, 0, 0, 0}, 2, 7, -1, -1)
		closeTo(t, name+": pooled", padded, pooled, 1e-5)
		for i := range 2 {
			closeTo(t, name+": tokens", longer[i*7*goldenWidth:(i*7+4)*goldenWidth], tokens[i*4*goldenWidth:(i+1)*4*goldenWidth], 1e-5)
		}
	}
}

// A later token never changes what stands for an earlier one, unless the network
// looks both ways.
func TestCausalNetworksLookBackOnly(t *testing.T) {
	const kept = 3 * goldenWidth
	for name, c := range variants() {
		_, before := features(t, c, []int32{5, 6, 9, 1, 7}, 1, 5, 1, 5)
		_, after := features(t, c, []int32{5, 6, 9, 2, 8}, 1, 5, 1, 5)
		same := slices.Equal(before[:kept], after[:kept])
		if same != c.Causal() {
			t.Errorf("%s: causal is %v, and that a later token leaves earlier ones alone is %v", name, c.Causal(), same)
		}
		if slices.Equal(before[kept:], after[kept:]) {
			t.Errorf("%s: another token changes nothing", name)
		}
	}
}

// Without positions a text would be a set: with equal codes everywhere, to permute the
// tokens permutes what stands for them.
func TestTransformerIsEquivariantButForPositions(t *testing.T) {
	c := goldenTransformer(normPost, poolMean)
	first, straight := features(t, c, []int32{5, 6, 9}, 1, 3, 1, 3)
	again, permuted := features(t, c, []int32{9, 5, 6}, 1, 3, 1, 3)
	if slices.Equal(first, again) || slices.Equal(straight[:goldenWidth], permuted[goldenWidth:2*goldenWidth]) {
		t.Error("the order of tokens changes nothing")
	}
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	n.Variable("embed/positions", tf.Shape{7, goldenWidth}, nn.Zeros, true)
	bound := c.ForText(11, 7)
	one := bound.Build(n, g.Const([][]int32{{5, 6, 9}}))
	other := bound.Build(n, g.Const([][]int32{{9, 5, 6}}))
	got := fetch(t, tftest.Session(t, g), nil, []tf.Output{one.Pooled, other.Pooled, one.Map, g.Gather(other.Map, g.Ints(1, 2, 0), 2)})
	closeTo(t, "pooled", got[1], got[0], 1e-5)
	closeTo(t, "tokens", got[3], got[2], 1e-5)
}

// With rotary positions tokens see how far others are and not where: padding in front
// moves a text and changes nothing.
func TestRotaryPositionsAreRelative(t *testing.T) {
	c := rotary(goldenTransformer(normPost, poolMean))
	pooled, tokens := features(t, c, []int32{5, 6, 9, 1}, 1, 4, 1, 4)
	later, moved := features(t, c, []int32{0, 0, 0, 5, 6, 9, 1}, 1, 7, 1, 7)
	closeTo(t, "pooled", later, pooled, 1e-5)
	closeTo(t, "tokens", moved[3*goldenWidth:], tokens, 1e-5)
	_, swapped := features(t, c, []int32{6, 5, 9, 1}, 1, 4, 1, 4)
	if slices.Equal(swapped[:goldenWidth], tokens[goldenWidth:2*goldenWidth]) {
		t.Error("the order of tokens changes nothing")
	}
}

// Positions beyond the text are there for longer ones, and a text that is too long is
// an error in the graph, or in the run where the length is open.
func TestLengthsOfTransformer(t *testing.T) {
	tftest.Load(t)
	c := goldenTransformer(normPre, poolLast)
	g := tf.NewGraph()
	c.ForText(11, 7).Build(nn.NewNet(g, 1), g.Placeholder("x", tf.Int32, 2, 8))
	if err := g.Err(); err == nil || !strings.Contains(err.Error(), "there are positions for 7 tokens, and the texts have 8") {
		t.Errorf("error %v", err)
	}
	g = tf.NewGraph()
	in := g.Placeholder("x", tf.Int32, -1, -1)
	f := c.ForText(11, 7).Build(nn.NewNet(g, 1), in)
	s := tftest.Session(t, g)
	if _, err := s.Run(map[tf.Output]*tf.Tensor{in: words(t, nil, 1, 8)}, []tf.Output{f.Pooled}); err == nil {
		t.Error("a text that is too long is read")
	}
	c.MaxLength = 9
	g = tf.NewGraph()
	n := nn.NewNet(g, 1)
	c.ForText(11, 7).Build(n, g.Placeholder("x", tf.Int32, 2, 8))
	if err := g.Err(); err != nil || n.Variables()[1].Shape.String() != "[9, 16]" {
		t.Errorf("error %v, variables %v", err, n.Variables())
	}
	if got := messages(c.CheckLength(10)); got != "The texts have up to 10 tokens, and there are positions for 9: set max_length to at least 10, or to 0." || c.CheckLength(9) != nil {
		t.Errorf("problems %q", got)
	}
}

// The table of tokens decays as kernels do; positions, norms and biases do not.
func TestVariablesOfTransformer(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	c := goldenTransformer(normPost, poolMean)
	f := c.ForText(11, 7).Build(n, g.Placeholder("x", tf.Int32, 2, 7))
	for _, v := range n.Trainable() {
		if want := !strings.HasSuffix(v.Name, "/kernel") && v.Name != "embed/tokens"; n.NoDecay(v) != want {
			t.Errorf("%s is exempt from weight decay: %v", v.Name, !want)
		}
	}
	if f.Embedding != n.Variables()[0].Read() || !slices.Equal(f.BlockNames, c.BlockNames()) || len(f.Blocks) != len(f.BlockNames) {
		t.Errorf("the table is not handed out, or %d blocks have %d names", len(f.Blocks), len(f.BlockNames))
	}
	if _, ok := c.ForText(11, 7).(TextBackbone); !ok {
		t.Error("transformer is no TextBackbone")
	}
	if got, want := c.Activations(1, 5), int64(5*16+2*(6*5*16+2*5*5+5*40)); got != want {
		t.Errorf("%d values, want %d", got, want)
	}
	if h, w := c.MapSize(1, 5); h != 1 || w != 5 || c.Dim() != 16 {
		t.Errorf("a map of %d by %d, dim %d", h, w, c.Dim())
	}
}

func TestMistakesOfTransformer(t *testing.T) {
	for want, found := range map[string][]schema.Problem{
		"heads must divide width, and 3 does not divide 16.":                                                                             changed(func(c *Transformer) { c.Heads = 3 }).Validate(),
		`With positions = "sincos" width must be a multiple of 2, and 15 is not.`:                                                        changed(func(c *Transformer) { c.Width, c.Heads, c.Positions = 15, 3, "sincos" }).Validate(),
		`With positions = "rotary" each head must have an even width, so width must be a multiple of twice the heads: 6, and 15 is not.`: changed(func(c *Transformer) { c.Width, c.Heads, c.Positions = 15, 3, "rotary" }).Validate(),
		"dropout must be at least 0 and below 1, not 1.":                                                                                 changed(func(c *Transformer) { c.Dropout = 1 }).Validate(),
		`The first token of a causal network sees no other: use pool = "last" or "mean".`:                                                changed(func(c *Transformer) { c.CausalMask, c.Pool = true, poolFirst }).Validate(),
		"A transformer reads text, and the data are images: use vit, which is a transformer over patches, or another backbone.":          CheckSizes(goldenTransformer(normPre, poolMean), [2]int{8, 8}),
	} {
		if got := messages(found); got != want {
			t.Errorf("problems %q, want %q", got, want)
		}
	}
}

func changed(change func(c *Transformer)) *Transformer {
	c := goldenTransformer(normPost, poolMean)
	change(c)
	return c
}

func TestTransformerRefusesWhatItCannotRead(t *testing.T) {
	tftest.Load(t)
	c := goldenTransformer(normPre, poolMean)
	for want, build := range map[string]func(n *nn.Net, g *tf.Graph){
		"a transformer is built for a vocabulary and a length": func(n *nn.Net, g *tf.Graph) {
			c.Build(n, g.Placeholder("x", tf.Int32, 1, 3))
		},
		"transformer wants tokens int32 [N, L], not float32 [1, 3]": func(n *nn.Net, g *tf.Graph) {
			c.ForText(11, 7).Build(n, g.Placeholder("x", tf.Float32, 1, 3))
		},
		"transformer has no convolutions": func(n *nn.Net, g *tf.Graph) {
			c.ForText(11, 7).Build(n.Visible(g.Const([][][][]float32{{{{1}}}})), g.Placeholder("x", tf.Int32, 1, 3))
		},
	} {
		g := tf.NewGraph()
		build(nn.NewNet(g, 1), g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
