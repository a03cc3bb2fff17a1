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

func TestKinds(t *testing.T) {
	for _, v := range Kinds.Variants {
		config := v.New()
		if _, ok := config.(Backbone); !ok {
			t.Errorf("%s: %T is no Backbone", v.Name, config)
		}
		if found := config.(schema.Validator).Validate(); len(found) != 0 {
			t.Errorf("%s: the defaults are refused: %v", v.Name, found)
		}
		if v.Version < 1 || !strings.HasSuffix(v.Doc, ".") || v.Paper == "" {
			t.Errorf("%s: version %d, doc %q, paper %q", v.Name, v.Version, v.Doc, v.Paper)
		}
	}
}

// The sides of the maps after the stem, the seven stages and the last layer.
func TestStridePresets(t *testing.T) {
	tftest.Load(t)
	for _, c := range []struct {
		preset string
		pixels int
		want   string
	}{
		{"imagenet", 224, "112 112 56 28 14 14 7 7 7"},
		{"imagenet", 64, "32 32 16 8 4 4 2 2 2"},
		{"small", 64, "32 32 16 8 4 4 4 4 4"},
		{"small", 32, "16 16 8 4 2 2 2 2 2"},
		{"small", 28, "14 14 7 4 2 2 2 2 2"},
		{"px64", 64, "64 64 32 16 8 8 4 4 4"},
		{"px32", 32, "32 32 32 16 8 8 4 4 4"},
	} {
		if got := maps(t, keras(0.35, c.preset), c.pixels); got != c.want {
			t.Errorf("%s at %d px: maps %s, want %s", c.preset, c.pixels, got, c.want)
		}
	}
	own := keras(0.35, "imagenet")
	own.StemStride, own.StageStrides = 1, []int{1, 2, 1, 1, 2, 1, 2}
	if got, want := maps(t, own, 32), "32 32 16 16 16 8 8 4 4"; got != want {
		t.Errorf("overridden strides: maps %s, want %s", got, want)
	}
}

func maps(t *testing.T, c *MobileNetV2, pixels int) string {
	t.Helper()
	g := tf.NewGraph()
	f := c.Build(nn.NewNet(g, 1), g.Placeholder("x", tf.Float32, 2, pixels, pixels, 3))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	var sides []string
	for _, name := range []string{"Conv1", "expanded_conv", "block_2", "block_5", "block_9", "block_12", "block_15", "block_16", "Conv_1"} {
		x := f.Blocks[slices.Index(f.BlockNames, name)]
		if x.Dim(1) != x.Dim(2) {
			t.Errorf("%s has shape %v", name, x.Shape())
		}
		sides = append(sides, fmt.Sprint(x.Dim(1)))
	}
	return strings.Join(sides, " ")
}

func TestFeatures(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	c := keras(1.4, "small")
	f := c.Build(n, g.Placeholder("x", tf.Float32, 2, 28, 28, 1))
	again := c.Build(n.Mode(false), g.Placeholder("y", tf.Float32, -1, 28, 28, 1))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(f.Pooled.Shape(), f.Map.Shape(), again.Pooled.Shape(), c.Dim()); got != "[2, 1792] [2, 2, 2, 1792] [?, 1792] 1792" {
		t.Errorf("shapes %s", got)
	}
	if names := (&MobileNetV2{}).BlockNames(); !slices.Equal(f.BlockNames, names) {
		t.Errorf("the blocks are %v, and %v without building", f.BlockNames, names)
	}
	if len(f.Blocks) != 19 || len(f.BlockNames) != 19 {
		t.Errorf("%d blocks with %d names, want stem, 17 blocks and last convolution", len(f.Blocks), len(f.BlockNames))
	}
	if n := len(n.Variables()); n != 260 {
		t.Errorf("two applications make %d variables, want 260", n)
	}
	if got := (&MobileNetV2{Alpha: 0.35}).Dim(); got != 1280 {
		t.Errorf("width 0.35 has %d features, want 1280", got)
	}
}

// Literals from running keras.src.applications.mobilenet_v2._make_divisible.
func TestMakeDivisible(t *testing.T) {
	for channels, want := range map[float64]int{1: 8, 11: 16, 11.2: 16, 12: 16, 19.9: 24, 20: 24, 22: 24, 26: 24, 33: 32, 56: 56, 112: 112, 1792: 1792} {
		if got := makeDivisible(channels); got != want {
			t.Errorf("%v channels become %d, want %d", channels, got, want)
		}
	}
}

