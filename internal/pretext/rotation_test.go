package pretext

import (
	"reflect"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// The labels must be decodable from the images: turning each image back by its
// label gives the original.
func TestRotations(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Const([][][][]float32{
		{{{1}, {2}, {3}}, {{4}, {5}, {6}}, {{7}, {8}, {9}}},
		{{{10}, {20}, {30}}, {{40}, {50}, {60}}, {{70}, {80}, {90}}},
	})
	images, labels := Rotations(g, x)
	got := tftest.Eval(t, g, images, g.Cast(labels, tf.Float32))
	first := [][]float32{
		{1, 2, 3, 4, 5, 6, 7, 8, 9},
		{3, 6, 9, 2, 5, 8, 1, 4, 7}, // counter-clockwise, as numpy.rot90
		{9, 8, 7, 6, 5, 4, 3, 2, 1},
		{7, 4, 1, 8, 5, 2, 9, 6, 3},
	}
	for turn, want := range first {
		if have := got[0][turn*18 : turn*18+9]; !reflect.DeepEqual(have, want) {
			t.Errorf("%d turns of the first image: %v, want %v", turn, have, want)
		}
		for i, v := range want {
			want[i] = 10 * v
		}
		if have := got[0][turn*18+9 : turn*18+18]; !reflect.DeepEqual(have, want) {
			t.Errorf("%d turns of the second image: %v, want %v", turn, have, want)
		}
	}
	if want := []float32{0, 0, 1, 1, 2, 2, 3, 3}; !reflect.DeepEqual(got[1], want) {
		t.Errorf("labels %v, want %v", got[1], want)
	}
}

func TestRotationWantsSquares(t *testing.T) {
	if p := (&Rotation{}).Check(Batch{N: 2, H: 28, W: 28, C: 1}); len(p) != 0 {
		t.Errorf("28 by 28: %v", p)
	}
	if p := (&Rotation{}).Check(Batch{N: 2, H: 28, W: 32, C: 1}); len(p) != 1 {
		t.Errorf("28 by 32: %v, want one problem", p)
	}
}
