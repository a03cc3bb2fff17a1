package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Selection agrees with sorting, on lists with many equal numbers and with none.
func TestNth(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 60; n++ {
		for _, values := range []int{1, 3, 1000} {
			list := make([]float32, n)
			for i := range list {
				list[i] = float32(random.IntN(values)) / 7
			}
			sorted := slices.Sorted(slices.Values(list))
			for k := 1; k <= n; k++ {
				if got := Nth(slices.Clone(list), n-k); got != sorted[n-k] {
					t.Fatalf("number %d of %v from the top is %v, not %v", k, list, got, sorted[n-k])
				}
			}
		}
	}
}

func TestNthSelects(t *testing.T) {
	values := []float64{3, -1, math.Inf(1), 3, 0, math.Inf(-1), 7, 3}
	sorted := slices.Sorted(slices.Values(values))
	for k, want := range sorted {
		if got := Nth(slices.Clone(values), k); got != want {
			t.Errorf("number %d of %v = %v, want %v", k, sorted, got, want)
		}
	}
}
