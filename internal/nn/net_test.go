package nn_test

import (
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func names(vars []*tf.Variable) string {
	var out []string
	for _, v := range vars {
		out = append(out, v.Name)
	}
	return strings.Join(out, " ")
}

func TestVariablesAreMadeOnceAndShared(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.Const([][]float32{{1, 2, 3}, {4, 5, 6}})
	first := n.Dense("head", x, 2, nn.GlorotUniform)
	second := n.Mode(false).Dense("head", g.Add(x, g.Scalar(0)), 2, nn.GlorotUniform)
	if got := names(n.Variables()); got != "head/kernel head/bias" {
		t.Fatalf("variables %q", got)
	}
	got := fetch(t, tftest.Session(t, g), first, second)
	near(t, "second application", got[1], got[0], 0)
}

func TestSameNameWithAnotherShapeIsAnError(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	n.Dense("head", g.Const([][]float32{{1, 2}}), 2, nn.Zeros)
	n.Dense("head", g.Const([][]float32{{1, 2, 3}}), 2, nn.Zeros)
	err := g.Err()
	if err == nil || !strings.Contains(err.Error(), "variable head/kernel has shape [2, 2] and is asked for with shape [3, 2]") {
		t.Fatalf("error %v", err)
	}
}

func TestWrongRanksAreErrors(t *testing.T) {
	for want, build := range map[string]func(n *nn.Net, flat, image tf.Output){
		"convolution c":           func(n *nn.Net, flat, _ tf.Output) { n.Conv2D("c", flat, 2, 3, 1, false) },
		"depthwise convolution d": func(n *nn.Net, flat, _ tf.Output) { n.DepthwiseConv2D("d", flat, 3, 1, "SAME") },
		"dense layer e":           func(n *nn.Net, _, image tf.Output) { n.Dense("e", image, 2, nn.Zeros) },
		"batch-norm b":            func(n *nn.Net, flat, _ tf.Output) { n.BatchNorm("b", n.Graph().Reshape(flat, 2), 0.9, 1e-3) },
		"dropout f: rate 1":       func(n *nn.Net, flat, _ tf.Output) { n.Dropout("f", flat, 1) },
	} {
		g := newGraph(t)
		build(nn.NewNet(g, 1), g.Const([][]float32{{1, 2}}), g.Const([][][][]float32{{{{1, 2}}}}))
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that names %q", err, want)
		}
	}
}

func TestTrainableAndDecay(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := n.Conv2D("conv", g.Const([][][][]float32{{{{1}}}}), 2, 1, 1, true)
	n.BatchNorm("norm", x, 0.9, 1e-3)
	if got := names(n.Variables()); got != "conv/kernel conv/bias norm/gamma norm/beta norm/moving_mean norm/moving_variance" {
		t.Errorf("variables %q", got)
	}
	if got := names(n.Trainable()); got != "conv/kernel conv/bias norm/gamma norm/beta" {
		t.Errorf("trainable %q", got)
	}
	var decays []string
	for _, v := range n.Trainable() {
		if !n.NoDecay(v) {
			decays = append(decays, v.Name)
		}
	}
	if got := strings.Join(decays, " "); got != "conv/kernel" {
		t.Errorf("decaying %q", got)
	}
}

func TestBranchesShareVariablesAndUpdatesButListTheirOwn(t *testing.T) {
	g := newGraph(t)
	root := nn.NewNet(g, 1)
	encoder, head := root.Branch(), root.Branch()
	x := g.Const([][]float32{{1, 2}, {3, 4}})
	y := encoder.Mode(true).BatchNorm("norm", x, 0.9, 1e-3)
	head.Dense("logits", y, 2, nn.Zeros)
	head.Mode(false).BatchNorm("norm", x, 0.9, 1e-3)
	if got := names(encoder.Variables()); got != "norm/gamma norm/beta norm/moving_mean norm/moving_variance" {
		t.Errorf("encoder lists %q", got)
	}
	if got := names(head.Variables()); got != "logits/kernel logits/bias" {
		t.Errorf("head lists %q", got)
	}
	if a, b := len(root.Updates()), len(head.Updates()); a != 2 || b != 2 {
		t.Errorf("%d and %d updates, want 2 in each branch", a, b)
	}
}

// The start of a layer must not depend on what else the network has.
func TestInitialValuesDependOnSeedAndNameOnly(t *testing.T) {
	kernel := func(seed int64, before bool, name string) []float32 {
		g := newGraph(t)
		n := nn.NewNet(g, seed)
		x := g.Const([][]float32{{1, 2, 3}})
		if before {
			n.Dense("before", x, 5, nn.GlorotUniform)
		}
		n.Dense(name, x, 4, nn.GlorotUniform)
		vars := n.Variables()
		return fetch(t, tftest.Session(t, g), vars[len(vars)-2].Read())[0]
	}
	base := kernel(3, false, "head")
	near(t, "with a layer before it", kernel(3, true, "head"), base, 0)
	for what, other := range map[string][]float32{"seed 4": kernel(4, false, "head"), "name tail": kernel(3, false, "tail")} {
		if equal(base, other) {
			t.Errorf("%s gives the same initial values", what)
		}
	}
}

func equal(a, b []float32) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