func TestValidation(t *testing.T) {
	for want, change := range map[string]func(c *MobileNetV2){
		"alpha must be above 0 and at most 8, not 0.":                func(c *MobileNetV2) { c.Alpha = 0 },
		"stem_stride must be 1 or 2 (0 takes the preset's), not 3.":  func(c *MobileNetV2) { c.StemStride = 3 },
		"stage_strides must have 7 entries, not 2.":                  func(c *MobileNetV2) { c.StageStrides = []int{1, 2} },
		"Strides are 1 or 2, not 4.":                                 func(c *MobileNetV2) { c.StageStrides = []int{1, 2, 4, 1, 1, 1, 1} },
		"batch_norm_momentum must be at least 0 and below 1, not 1.": func(c *MobileNetV2) { c.BatchNormMomentum = 1 },
		"batch_norm_epsilon must be above 0, not 0.":                 func(c *MobileNetV2) { c.BatchNormEpsilon = 0 },
	} {
		c := keras(1, "small")
		change(c)
		if found := c.Validate(); len(found) != 1 || found[0].Message != want {
			t.Errorf("found %v, want %q", found, want)
		}
	}
}

func TestWrongStridesAreErrors(t *testing.T) {
	tftest.Load(t)
	for want, c := range map[string]*MobileNetV2{
		`no strides preset "huge"`:           {Alpha: 1, Strides: "huge"},
		"7 stages, and stage_strides has 1 ": {Alpha: 1, Strides: "small", StageStrides: []int{2}},
	} {
		g := tf.NewGraph()
		c.Build(nn.NewNet(g, 1), g.Placeholder("x", tf.Float32, 2, 28, 28, 1))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// The network learns eight real images by heart.
func TestTraining(t *testing.T) {
	golden := readNPZ(t, "testdata/keras_network.npz")
	tftest.Load(t)
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	x := g.Reshape(g.Const(pixels(golden["images"], 32)), 8, 32, 32, 3)
	labels := g.Const([]int32{0, 1, 2, 3, 0, 1, 2, 3})
	c := keras(0.35, "small")
	c.BatchNormMomentum = 0.8 // so that 60 steps forget the first averages
	logits := n.Dense("head", c.Build(n, x).Pooled, 4, nn.Normal(0.01))
	loss := g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
	o := &nn.AdamW{WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	rate := g.Placeholder("lr", tf.Float32)
	step := o.Apply(n, loss, rate, n.Trainable()).Op
	evaluated := nn.Accuracy(g, n.Mode(false).Dense("head", c.Build(n.Mode(false), x).Pooled, 4, nn.Zeros), labels)
	init := g.InitOp()
	s := session(t, g)
	fetch(t, s, nil, nil, init)
	if first := fetch(t, s, nil, []tf.Output{loss})[0][0]; first < 1.2 || first > 1.6 {
		t.Errorf("first loss %v, want about ln 4", first)
	}
	const steps = 60
	for i := range steps {
		now := 3e-3 * (&nn.Cosine{Warmup: 0.1}).Rate(i, steps)
		fetch(t, s, map[tf.Output]*tf.Tensor{rate: tensor(t, []float32{float32(now)}, nil)}, nil, step)
	}
	got := fetch(t, s, nil, []tf.Output{loss, evaluated})
	if got[0][0] > 0.05 || got[1][0] != 1 {
		t.Errorf("after 60 steps the loss is %v and the accuracy in inference %v", got[0][0], got[1][0])
	}
}

// The values of all convolutions, summed up by hand from the table of the paper
// and the strides.
func TestActivations(t *testing.T) {
	for _, c := range []struct {
		alpha   float64
		strides string
		side    int
		want    int64
	}{
		{0.35, "small", 32, 69_728}, {1, "small", 64, 646_144}, {0.35, "small", 28, 61_328}, {0.35, "px32", 32, 664_448}, {1, "small", 0, 0},
	} {
		net := &MobileNetV2{Alpha: c.alpha, Strides: c.strides}
		if got := net.Activations(c.side, c.side); got != c.want {
			t.Errorf("alpha %g, %s, %d px: %d values, want %d", c.alpha, c.strides, c.side, got, c.want)
		}
	}
}

// The last column of maps in the documentation of the presets.
func TestMapSize(t *testing.T) {
	for _, c := range []struct {
		strides    string
		h, w       int
		mapH, mapW int
	}{
		{"imagenet", 64, 64, 2, 2}, {"small", 64, 64, 4, 4}, {"small", 28, 28, 2, 2}, {"px64", 64, 64, 4, 4}, {"px32", 32, 32, 4, 4},
		{"small", 48, 33, 3, 3}, {"none", 64, 64, 0, 0},
	} {
		net := &MobileNetV2{Alpha: 1, Strides: c.strides}
		if h, w := net.MapSize(c.h, c.w); h != c.mapH || w != c.mapW {
			t.Errorf("%s, %d by %d px: a map of %d by %d, want %d by %d", c.strides, c.h, c.w, h, w, c.mapH, c.mapW)
		}
	}
}
