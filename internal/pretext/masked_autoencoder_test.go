package pretext

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// goldenAutoencoder is what testdata/make_masked_autoencoder_golden.py computed.
type goldenAutoencoder struct {
	Images, Draws      goldenTensor
	Loss, PatchMean    float64
	Weights, Gradients map[string]goldenTensor
}

// tinyViT is the encoder of the golden file.
func tinyViT() *backbone.ViT {
	network := smallViT()
	network.Patch, network.Width, network.Depth, network.Heads, network.MLPRatio = 2, 8, 1, 2, 2
	return network
}

func TestMaskedAutoencoderIsThatOfThePaper(t *testing.T) {
	tftest.Load(t)
	raw, err := os.ReadFile("testdata/masked_autoencoder.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenAutoencoder
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	network := Network{Backbone: tinyViT(), Normalise: func(g *tf.Graph, x tf.Output) tf.Output {
		return g.Div(g.Sub(x, g.Scalar(0.4)), g.Scalar(0.3))
	}}
	constant := func(x goldenTensor) tf.Output { return g.Reshape(g.Const(x.Values), x.Dims...) }
	b := NewBuilder(Inputs{Views: []tf.Output{constant(golden.Images)}, Draws: constant(golden.Draws)}, n, n, network)
	task := &MaskedAutoencoder{Ratio: 0.6, Width: 12, Depth: 1, Heads: 3}
	loss := task.Loss(b)

	var assigns []tf.Op
	var reads []tf.Output
	for _, v := range n.Variables() {
		w, ok := golden.Weights[v.Name]
		if !ok || !slices.Equal(w.Dims, v.Shape.Ints()) {
			t.Fatalf("the paper's network has no %s of the shape %v (its shape is %v)", v.Name, v.Shape, w.Dims)
		}
		assigns, reads = append(assigns, g.Assign(v, constant(w))), append(reads, v.Read())
	}
	if len(reads) != len(golden.Weights) {
		t.Fatalf("%d variables, want %d", len(reads), len(golden.Weights))
	}
	fetches := append([]tf.Output{loss, b.Monitors()["patch_mean"]}, g.Gradients(loss, reads)...)
	s := tftest.Session(t, g)
	if _, err := s.Run(nil, nil, assigns...); err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(nil, fetches)
	if err != nil {
		t.Fatal(err)
	}
	nearAll(t, "loss", out[0].Float32s(), []float32{float32(golden.Loss)}, 1e-5)
	nearAll(t, "patch_mean", out[1].Float32s(), []float32{float32(golden.PatchMean)}, 1e-5)
	for i, v := range n.Variables() {
		if strings.HasSuffix(v.Name, "/key/bias") { // softmax takes a shift of all scores out again
			nearZero(t, "gradient of "+v.Name, out[2+i].Float32s())
			continue
		}
		nearAll(t, "gradient of "+v.Name, out[2+i].Float32s(), golden.Gradients[v.Name].Values, 1e-4)
	}
}

func nearZero(t *testing.T, what string, got []float32) {
	t.Helper()
	for i, v := range got {
		if !(math.Abs(float64(v)) <= 1e-6) {
			t.Errorf("%s[%d] = %v, want 0", what, i, v)
		}
	}
}

func TestAutoencoderSeesAnExactNumberOfPatches(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	size := Batch{N: 3, H: 28, W: 28, C: 1}
	network := smallViT()
	network.Patch = 4
	draws := scattered(3*49, 0)
	copy(draws[49:98], draws[:49]) // images 0 and 1 have the same draws
	b := NewBuilder(Inputs{Views: []tf.Output{counted(g, size)}, Draws: g.Reshape(g.Const(draws), 3, 49)}, n, n, unnormalised(network))
	visible, hidden := (&MaskedAutoencoder{Ratio: 0.75}).split(b)
	out := tftest.Eval(t, g, visible, hidden)
	const seen = 12 // round(0.75*49) = 37 are hidden
	if len(out[0]) != 3*seen || len(out[1]) != 3*(49-seen) {
		t.Fatalf("%d patches are visible and %d hidden, want %d and %d", len(out[0]), len(out[1]), 3*seen, 3*(49-seen))
	}
	for i := range 3 {
		shown, other := out[0][i*seen:(i+1)*seen], out[1][i*(49-seen):(i+1)*(49-seen)]
		limit := slices.Sorted(slices.Values(draws[49*i : 49*i+49]))[49-seen]
		all := slices.Sorted(slices.Values(slices.Concat(shown, other)))
		for patch, at := range all {
			if int(at) != patch {
				t.Fatalf("image %d: the patches are %v", i, all)
			}
			if want := draws[49*i+patch] >= limit; slices.Contains(shown, float32(patch)) != want {
				t.Errorf("image %d: patch %d with the draw %v is visible: %v", i, patch, draws[49*i+patch], !want)
			}
		}
	}
	if !slices.Equal(out[0][:seen], out[0][seen:2*seen]) || slices.Equal(out[0][:seen], out[0][2*seen:]) {
		t.Error("the same draws show different patches, or others the same")
	}
}

// What is hidden changes no bit of what is encoded or predicted, only what should have
// been predicted; what is visible changes both.
func TestHiddenPatchesDoNotReachTheEncoder(t *testing.T) {
	tftest.Load(t)
	size := Batch{N: 2, H: 28, W: 28, C: 1}
	g := tf.NewGraph()
	n := nn.NewNet(g, 3)
	x := g.Placeholder("x", tf.Float32, size.N, size.H, size.W, size.C)
	task := &MaskedAutoencoder{Ratio: 0.75, Width: 8, Depth: 1, Heads: 2}
	b := NewBuilder(Inputs{Views: []tf.Output{x}, Draws: g.Reshape(g.Const(scattered(2*16, 1)), 2, 16)}, n.Branch(), n.Branch(), unnormalised(smallViT()))
	visible, hidden := task.split(b)
	encoded := b.EncodePatches(x, visible)
	predicted := task.decode(b, encoded, visible, hidden)
	fetches := []tf.Output{encoded, predicted, b.Embeddings()[0], g.GatherBatch(task.targets(b), hidden), g.Cast(visible, tf.Float32)}
	s := tftest.Session(t, g)
	of := func(pixels []float32) [][]float32 {
		out, err := s.Run(map[tf.Output]*tf.Tensor{x: fedTensor(t, pixels, size.N, size.H, size.W, size.C)}, fetches)
		if err != nil {
			t.Fatal(err)
		}
		values := make([][]float32, len(out))
		for i, r := range out {
			values[i] = slices.Clone(r.Float32s())
		}
		return values
	}
	pixels := scattered(size.N*28*28, 2)
	before := of(pixels)
	other, atHidden, atVisible := scattered(len(pixels), 3), slices.Clone(pixels), slices.Clone(pixels)
	for i := range pixels {
		image, patch := i/(28*28), i/28%28/7*4+i%28/7
		if slices.Contains(before[4][4*image:4*image+4], float32(patch)) {
			atVisible[i] = other[i]
		} else {
			atHidden[i] = other[i]
		}
	}
	after, moved := of(atHidden), of(atVisible)
	for i, what := range []string{"what is encoded", "what is predicted", "what is watched for collapse"} {
		if !slices.Equal(before[i], after[i]) {
			t.Errorf("%s changes with hidden pixels", what)
		}
		if slices.Equal(before[i], moved[i]) {
			t.Errorf("%s does not change with visible pixels", what)
		}
	}
	if slices.Equal(before[3], after[3]) || !slices.Equal(before[3], moved[3]) {
		t.Error("what is to be predicted does not follow the hidden pixels alone")
	}
}

// Whatever the encoder is made of is trained, so that the exported encoder has it.
func TestAutoencoderTrainsTheWholeEncoder(t *testing.T) {
	tftest.Load(t)
	for _, pool := range []string{"mean", "class"} {
		network := smallViT()
		network.Pool, network.Positions = pool, "learned"
		tr := newTrainerOf(t, maskedAutoencoder.New().(Task), network)
		g := tf.NewGraph()
		whole := nn.NewNet(g, 1)
		network.Build(whole, g.Placeholder("x", tf.Float32, 2, batch.H, batch.W, batch.C))
		if got, want := names(tr.encoder.Variables()), names(whole.Variables()); !slices.Equal(got, want) {
			t.Errorf("pool %s: variables %v, want %v", pool, got, want)
		}
		checkGradients(t, tr)
	}
}

func names(variables []*tf.Variable) []string {
	var all []string
	for _, v := range variables {
		all = append(all, v.Name)
	}
	slices.Sort(all)
	return all
}

func TestMaskedAutoencoderRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		ratio float64
		size  Batch
		want  string
	}{
		{"defaults", 0.75, Batch{N: 4, H: 28, W: 28, C: 1, Patch: 4}, ""},
		{"convolutions", 0.75, Batch{N: 4, H: 28, W: 28, C: 1}, `this backbone knows none: use backbone "vit", or pretext "masked_image".`},
		{"pixels", 0.75, Batch{N: 4, H: 28, W: 28, C: 1, Patch: 1}, "use a larger patch"},
		{"two patches", 0.5, Batch{N: 4, H: 14, W: 28, C: 1, Patch: 14}, ""},
		{"nothing visible", 0.9, Batch{N: 4, H: 28, W: 28, C: 1, Patch: 14}, "Of 4 patches 0 would be visible"},
		{"nothing hidden", 0.1, Batch{N: 4, H: 28, W: 28, C: 1, Patch: 14}, "Of 4 patches 4 would be visible"},
		{"one patch", 0.75, Batch{N: 4, H: 28, W: 28, C: 1, Patch: 28}, "Of 1 patches 0 would be visible"},
	} {
		found := (&MaskedAutoencoder{Ratio: c.ratio}).Check(c.size)
		if c.want == "" && found != nil || c.want != "" && (len(found) != 1 || !strings.Contains(found[0].Message, c.want)) {
			t.Errorf("%s: %v, want %q", c.name, found, c.want)
		}
	}
	for _, c := range []struct {
		task MaskedAutoencoder
		want string
	}{
		{MaskedAutoencoder{Width: 64, Heads: 4}, ""},
		{MaskedAutoencoder{Width: 66, Heads: 3}, "width must be a multiple of 4, and 66 is not."},
		{MaskedAutoencoder{Width: 64, Heads: 3}, "heads must divide width, and 3 does not divide 64."},
	} {
		found := c.task.Validate()
		if c.want == "" && found != nil || c.want != "" && (len(found) != 1 || found[0].Message != c.want) {
			t.Errorf("%+v: %v, want %q", c.task, found, c.want)
		}
	}
}

// Patches that are cut out of images and put together again are the images.
func TestPieced(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	size := Batch{N: 2, H: 4, W: 6, C: 2, Patch: 2}
	x := counted(g, size)
	cut := g.Reshape(g.Op("SpaceToDepth", tf.Attrs{"block_size": size.Patch}, x)[0], size.N, patches(size), -1)
	got := tftest.Eval(t, g, pieced(g, cut, size), x)
	if !slices.Equal(got[0], got[1]) {
		t.Errorf("%v, want %v", got[0], got[1])
	}
}
