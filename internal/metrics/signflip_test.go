package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// bruteForce counts every one of the 2^n sign patterns from scratch.
func bruteForce(d []float64) float64 {
	observed := 0.0
	for _, x := range d {
		observed += x
	}
	extreme := 0
	for pattern := range 1 << len(d) {
		sum := 0.0
		for i, x := range d {
			if pattern>>i&1 == 1 {
				x = -x
			}
			sum += x
		}
		if math.Abs(sum) > math.Abs(observed)-1e-9 {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<len(d))
}

func TestSignFlipCountsEveryPattern(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 12; n++ {
		for range 10 {
			d := make([]float64, n)
			for i := range d {
				// Steps of 0.01 make ties, as accuracies on few images do.
				d[i] = math.Round(random.NormFloat64()*5+1) / 100
			}
			if got, want := SignFlip(d).P, bruteForce(d); got != want {
				t.Fatalf("SignFlip(%v) = %v, want %v", d, got, want)
			}
		}
	}
}

func TestSignFlipLeastPossible(t *testing.T) {
	for n, want := range map[int]float64{1: 1, 2: 0.5, 3: 0.25, 5: 0.0625, 6: 0.03125, 10: 1.0 / 512} {
		d := make([]float64, n)
		for i := range d {
			d[i] = 0.05 + float64(i)/1000
		}
		if got := SignFlip(d); got.P != want || got.Least != want || !got.Exact {
			t.Errorf("n = %d: %+v, want p and least %v", n, got, want)
		}
	}
	if got := SignFlip(nil).P; got != 1 {
		t.Errorf("no differences: p = %v, want 1", got)
	}
	if got := SignFlip([]float64{0, 0, 0}).P; got != 1 {
		t.Errorf("no difference in any pair: p = %v, want 1", got)
	}
}

func TestSignFlipEnumeratesUpToTwenty(t *testing.T) {
	d := make([]float64, 20)
	for i := range d {
		d[i] = 1
	}
	d[0] = -1
	// Patterns at least as far from 0 as 18 of 20: 20 or 18, on both sides.
	if got, want := SignFlip(d).P, 2*21.0/(1<<20); got != want {
		t.Errorf("p = %v, want %v", got, want)
	}
}

func TestSignFlipDrawsAboveTwenty(t *testing.T) {
	// 25 differences of one size: the exact p is a binomial tail.
	d := make([]float64, 25)
	for i := range d {
		d[i] = 0.5
		if i < 7 {
			d[i] = -0.5
		}
	}
	tail := 0.0
	for k := 0; k <= 7; k++ {
		tail += choose(25, k)
	}
	want := 2 * tail / math.Pow(2, 25)
	got := SignFlip(d)
	if got.Exact {
		t.Error("25 differences claimed to be exact")
	}
	if math.Abs(got.P-want) > 4*math.Sqrt(want/monteCarloDraws) {
		t.Errorf("p = %v, want %v within Monte Carlo error", got.P, want)
	}
	if again := SignFlip(d); again != got {
		t.Errorf("second call %+v, first %+v", again, got)
	}
}

func choose(n, k int) float64 {
	c := 1.0
	for i := range k {
		c = c * float64(n-i) / float64(i+1)
	}
	return c
}
