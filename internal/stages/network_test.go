package stages

import (
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Channels are scaled one by one, in batches of any size.
func TestNormalised(t *testing.T) {
	tftest.Load(t)
	nw := network{mean: []float64{0.5, 0.25, 0}, std: []float64{0.5, 0.125, 1}}
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, -1, 1, 2, 3)
	y := nw.normalised(g, x)
	if want := (tf.Shape{-1, 1, 2, 3}); !slices.Equal(y.Shape(), want) {
		t.Errorf("static shape %v, want %v", y.Shape(), want)
	}
	in, err := tf.FromFloat32s([]float32{0, 0, 0, 1, 1, 1, 0.5, 0.25, 0.75, 0.25, 0.5, 0.5}, 2, 1, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	out, err := tftest.Session(t, g).Run(map[tf.Output]*tf.Tensor{x: in}, []tf.Output{y})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := out[0].Float32s(), []float32{-1, -2, 0, 1, 6, 1, 0, 0, 0.75, -0.5, 2, 0.5}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
