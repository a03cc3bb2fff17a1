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

func goldenViT(pool string) *ViT {
	return &ViT{
		Patch: 4, Width: goldenWidth, Depth: goldenDepth, Heads: goldenHeads, MLPRatio: float64(goldenHidden) / goldenWidth,
		Pool: pool, Positions: positionsLearned,
	}
}

// Outputs and all gradients are those of timm's VisionTransformer with the same weights.
func TestViTIsThatOfTimm(t *testing.T) {
	tftest.Load(t)
	golden := readNPZ(t, "testdata/vit.npz")
	dims := []int{3, 8, 12, 2}
	scaled := goldenViT(poolClass)
	scaled.LayerScale = 0.1
	for name, c := range map[string]*ViT{"mean": goldenViT(poolMean), "class": goldenViT(poolClass), "scaled": scaled} {
		checkGolden(t, golden, name, tensor(t, uniform("images", 3*8*12*2, 0, 1.5), dims), c.Build)
	}
}

// The codes of a grid of 3 by 3 are those of MAE.
func TestSinCosPositionsAreThoseOfMAE(t *testing.T) {
	want := readNPZ(t, "testdata/vit.npz")["sincos"]
	got := slices.Concat(SinCosGrid(3, 3, 8)...)
	if d := want.distance(got); d > 1e-6 {
		t.Errorf("the distance is %v\ngot  %v\nwant %v", d, got, want.values)
	}
}

// Without positions, patches have no order: to permute them permutes what comes out.
func TestEncodingIsEquivariant(t *testing.T) {
	for _, pool := range []string{poolMean, poolClass} {
		tftest.Load(t)
		g := tf.NewGraph()
		n := nn.NewNet(g, 1)
		c := goldenViT(pool)
		x := g.Reshape(g.Const(uniform("patches", 2*5*goldenWidth, 0, 1)), 2, 5, goldenWidth)
		order := g.Ints(3, 0, 4, 2, 1)
		straight := g.Gather(c.Encode(n, x), order, 1)
		permuted := c.Encode(n, g.Gather(x, order, 1))
		subset := c.Encode(n, g.Gather(x, g.Ints(1, 2), 1))
		got := evaluateGolden(t, g, n, nil, []tf.Output{straight, permuted, subset})
		closeTo(t, pool, got[1], got[0], 1e-5)
		if len(got[2]) != 2*2*goldenWidth {
			t.Errorf("%s: two patches become %d numbers", pool, len(got[2]))
		}
	}
}

func closeTo(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	a := array{values: make([]float64, len(want))}
	for i, v := range want {
		a.values[i] = float64(v)
	}
	if d := a.distance(got); !(d <= tolerance*max(1, a.norm())) {
		t.Errorf("%s: the distance is %v of a norm of %v", what, d, a.norm())
	}
}

// Build is Embed and Encode; batches may be open, and both modes share variables.
func TestFeaturesOfViT(t *testing.T) {
	tftest.Load(t)
	for _, pool := range []string{poolMean, poolClass} {
		g := tf.NewGraph()
		n := nn.NewNet(g, 1)
		c := goldenViT(pool)
		x := g.Placeholder("x", tf.Float32, -1, 8, 12, 2)
		f := c.Build(n.Mode(false), x)
		encoded := c.Encode(n, c.Embed(n, x))
		if got := fmt.Sprint(f.Pooled.Shape(), f.Map.Shape(), f.Blocks[2].Shape(), encoded.Shape()); got != "[?, 16] [?, 2, 3, 16] [?, 2, 3, 16] [?, 6, 16]" {
			t.Errorf("%s: shapes %s", pool, got)
		}
		if want := []string{"embed", "blocks/0", "blocks/1"}; !slices.Equal(f.BlockNames, want) || !slices.Equal(c.BlockNames(), want) || len(f.Blocks) != 3 {
			t.Errorf("%s: %d blocks %v, and %v without building", pool, len(f.Blocks), f.BlockNames, c.BlockNames())
		}
		if h, w := c.MapSize(8, 12); h != 2 || w != 3 || c.Dim() != 16 || c.PatchSize() != 4 {
			t.Errorf("%s: map %d by %d, dim %d", pool, h, w, c.Dim())
		}
		images := tensor(t, uniform("images", 3*8*12*2, 0, 1.5), []int{3, 8, 12, 2})
		got := evaluateGolden(t, g, n, map[tf.Output]*tf.Tensor{x: images}, []tf.Output{f.Map, encoded})
		closeTo(t, pool, got[1], got[0], 1e-6)
	}
}

// Positions and class token are exempt from weight decay, as biases and norms are.
func TestWhatDecaysInViT(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	c := goldenViT(poolClass)
	c.LayerScale = 0.1
	c.Build(n, g.Placeholder("x", tf.Float32, 2, 8, 8, 1))
	for _, v := range n.Trainable() {
		if want := !strings.HasSuffix(v.Name, "/kernel"); n.NoDecay(v) != want {
			t.Errorf("%s is exempt from weight decay: %v", v.Name, !want)
		}
	}
	if _, ok := Backbone(c).(PatchEncoder); !ok {
		t.Error("vit is no PatchEncoder")
	}
}

