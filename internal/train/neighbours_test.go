package train

import "testing"

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
		if got := n.classify(unit); got != c.want {
			t.Errorf("k %d, temperature %v: class %d, want %d", c.k, c.temperature, got, c.want)
		}
	}
	n := NewNeighbours(examples, 2, 3, 1, 0.1)
	if got := n.Accuracy(Examples{X: []float32{9, 0, 9, 2, 0, 1, 1, 9}, Y: []int32{0, 1, 2, 0}}); got != 0.75 {
		t.Errorf("accuracy %v, want 0.75", got)
	}
}
