package pretext

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// scattered are n numbers in [0, 1) without a pattern.
func scattered(n int, phase float64) []float32 {
	values := make([]float32, n)
	for i := range values {
		_, fraction := math.Modf(100 * (1 + math.Sin(12.9898*float64(i)+phase)))
		values[i] = float32(fraction)
	}
	return values
}

func TestMaskShowsAnExactNumberOfUnits(t *testing.T) {
	tftest.Load(t)
	task := &MaskedImage{Ratio: 0.6}
	size := Batch{N: 3, H: 28, W: 28, C: 1}
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	draws := scattered(3*49, 0)
	copy(draws[49:98], draws[:49]) // images 0 and 1 have the same draws
	b := NewBuilder(Inputs{Views: []tf.Output{counted(g, size)}, Draws: g.Reshape(g.Const(draws), 3, 49)}, n, n, Network{})
	mask := task.mask(b)
	if got, want := mask.Shape().Ints(), []int{3, 7, 7, 1}; !slices.Equal(got, want) {
		t.Fatalf("a mask of the shape %v, want %v", got, want)
	}
	got := tftest.Eval(t, g, mask)[0]
	for i := range 3 {
		image, largest := got[49*i:49*i+49], slices.Sorted(slices.Values(draws[49*i : 49*i+49]))[49-20:]
		for unit, v := range image {
			want := float32(0) // round(0.6*49) = 29 are hidden, 20 visible
			if slices.Contains(largest, draws[49*i+unit]) {
				want = 1
			}
			if v != want {
				t.Fatalf("unit %d of image %d is %v, want %v", unit, i, v, want)
			}
		}
	}
	if !slices.Equal(got[:49], got[49:98]) || slices.Equal(got[:49], got[98:]) {
		t.Error("the same draws give different masks, or others the same")
	}
}

func TestUnitsAreAtMostEightAlongASide(t *testing.T) {
	for size, want := range map[Batch]int{
		{N: 1, H: 28, W: 28, C: 1}: 4, {N: 1, H: 32, W: 32, C: 3}: 4, {N: 1, H: 64, W: 64, C: 3}: 8, {N: 1, H: 96, W: 96, C: 3}: 12, {N: 1, H: 32, W: 64, C: 3}: 8, {N: 1, H: 29, W: 29, C: 1}: 0,
	} {
		if got := (&MaskedImage{}).unit(size); got != want {
			t.Errorf("%v: units of %d, want %d", size, got, want)
		}
	}
	if got := (&MaskedImage{Unit: 7}).unit(Batch{N: 1, H: 28, W: 28, C: 1}); got != 7 {
		t.Errorf("units of %d, want the 7 that are set", got)
	}
}

func TestMaskedImageRefuses(t *testing.T) {
	square := Batch{N: 4, H: 28, W: 28, C: 1}
	for _, c := range []struct {
		name  string
		task  MaskedImage
		size  Batch
		field string
	}{
		{"defaults", MaskedImage{Ratio: 0.6}, square, ""},
		{"a unit that is set", MaskedImage{Ratio: 0.6, Unit: 7}, square, ""},
		{"no divisor", MaskedImage{Ratio: 0.6}, Batch{N: 4, H: 29, W: 29, C: 1}, "unit"},
		{"small units", MaskedImage{Ratio: 0.6, Unit: 2}, square, "unit"},
		{"units that do not fit", MaskedImage{Ratio: 0.6, Unit: 5}, square, "unit"},
		{"units that fit one way", MaskedImage{Ratio: 0.6, Unit: 7}, Batch{N: 4, H: 28, W: 32, C: 1}, "unit"},
		{"nothing hidden", MaskedImage{Ratio: 0.05, Unit: 14}, square, "ratio"},
		{"nothing visible", MaskedImage{Ratio: 0.95, Unit: 14}, square, "ratio"},
		{"one unit", MaskedImage{Ratio: 0.6, Unit: 28}, square, "ratio"},
	} {
		switch found := c.task.Check(c.size); {
		case c.field == "" && len(found) != 0:
			t.Errorf("%s: %v", c.name, found)
		case c.field != "" && (len(found) != 1 || found[0].Field != c.field):
			t.Errorf("%s: %v, want one problem of %s", c.name, found, c.field)
		}
	}
}

