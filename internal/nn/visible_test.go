package nn_test

import (
	"fmt"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// units returns a grid of h by w units for each image, from its rows written
// with 1 for visible and 0 for hidden.
func units(g *tf.Graph, h, w int, images ...string) tf.Output {
	var values []float32
	for _, c := range strings.ReplaceAll(strings.Join(images, ""), " ", "") {
		values = append(values, float32(c-'0'))
	}
	return g.Reshape(g.Const(values), len(images), h, w, 1)
}

// Visible are 1, 2, 3, 6 (mean 3, variance 3.5) in one channel and 10, 11, 9, 10
// (10 and 0.5) in the other, divided by sqrt(3.5+0.5) = 2 and by 1; then gamma is
// 2 and beta 1. What is hidden would change all of that.
func TestBatchNormOfVisiblePositions(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	gamma, beta := n.Variable("b/gamma", tf.Shape{2}, fill(2), true), n.Variable("b/beta", tf.Shape{2}, fill(1), true)
	x := g.Const([][][][]float32{
		{{{1, 10}, {2, 11}, {100, -7}, {-50, 4}}},
		{{{7, 0}, {8, 5}, {3, 9}, {6, 10}}},
	})
	y := n.Visible(units(g, 1, 2, "10", "01")).BatchNorm("b", x, 0.9, 0.5)
	s := tftest.Session(t, g)
	near(t, "y", fetch(t, s, y)[0], []float32{
		-1, 1, 0, 3, 0, 0, 0, 0,
		0, 0, 0, 0, 1, -1, 4, 1,
	}, 1e-5)
	if got := fmt.Sprint(y.Shape()); got != "[2, 1, 4, 2]" {
		t.Errorf("shape %s", got)
	}
	run(t, s, nil, n.Updates()...)
	vars := n.Variables()
	got := fetch(t, s, vars[2].Read(), vars[3].Read(), gamma.Read(), beta.Read())
	near(t, "moving mean", got[0], []float32{0.3, 1}, 1e-6)
	near(t, "moving variance", got[1], []float32{1.25, 0.95}, 1e-6)
}

// The visible units of two images of 8 by 8 pixels.
const someUnits, otherUnits = "1001 0000 1000 0100", "0010 0110 0000 1001"

// stacks are networks on images of 8 by 8 by 2, of which the units' grid is 4 by 4.
var stacks = map[string]func(n *nn.Net, x tf.Output) tf.Output{
	// Nothing hidden enters.
	"hidden input": func(n *nn.Net, x tf.Output) tf.Output {
		y := n.BatchNorm("norm", n.Conv2D("conv", n.Hide(x), 3, 3, 2, false), 0.9, 1e-2)
		return n.BatchNorm("norm_2", n.DepthwiseConv2D("depth", y, 3, 2, "SAME"), 0.9, 1e-2)
	},
	// What is hidden enters and stays where it is; batch-norm drops it.
	"whole input": func(n *nn.Net, x tf.Output) tf.Output {
		y := n.BatchNorm("norm", n.Conv2D("conv", x, 3, 1, 1, false), 0.9, 1e-2)
		return n.BatchNorm("norm_2", n.DepthwiseConv2D("depth", y, 3, 2, "SAME"), 0.9, 1e-2)
	},
}

// A hidden pixel changes no bit of the output, and a visible one does.
func TestHiddenPixelsHaveNoInfluence(t *testing.T) {
	const size = 2 * 8 * 8 * 2
	for name, stack := range stacks {
		t.Run(name, func(t *testing.T) {
			g := newGraph(t)
			n := nn.NewNet(g, 4)
			x := g.Placeholder("x", tf.Float32, 2, 8, 8, 2)
			y := stack(n.Visible(units(g, 4, 4, someUnits, otherUnits)), x)
			s := tftest.Session(t, g)
			output := func(pixels []float32) []float32 {
				out, err := s.Run(map[tf.Output]*tf.Tensor{x: tensor(t, pixels, 2, 8, 8, 2)}, []tf.Output{y})
				if err != nil {
					t.Fatal(err)
				}
				return out[0].Float32s()
			}
			before := append([]float32(nil), output(wave(size, 0))...)
			visible := strings.ReplaceAll(someUnits+otherUnits, " ", "")
			allHidden := wave(size, 0)
			for at := range size {
				image, row, column := at/128, at/16%8, at/2%8
				seen := visible[image*16+row/2*4+column/2] == '1'
				pixels := wave(size, 0)
				pixels[at] -= 3
				if seen == equal(output(pixels), before) {
					t.Fatalf("image %d, row %d, column %d: visible is %v, and the output's change %v", image, row, column, seen, !seen)
				}
				if !seen {
					allHidden[at] = float32(1000 - 20*at)
				}
			}
			if !equal(output(allHidden), before) {
				t.Error("other values everywhere in the hidden parts change the output")
			}
		})
	}
}

func TestGradientsOfVisibleNets(t *testing.T) {
	const size = 2 * 8 * 8 * 2
	dims := []int{2, 8, 8, 2}
	for name, stack := range stacks {
		t.Run(name, func(t *testing.T) {
			build := func(g *tf.Graph, x tf.Output) (*nn.Net, tf.Output) {
				n := nn.NewNet(g, 4).Visible(units(g, 4, 4, someUnits, otherUnits))
				return n, weighted(g, stack(n, x))
			}
			g := newGraph(t)
			n, loss := build(g, g.Reshape(g.Const(wave(size, 0)), dims...))
			checkParameters(t, n, loss, 5e-3)
			tftest.CheckGradient(t, func(g *tf.Graph, x tf.Output) tf.Output {
				_, loss := build(g, x)
				return loss
			}, wave(size, 0), dims, 1e-2, 5e-3)
		})
	}
}

// Finer maps repeat units; on coarser ones, as strides of 2 make them, a position
// is visible if one of its units is: of 7 units, unit 5 is in position 2 of 4 and
// in position 1 of 2.
func TestVisibilityOfMapsOfOtherSizes(t *testing.T) {
	seven := "0000000 0000000 0000010 0000000 0000000 0000000 1000000"
	for _, c := range []struct {
		units      string
		grid, h, w int
		want       string
	}{
		{"10 01", 2, 2, 2, "10 01"},
		{"10 01", 2, 4, 4, "1100 1100 0011 0011"},
		{"10 11", 2, 6, 2, "10 10 10 11 11 11"},
		{"110 000 001", 3, 6, 6, "111100 111100 000000 000000 000011 000011"},
		{"1000 0000 0000 0100", 4, 2, 2, "10 10"},
		{"0000 0000 0001 1100", 4, 1, 1, "1"},
		{"0000 0000 0000 0000", 4, 1, 1, "0"},
		{seven, 7, 4, 4, "0000 0010 0000 1000"},
		{seven, 7, 2, 2, "01 10"},
		{seven, 7, 1, 1, "1"},
	} {
		g := newGraph(t)
		// The second image is visible all over.
		n := nn.NewNet(g, 1).Visible(units(g, c.grid, c.grid, c.units, strings.Repeat("1", c.grid*c.grid)))
		got := n.VisibleAt(c.h, c.w)
		if shape, want := fmt.Sprint(got.Shape()), fmt.Sprintf("[2, %d, %d, 1]", c.h, c.w); shape != want {
			t.Errorf("%d units at %d by %d: shape %s, want %s", c.grid, c.h, c.w, shape, want)
		}
		want := g.Reshape(units(g, c.h, c.w, c.want, strings.Repeat("1", c.h*c.w)), 2*c.h*c.w)
		values := fetch(t, tftest.Session(t, g), got, want)
		near(t, fmt.Sprintf("%s at %d by %d", c.units, c.h, c.w), values[0], values[1], 0)
	}
}

func TestUnitsThatDoNotFitAMapAreAnError(t *testing.T) {
	for _, dims := range [][2]int{{2, 4}, {4, 2}, {1, 8}} {
		g := newGraph(t)
		nn.NewNet(g, 1).Visible(units(g, 4, 4, someUnits)).VisibleAt(dims[0], dims[1])
		want := fmt.Sprintf("do not fit a map of %d by %d", dims[0], dims[1])
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}

func TestHide(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.Const([][][][]float32{{{{1, 2}, {3, 4}, {5, 6}, {7, 8}}, {{9, 10}, {11, 12}, {13, 14}, {15, 16}}}})
	if n.Hide(x) != x || n.VisibleAt(2, 4).Valid() {
		t.Error("a net that sees everything hides something")
	}
	y := n.Visible(units(g, 2, 2, "01 10")).Hide(x)
	if got := fmt.Sprint(y.Shape()); got != "[1, 2, 4, 2]" {
		t.Errorf("shape %s", got)
	}
	near(t, "y", fetch(t, tftest.Session(t, g), y)[0], []float32{0, 0, 0, 0, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 0}, 0)
}

// A vector has no positions: the numbers are those of TestBatchNormTraining,
// although half of the grid is hidden.
func TestBatchNormOfRowsSeesAllOfThem(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	y := n.Visible(units(g, 1, 2, "10", "01", "10", "01")).BatchNorm("b", g.Reshape(g.Const([]float32{1, 2, 3, 6}), 4, 1), 0.9, 0.5)
	s := tftest.Session(t, g)
	near(t, "y", fetch(t, s, y)[0], []float32{-1, -0.5, 0, 1.5}, 1e-5)
	run(t, s, nil, n.Updates()...)
	checkMoving(t, s, n, 0.3, 1.25)
}
