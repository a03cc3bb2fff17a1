package train

import (
	"math"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// Four examples at 0, 10, 80 and 90 degrees, of lengths that must not matter; by
// hand, with the cosines to a query at 40 degrees 0.766, 0.866, 0.766, 0.643.
func TestNeighboursVote(t *testing.T) {
	examples := Examples{
		X: []float32{5, 0, 0.98481, 0.17365, 0.052094, 0.295442, 0, 2},
		Y: []int32{0, 1, 2, 2},
	}
	query := []float32{0.76604, 0.64279}
	for _, c := range []struct {
		k           int
		temperature float64
		want        int
	}{
		{1, 0.1, 1}, // the nearest
		{3, 0.1, 1}, // exp(8.66) against exp(7.66) each
		{4, 1, 2},   // exp(0.77) + exp(0.64) against exp(0.87)
		{9, 1, 2},   // more than there are
	} {
		n := NewNeighbours(examples, 2, 3, c.k, c.temperature)
		unit := make([]float32, 2)
		normalise(unit, query)
		if got := n.classify(unit, []int{0, 1, 2, 3}); got != c.want {
			t.Errorf("k %d, temperature %v: class %d, want %d", c.k, c.temperature, got, c.want)
		}
	}
	tftest.Load(t)
	n := NewNeighbours(examples, 2, 3, 1, 0.1)
	if got, err := n.Accuracy(Examples{X: []float32{9, 0, 9, 2, 0, 1, 1, 9}, Y: []int32{0, 1, 2, 0}}); got != 0.75 || err != nil {
		t.Errorf("accuracy %v, %v, want 0.75", got, err)
	}
}

// The candidates of rough cosines give the class that all examples give, also where
// many are nearly as near.
func TestNeighboursAreThoseOfExactCosines(t *testing.T) {
	tftest.Load(t)
	const count, width, classes = 300, 24, 5
	draw := func(n int, phase float64) []float32 {
		x := make([]float32, n*width)
		for i := range x {
			x[i] = float32(1 + 1e-4*math.Sin(float64(i)*1.7+phase))
		}
		return x
	}
	examples, queries := Examples{X: draw(count, 0)}, Examples{X: draw(600, 1)}
	for i := range count {
		examples.Y = append(examples.Y, int32(i*7%classes))
	}
	n := NewNeighbours(examples, width, classes, 9, 1e-9)
	all, unit := make([]int, count), make([]float32, width)
	for i := range all {
		all[i] = i
	}
	for i := range 600 {
		normalise(unit, queries.X[i*width:(i+1)*width])
		queries.Y = append(queries.Y, int32(n.classify(unit, all)))
	}
	if got, err := n.Accuracy(queries); got != 1 || err != nil {
		t.Errorf("%v of the queries are put where all examples put them, %v", got, err)
	}
}
