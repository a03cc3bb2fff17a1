package tf_test

import (
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// What is open when a graph is built takes its size from the run.
func TestShapesOfOpenTensors(t *testing.T) {
	g := newGraph(t)
	open := g.Placeholder("open", tf.Float32, -1, -1, 2)
	flat := g.Reshape(open, -1)
	shaped := g.ReshapeLike(flat, open, -1, -1, 2)
	wide := g.BroadcastLike(g.Const([][][]float32{{{5}}}), open, -1, 1, -1)
	counted := g.Cast(g.Range(g.SizeOf(open, 1)), tf.Float32)
	if got := shaped.Shape().String() + wide.Shape().String(); got != "[?, ?, 2][?, 1, 2]" {
		t.Errorf("the shapes are %s", got)
	}
	if fixed := g.ShapeLike(g.Const([][]float32{{1, 2, 3}}), -1, -1, 7); !slices.Equal(tftest.Eval(t, g, g.Cast(fixed, tf.Float32))[0], []float32{1, 3, 7}) {
		t.Error("known sizes are not taken over")
	}
	x, err := tf.FromFloat32s([]float32{1, 2, 3, 4, 5, 6}, 1, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	out, err := tftest.Session(t, g).Run(map[tf.Output]*tf.Tensor{open: x}, []tf.Output{shaped, wide, counted})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{1, 2, 3, 4, 5, 6}, {5, 5}, {0, 1, 2}} {
		if got := out[i].Float32s(); !slices.Equal(got, want) {
			t.Errorf("output %d is %v, want %v", i, got, want)
		}
	}
	if got := out[0].Dims(); !slices.Equal(got, []int{1, 3, 2}) {
		t.Errorf("reshaped to %v", got)
	}
}
