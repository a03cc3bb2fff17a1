package nn_test

import (
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestDropout(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.BroadcastTo(g.Scalar(2), 100, 100)
	outs := []tf.Output{
		n.Dropout("a", x, 0.25), n.Dropout("a", x, 0.25), n.Dropout("b", x, 0.25), n.Mode(false).Dropout("a", x, 0.25), n.Dropout("a", x, 0),
	}
	got := fetch(t, tftest.Session(t, g), outs...)
	dropped := 0
	for _, v := range got[0] {
		switch {
		case v == 0:
			dropped++
		case v < 2.66666 || v > 2.66667: // 2/(1-0.25)
			t.Fatalf("kept element is %v", v)
		}
	}
	if dropped < 2330 || dropped > 2670 { // 2500 +- 4 sd
		t.Errorf("%d of 10000 dropped at rate 0.25", dropped)
	}
	if equal(got[1], got[0]) {
		t.Error("the second application drops the same elements as the first")
	}
	if equal(got[2], got[0]) {
		t.Error("layers of other names drop the same elements")
	}
	for i, what := range []string{"inference", "rate 0"} {
		if v := got[3+i][77]; v != 2 {
			t.Errorf("%s changes elements: %v", what, v)
		}
	}
}

// Whole examples are dropped, and what is kept is scaled.
func TestDropPath(t *testing.T) {
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	x := g.BroadcastTo(g.Scalar(3), 1000, 2, 3)
	outs := []tf.Output{n.DropPath("a", x, 0.4), n.Mode(false).DropPath("a", x, 0.4)}
	got := fetch(t, tftest.Session(t, g), outs...)
	dropped := 0
	for i := 0; i < 6000; i += 6 {
		example := got[0][i : i+6]
		if slices.Min(example) != slices.Max(example) {
			t.Fatalf("example %d is %v", i/6, example)
		}
		if example[0] == 0 {
			dropped++
		} else {
			near(t, "kept", example[:1], []float32{5}, 1e-6) // 3/(1-0.4)
		}
	}
	if dropped < 338 || dropped > 462 { // 400 +- 4 sd
		t.Errorf("%d of 1000 dropped at rate 0.4", dropped)
	}
	if slices.Min(got[1]) != 3 || slices.Max(got[1]) != 3 {
		t.Error("inference changes elements")
	}
}

// What is dropped is a function of seed and step: a training that goes on from the
// counter of another drops what that one would have.
func TestDropsFollowTheNumberOfTheStep(t *testing.T) {
	masks := func(seed int64, from, until int) [][]float32 {
		g := newGraph(t)
		n := nn.NewNet(g, seed)
		x := g.BroadcastTo(g.Scalar(1), 4, 8)
		y := n.Dropout("d", n.Dense("layer", x, 8, nn.Ones), 0.5)
		seen := g.Mul(y, g.Scalar(1)) // of the step, and not of the next one
		sgd := &nn.SGD{LearningRate: 1e-3}
		update := sgd.Apply(n, g.Sum(seen, false), g.Scalar(0), n.Trainable())
		counter := g.Variables()[slices.IndexFunc(g.Variables(), func(v *tf.Variable) bool { return v.Name == "optimizer/step" })]
		set := g.Assign(counter, g.Const(int64(from)))
		s := tftest.Session(t, g)
		run(t, s, nil, set)
		var all [][]float32
		for range until - from {
			out, err := s.Run(nil, []tf.Output{seen}, update.Op)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, slices.Clone(out[0].Float32s()))
		}
		return all
	}
	whole, resumed := masks(1, 0, 4), masks(1, 2, 4)
	for i := range resumed {
		near(t, "resumed", resumed[i], whole[2+i], 0)
	}
	for i := range whole {
		for j := range i {
			if equal(whole[i], whole[j]) {
				t.Errorf("steps %d and %d drop the same elements", i, j)
			}
		}
	}
	if equal(masks(2, 0, 1)[0], whole[0]) {
		t.Error("another seed drops the same elements")
	}
}
