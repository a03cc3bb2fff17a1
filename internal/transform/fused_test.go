package transform

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/kernels"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// eachInstructions calls test with all kernels that this processor has.
func eachInstructions(t *testing.T, test func(instructions string)) {
	t.Helper()
	best := kernels.Instructions()
	defer func() {
		if err := kernels.Use(best); err != nil {
			t.Error(err)
		}
	}()
	for _, name := range []string{"generic", "avx2", "avx512"} {
		if kernels.Use(name) == nil {
			test(name)
		}
	}
}

// extreme are draws of which the first examples have the smallest and the largest
// ones, and ones at the middle, where a probability of 0.5 ends.
func extreme(tr Transform, n int) []float32 {
	u := draws(tr, n)
	for i, v := range []float32{0, 1 - 0x1p-24, 0.5, 0.5 - 0x1p-24} {
		for d := range tr.Draws() {
			u[i*tr.Draws()+d] = v
		}
	}
	return u
}

// interpolates tells whether a transform computes places, which the graph does in
// float32: an error of 1e-5 pixels there is one of as much in a value.
func interpolates(tr Transform) bool {
	switch tr.(type) {
	case *ResizedCrop, *Zoom:
		return true
	}
	return false
}

// configs are a kind's transforms that are compared: with every draw of effect, by
// default, and where there is a probability, never and always.
func configs(t *testing.T, variant schema.Variant) []Transform {
	all := []Transform{busy[variant.Name], variant.New().(Transform)}
	for _, f := range schema.Fields(variant.New()) {
		if f.Name != "probability" {
			continue
		}
		for _, text := range []string{`{"Probability": 0}`, `{"Probability": 1}`} {
			config := variant.New()
			if err := json.Unmarshal([]byte(text), config); err != nil {
				t.Fatal(err)
			}
			all = append(all, config.(Transform))
		}
	}
	return all
}

// The graph is the referee for every transform, and all instructions give the same
// bits.
func TestFusedTransformsAreTheGraphs(t *testing.T) {
	for _, variant := range Kinds.Variants {
		for _, tr := range configs(t, variant) {
			if _, ok := tr.(fusible); !ok {
				t.Errorf("%s has no fused form", variant.Name)
				continue
			}
			for _, in := range []pictures{noise(7, 12, 12, 1), noise(7, 13, 13, 3), noise(7, 15, 10, 3), noise(6, 33, 32, 3)} {
				if s, ok := tr.(ShapeChecker); ok && s.CheckShape(in.h, in.w, in.c) != nil {
					continue
				}
				compareForms(t, tr, in)
				if t.Failed() {
					t.Fatalf("%s %+v, images of %d x %d x %d", variant.Name, tr, in.h, in.w, in.c)
				}
			}
		}
	}
}

// compareForms compares the two forms of a transform, the fused one with all kernels.
func compareForms(t *testing.T, tr Transform, in pictures) {
	tolerance := 1e-6
	if interpolates(tr) {
		tolerance = 2e-5
	}
	evaluate(t, []Transform{tr, fused{tr}}, in, extreme(tr, in.n), Size{in.h, in.w}, 1, func(made func(i int) pictures) {
		want := made(0)
		var first []float32
		eachInstructions(t, func(instructions string) {
			got := made(1)
			compare(t, got, want, tolerance)
			if first == nil {
				first = got.v
			}
			if !slices.Equal(got.v, first) {
				t.Errorf("other bits with %s", instructions)
			}
		})
	})
}

func simclrViews(size Size) Pipeline {
	p := Pipeline{
		&ResizedCrop{Area: []float64{0.2, 1}, Aspect: []float64{3. / 4, 4. / 3}}, &Flip{Horizontal: true, Probability: 0.5},
		&Brightness{Amount: 0.4, Probability: 0.8}, &Contrast{Amount: 0.4, Probability: 0.8},
		&Saturation{Amount: 0.4, Probability: 0.8}, &Hue{Amount: 0.1, Probability: 0.8}, &Grey{Probability: 0.2},
		&Blur{Sigma: []float64{0.1, 2}, Probability: 0.5},
	}
	p[0] = p[0].(resizer).at(size)
	return p
}

