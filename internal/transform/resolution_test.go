package transform

import (
	"fmt"
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// A crop that is cut at another size is what its definition says, of images that are
// larger, smaller and of another shape.
func TestResizedCropOfAnotherSize(t *testing.T) {
	areas, aspects := [2]float64{0.2, 1}, [2]float64{0.75, 1.5}
	for _, size := range []Size{{6, 7}, {9, 9}, {20, 11}} {
		crop := (&ResizedCrop{Area: areas[:], Aspect: aspects[:]}).at(size)
		in := noise(9, 12, 14, 3)
		u := draws(crop, in.n)
		want := expectAt(in, u, crop.Draws(), resizedCropAtReference(areas, aspects, func(pictures) Size { return size }), size)
		compare(t, runAt(t, crop, in, u, size), want, 2e-5)
		compare(t, runAt(t, fused{crop}, in, u, size), want, fusedTolerance)
	}
}

// Pixels are averaged by area: 3 rows become 2 of one and a half.
func TestShrinkAveragesAreas(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Uint8, 1, 3, 4, 1)
	y := Shrink(g, x, Size{H: 2, W: 2})
	s := tftest.Session(t, g)
	in, err := tf.Alloc(tf.Uint8, 1, 3, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	copy(in.Uint8s(), []uint8{
		0, 6, 255, 255,
		12, 18, 255, 255,
		60, 90, 0, 30,
	})
	out, err := s.Run(map[tf.Output]*tf.Tensor{x: in}, []tf.Output{y})
	if err != nil {
		t.Fatal(err)
	}
	want := pictures{1, 2, 2, 1, []float32{7, 255, 55, 95}}
	if !slices.Equal(y.Shape(), tf.Shape{1, 2, 2, 1}) {
		t.Errorf("static shape %v", y.Shape())
	}
	compare(t, pictures{1, 2, 2, 1, out[0].Float32s()}, want, 1e-4)
}

// What is said in pixels follows the size, what is said in shares does not, and the
// first resized crop makes the views.
func TestResizedPipelines(t *testing.T) {
	full := Size{64, 64}
	before := Pipeline{&Crop{Padding: 4, Fill: "zero"}, &Cutout{Size: 16}}
	after := Pipeline{
		&Blur{Sigma: []float64{0.1, 2}, Probability: 0.5}, &Blur{Sigma: []float64{1, 2}, Kernel: 9}, &Cutout{Fraction: 0.25},
		&Flip{Horizontal: true}, &Zoom{Amount: 0.1, Fill: "zero"},
	}
	crop := &ResizedCrop{Area: []float64{0.2, 1}, Aspect: []float64{1, 1}}
	for _, c := range []struct {
		name   string
		p      Pipeline
		views  Size
		source Size
		want   string
	}{
		{"the same size", slices.Concat(before, Pipeline{crop}, after), full, full,
			"{4 zero} {16 0 0 0} {[0.2 1] [1 1] {0 0}} {[0.1 2] 0 0.5} {[1 2] 9 0} {0 0.25 0 0} {true false 0} {0.1 zero} "},
		{"half", slices.Concat(before, Pipeline{crop}, after), Size{32, 32}, full,
			"{4 zero} {16 0 0 0} {[0.2 1] [1 1] {32 32}} {[0.05 1] 5 0.5} {[0.5 1] 5 0} {0 0.25 0 0} {true false 0} {0.1 zero} "},
		{"a quarter", slices.Concat(before, Pipeline{crop}, after), Size{16, 16}, Size{32, 32},
			"{2 zero} {8 0 0 0} {[0.2 1] [1 1] {16 16}} {[0.025 0.5] 3 0.5} {[0.25 0.5] 3 0} {0 0.25 0 0} {true false 0} {0.1 zero} "},
		{"without a resized crop", slices.Concat(before, after), Size{48, 48}, Size{48, 48},
			"{3 zero} {12 0 0 0} {[0.07500000000000001 1.5] 5 0.5} {[0.75 1.5] 7 0} {0 0.25 0 0} {true false 0} {0.1 zero} "},
		{"nothing", nil, Size{48, 48}, Size{48, 48}, ""},
		{"a far shift", Pipeline{&Crop{Padding: 63, Fill: "reflect"}}, Size{16, 16}, Size{16, 16}, "{15 reflect} "},
	} {
		p, source := c.p.Resized(full, c.views)
		text := ""
		for _, tr := range p {
			text += fmt.Sprintf("%v ", tr)[1:]
		}
		if source != c.source || text != c.want || p.Draws() != c.p.Draws() {
			t.Errorf("%s: from %v, %d draws\n got %s\nwant %s", c.name, source, p.Draws(), text, c.want)
		}
	}
	if crop.views != (Size{}) || before[0].(*Crop).Padding != 4 {
		t.Error("the pipeline itself was changed")
	}
}

// A whole pipeline gives views of the asked size, and of whatever its first transforms
// leave of the images.
func TestResizedPipelineApplies(t *testing.T) {
	whole := Pipeline{
		&Flip{Horizontal: true, Probability: 0.5}, &ResizedCrop{Area: []float64{0.3, 1}, Aspect: []float64{0.75, 1.25}},
		&Crop{Padding: 2, Fill: "reflect"}, &Blur{Sigma: []float64{0.1, 2}, Probability: 0.5}, &Zoom{Amount: 0.1, Fill: "reflect"},
	}
	views := Size{10, 12}
	p, source := whole.Resized(Size{20, 24}, views)
	in := noise(5, source.H, source.W, 3)
	out := runAt(t, p, in, draws(p, in.n), views)
	if spread := slices.Max(out.v) - slices.Min(out.v); spread < 0.5 {
		t.Errorf("values spread by %v", spread)
	}
	compare(t, runAt(t, fused{p}, in, draws(p, in.n), views), out, 5e-5)
}