// Stochastic depth rises to its rate in the last block, and is for training alone.
func TestStochasticDepthOfViT(t *testing.T) {
	tftest.Load(t)
	c := goldenViT(poolMean)
	c.StochasticDepth = 0.5
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	x := g.Const(uniform("images", 64*8*8, 0, 1))
	x = g.Reshape(x, 64, 8, 8, 1)
	train, infer := c.Build(n, x), c.Build(n.Mode(false), x)
	plain := goldenViT(poolMean).Build(n, x)
	s := tftest.Session(t, g)
	got := fetch(t, s, nil, []tf.Output{train.Blocks[1], infer.Blocks[1], train.Map, infer.Map, plain.Map})
	closeTo(t, "first block", got[0], got[1], 0)
	closeTo(t, "inference", got[3], got[4], 0)
	if slices.Equal(got[2], got[3]) {
		t.Error("training leaves nothing out")
	}
}

// What training keeps: 4 patches of 16 numbers, and in each of 2 blocks query, key,
// value, mixture, output and sum of the MLP (6 of 4*16), scores (2 heads of 4*4) and
// the MLP's middle (4*40).
func TestActivationsOfViT(t *testing.T) {
	if got, want := goldenViT(poolMean).Activations(8, 8), int64(4*16+2*(6*4*16+2*4*4+4*40)); got != want {
		t.Errorf("%d values, want %d", got, want)
	}
	if got, want := goldenViT(poolClass).Activations(8, 8), int64(5*16+2*(6*5*16+2*5*5+5*40)); got != want {
		t.Errorf("with a class token %d values, want %d", got, want)
	}
}

func TestMistakesOfViT(t *testing.T) {
	for want, change := range map[string]func(c *ViT){
		"heads must divide width, and 5 does not divide 192.":                                       func(c *ViT) { c.Heads = 5 },
		`With positions = "sincos" width must be a multiple of 4, and 6 is not.`:                    func(c *ViT) { c.Width = 6 },
		"mlp_ratio must be large enough for one number in the MLP, and 0 of a width of 192 is not.": func(c *ViT) { c.MLPRatio = 0 },
		"stochastic_depth must be at least 0 and below 1, not 1.":                                   func(c *ViT) { c.StochasticDepth = 1 },
		"dropout must be at least 0 and below 1, not -0.1.":                                         func(c *ViT) { c.Dropout = -0.1 },
		"layer_scale must not be below 0, and is -1.":                                               func(c *ViT) { c.LayerScale = -1 },
	} {
		c := vit.New().(*ViT)
		change(c)
		if got := messages(c.Validate()); got != want {
			t.Errorf("problems %q, want %q", got, want)
		}
	}
}

func messages(found []schema.Problem) string {
	var all []string
	for _, p := range found {
		all = append(all, p.Message)
	}
	return strings.Join(all, "\n")
}

func TestSizesOfViT(t *testing.T) {
	c := goldenViT(poolMean)
	for want, got := range map[string][]schema.Problem{
		"": c.CheckSizes([2]int{28, 32}),
		"Images of 30 by 12 pixels cannot be divided into patches of 4. Patches that fit have a side of: 1, 2.":                     c.CheckSizes([2]int{28, 32}, [2]int{30, 12}),
		`Learned positions belong to images of one size, and vit would see 28 by 28 and 12 by 12 pixels: use positions = "sincos".`: c.CheckSizes([2]int{28, 28}, [2]int{12, 12}),
	} {
		if messages(got) != want {
			t.Errorf("problems %q, want %q", messages(got), want)
		}
	}
	c.Positions = positionsSinCos
	if got := c.CheckSizes([2]int{28, 28}, [2]int{12, 12}); got != nil {
		t.Errorf("fixed positions: problems %v", got)
	}
}

func TestViTRefusesWhatItCannotRead(t *testing.T) {
	tftest.Load(t)
	for want, build := range map[string]func(n *nn.Net, g *tf.Graph){
		"vit has no convolutions that could leave out parts of an image": func(n *nn.Net, g *tf.Graph) {
			goldenViT(poolMean).Build(n.Visible(g.Const([][][][]float32{{{{1}}}})), g.Placeholder("x", tf.Float32, 1, 8, 8, 1))
		},
		"images of 6 by 8 pixels cannot be divided into patches of 4": func(n *nn.Net, g *tf.Graph) {
			goldenViT(poolMean).Build(n, g.Placeholder("x", tf.Float32, 1, 6, 8, 1))
		},
		"vit wants images [N, H, W, C], not [1, 8]": func(n *nn.Net, g *tf.Graph) {
			goldenViT(poolMean).Build(n, g.Placeholder("x", tf.Float32, 1, 8))
		},
	} {
		g := tf.NewGraph()
		build(nn.NewNet(g, 1), g)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