// A whole pipeline is that of the graph, makes smaller views as well, and has the same
// bits with any number of threads.
func TestFusedPipeline(t *testing.T) {
	for _, in := range []pictures{noise(37, 32, 32, 3), noise(9, 31, 21, 3)} {
		for _, size := range []Size{{in.h, in.w}, {16, 24}, {13, 11}} {
			p := simclrViews(size)
			u := extreme(p, in.n)
			var one pictures
			evaluate(t, []Transform{p, fused{p}}, in, u, size, 1, func(made func(i int) pictures) {
				one = made(1)
				compare(t, one, made(0), 1e-4) // hue and contrast enlarge what the crop's places differ by
			})
			if three := runOn(t, fused{p}, in, u, size, 3); !slices.Equal(three.v, one.v) {
				t.Errorf("views of %v have other bits with three threads", size)
			}
		}
	}
}

// Bytes become views as the same images in [0, 1] do.
func TestFusedPipelineTakesBytes(t *testing.T) {
	tftest.Load(t)
	const n, h, w, c = 3, 17, 14, 3
	for name, p := range map[string]Pipeline{"simclr": simclrViews(Size{h, w}), "without effect": {&Flip{Vertical: true}}} {
		g := tf.NewGraph()
		x := g.Placeholder("x", tf.Uint8, n, h, w, c)
		us := g.Placeholder("u", tf.Float32, n, p.Draws())
		outs := []tf.Output{p.ApplyFused(g, x, us), p.ApplyFused(g, Unit(g, x), us)}
		s := tftest.Session(t, g)
		bytes, err := tf.Alloc(tf.Uint8, n, h, w, c)
		if err != nil {
			t.Fatal(err)
		}
		for i := range bytes.Uint8s() {
			bytes.Uint8s()[i] = uint8(i * 37)
		}
		feedU, err := tf.FromFloat32s(draws(p, n), n, p.Draws())
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Run(map[tf.Output]*tf.Tensor{x: bytes, us: feedU}, outs)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got[0].Float32s(), got[1].Float32s()) {
			t.Errorf("%s: bytes become other views than floats", name)
		}
	}
}

// plain hides that a transform is fusible.
type plain struct{ Transform }

func TestWhatIsNotFusibleIsMadeOfTheGraph(t *testing.T) {
	p := Pipeline{&Flip{Horizontal: true, Probability: 0.5}, plain{&Grey{Probability: 0.5}}, &Solarize{Threshold: 0.5, Probability: 0.5}}
	in := noise(6, 9, 10, 3)
	u := draws(p, in.n)
	if got, want := run(t, fused{p}, in, u), run(t, p, in, u); !slices.Equal(got.v, want.v) {
		t.Error("the views differ")
	}
}

func TestFusedPipelineRefusesWhatItCannotUse(t *testing.T) {
	tftest.Load(t)
	for _, test := range []struct {
		name string
		p    Pipeline
		x, u []int
		want string
	}{
		{"rank", Pipeline{&Grey{}}, []int{2, 4, 4}, []int{2, 1}, "must be float32 [N, H, W, C]"},
		{"unknown batch", Pipeline{&Grey{}}, []int{-1, 4, 4, 3}, []int{-1, 1}, "dimensions of the images must be known"},
		{"draws", Pipeline{&Grey{}}, []int{2, 4, 4, 3}, []int{2, 2}, "draws must be [N, 1]"},
		{"other batch", Pipeline{&Grey{}}, []int{2, 4, 4, 3}, []int{3, 1}, "draws must be [2, 1]"},
		{"channels", Pipeline{&Hue{}}, []int{2, 4, 4, 1}, []int{2, 2}, "Only images of 3 channels have a hue"},
		{"size behind a crop", Pipeline{(&ResizedCrop{Area: []float64{1, 1}, Aspect: []float64{1, 1}}).at(Size{4, 5}), &QuarterTurn{}}, []int{2, 4, 4, 1}, []int{2, 5}, "square images, not 4 x 5"},
	} {
		g := tf.NewGraph()
		x := g.Placeholder("x", tf.Uint8, test.x...)
		test.p.ApplyFused(g, x, g.Placeholder("u", tf.Float32, test.u...))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
}
