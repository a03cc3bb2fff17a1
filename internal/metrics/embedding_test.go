package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

func TestEmbeddingsAgreeWithNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/embedding_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Dim              int
			Z, Other         []float32
			Spread           float64
			MinSpread        float64 `json:"min_spread"`
			Rank, Uniformity float64
			Alignment        float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for i, c := range golden.Cases {
		e := DescribeEmbedding(c.Z, c.Dim)
		near(t, fmt.Sprintf("case %d: spread", i), e.Spread, c.Spread)
		near(t, fmt.Sprintf("case %d: smallest spread", i), e.MinSpread, c.MinSpread)
		near(t, fmt.Sprintf("case %d: rank", i), e.Rank, c.Rank)
		near(t, fmt.Sprintf("case %d: uniformity", i), e.Uniformity, c.Uniformity)
		near(t, fmt.Sprintf("case %d: alignment", i), Alignment(c.Z, c.Other, c.Dim), c.Alignment)
	}
	if len(golden.Cases) != 4 {
		t.Errorf("%d cases, want 4", len(golden.Cases))
	}
}

func TestEmbeddingsWithKnownNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		d    int
		z    []float32
		want Embedding
	}{
		// Lengths do not matter.
		"all the same": {2, []float32{3, 4, 6, 8, 1.5, 2, 30, 40}, Embedding{}},
		"one row":      {3, []float32{1, -2, 3}, Embedding{}},
		// In each column one of four is 1: the standard deviation is
		// sqrt(1/4*3/4), and that times the root of 4 is sqrt(3)/2. The centred
		// rows have the singular values 1, 1, 1, 0, and all pairs d^2 = 2.
		"orthogonal": {4, []float32{5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1}, Embedding{
			Spread: 0.8660254037844386, MinSpread: 0.8660254037844386, Rank: 3, Uniformity: -4}},
		// The columns' deviations are 1 and 0, times the root of 2. Of six pairs
		// two have the distance 0 and four 2: log((2 + 4 exp(-8)) / 6).
		"on an axis": {2, []float32{1, 0, -1, 0, 3, 0, -2, 0}, Embedding{
			Spread: 0.7071067811865476, MinSpread: 0, Rank: 1, Uniformity: -1.0979415883820345}},
	} {
		e := DescribeEmbedding(c.z, c.d)
		near(t, name+": spread", e.Spread, c.want.Spread)
		near(t, name+": smallest spread", e.MinSpread, c.want.MinSpread)
		near(t, name+": rank", e.Rank, c.want.Rank)
		near(t, name+": uniformity", e.Uniformity, c.want.Uniformity)
	}
}

// A check like "spread is at least 0.1" must fail for what is not a number.
func TestEmbeddingsThatAreNotNumbers(t *testing.T) {
	e := DescribeEmbedding([]float32{1, 2, float32(math.NaN()), 3, 4, 5}, 2)
	if e.Spread >= 0 || e.Rank >= 0 {
		t.Errorf("spread %v and rank %v, want NaN", e.Spread, e.Rank)
	}
}

// On the sphere the squared distances are 0, 2 and 4.
func TestAlignmentIsTheMeanSquaredDistanceOfPairs(t *testing.T) {
	a := []float32{1, 0, 0, 1, 1, 1}
	near(t, "with itself, longer", Alignment(a, []float32{2, 0, 0, 3, 4, 4}, 2), 0)
	near(t, "same, orthogonal, opposite", Alignment(a, []float32{1, 0, 5, 0, -1, -1}, 2), 2)
	near(t, "orthogonal, orthogonal, same", Alignment(a, []float32{0, -1, -1, 0, 7, 7}, 2), 4.0/3)
}