func TestPyramidHasTheLastMapOfEachSize(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	var blocks []tf.Output
	for i, size := range []int{14, 14, 7, 4, 4, 2, 2} {
		blocks = append(blocks, g.Placeholder(fmt.Sprint("block", i), tf.Float32, 1, size, size, 1+i))
	}
	last := g.Placeholder("map", tf.Float32, 1, 2, 2, 100)
	var got []int
	for _, x := range pyramid(backbone.Features{Map: last, Blocks: append(blocks, last)}) {
		got = append(got, x.Dim(1), x.Dim(3))
	}
	if want := []int{2, 100, 4, 5, 7, 3, 14, 2}; !slices.Equal(got, want) {
		t.Errorf("sizes and channels %v, want %v", got, want)
	}
}

func TestDoubledRepeatsEveryPosition(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Const([][][][]float32{{{{1, -1}, {2, -2}}}, {{{3, -3}, {4, -4}}}})
	got := tftest.Eval(t, g, doubled(g, x))[0]
	want := []float32{
		1, -1, 1, -1, 2, -2, 2, -2,
		1, -1, 1, -1, 2, -2, 2, -2,
		3, -3, 3, -3, 4, -4, 4, -4,
		3, -3, 3, -3, 4, -4, 4, -4,
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// recorded is a backbone that remembers what it has built.
type recorded struct {
	backbone.Backbone
	features backbone.Features
}

func (r *recorded) Build(n *nn.Net, x tf.Output) backbone.Features {
	r.features = r.Backbone.Build(n, x)
	return r.features
}

// What is hidden changes no bit of any feature; what is visible does. Features at
// hidden places are zero.
func TestHiddenPixelsDoNotReachTheFeatures(t *testing.T) {
	tftest.Load(t)
	task := &MaskedImage{Ratio: 0.6, Width: 4}
	size := Batch{N: 4, H: 28, W: 28, C: 1}
	g := tf.NewGraph()
	n := nn.NewNet(g, 3)
	x := g.Placeholder("x", tf.Float32, size.N, size.H, size.W, size.C)
	draws := g.Reshape(g.Const(scattered(size.N*49, 1)), size.N, 49)
	network := &recorded{Backbone: mobileNet()}
	b := NewBuilder(Inputs{Views: []tf.Output{x}, Draws: draws}, n.Branch(), n.Branch(), unnormalised(network))
	task.Loss(b)
	features := network.features
	mask := task.mask(b)
	net := b.Encoder.Visible(mask)
	fetches := append([]tf.Output{mask, features.Pooled}, features.Blocks...)
	for _, f := range features.Blocks {
		out := g.Sub(g.Scalar(1), net.VisibleAt(f.Dim(1), f.Dim(2)))
		fetches = append(fetches, g.Max(g.Mul(g.Abs(f), out), false))
	}
	s := tftest.Session(t, g)
	encode := func(pixels []float32) [][]float32 {
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
	pixels := scattered(size.N*size.H*size.W, 2)
	before := encode(pixels)
	hidden, visible := slices.Clone(pixels), slices.Clone(pixels)
	changed, at := scattered(len(pixels), 3), -1
	for i := range pixels {
		image, row, column := i/(28*28), i/28%28, i%28
		if before[0][image*49+row/4*7+column/4] == 0 {
			hidden[i] = changed[i]
		} else if image == 2 {
			at = i
		}
	}
	visible[at] = 1 - pixels[at]
	after, moved := encode(hidden), encode(visible)
	for i, name := range append([]string{"mask", "pooled"}, features.BlockNames...) {
		if !slices.Equal(before[i], after[i]) {
			t.Errorf("%s changes with hidden pixels", name)
		}
		if i > 0 && slices.Equal(before[i], moved[i]) {
			t.Errorf("%s does not change with a visible pixel", name)
		}
	}
	for i, name := range features.BlockNames {
		if largest := after[2+len(features.Blocks)+i][0]; largest != 0 {
			t.Errorf("%s is up to %v where nothing is visible", name, largest)
		}
	}
}
