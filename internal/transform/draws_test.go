package transform

import (
	"math"
	"slices"
	"testing"
)

// The vectors of Random123's kat_vectors file for philox4x32 with 10 rounds.
func TestPhiloxKnownAnswers(t *testing.T) {
	const f = 0xffffffff
	for _, v := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{f, f, f, f}, [2]uint32{f, f}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := philox(v.counter, v.key); got != v.want {
			t.Errorf("philox(%08x, %08x) = %08x, want %08x", v.counter, v.key, got, v.want)
		}
	}
}

// The literals come from an implementation of the paper in Python.
func TestFillLiterals(t *testing.T) {
	u := make([]float32, 6)
	Fill(u, 6, -0x0123456789abcdef, 3, 1, []int{70000})
	want := []float32{0x7499e7, 0xec080b, 0xce316d, 0xe9a94f, 0xfbde3, 0x98da29}
	for i := range want {
		if want[i] *= 0x1p-24; u[i] != want[i] {
			t.Errorf("draw %d is %v, want %v", i, u[i], want[i])
		}
	}
}

func TestFillDoesNotDependOnTheBatch(t *testing.T) {
	const draws = 7
	examples := []int{5, 0, 123456, 5, 17}
	together := make([]float32, draws*len(examples))
	Fill(together, draws, 9, 2, 0, examples)
	for i, e := range examples {
		alone := make([]float32, draws)
		Fill(alone, draws, 9, 2, 0, []int{e})
		if !slices.Equal(alone, together[i*draws:(i+1)*draws]) {
			t.Errorf("example %d has other draws in a batch", e)
		}
		fewer := make([]float32, 3)
		Fill(fewer, 3, 9, 2, 0, []int{e})
		if !slices.Equal(fewer, alone[:3]) {
			t.Errorf("the first draws of example %d depend on the number of draws", e)
		}
	}
}

func TestFillKeysAreAllUsed(t *testing.T) {
	type key struct {
		seed                 int64
		epoch, view, example int
	}
	seen := map[[4]float32]key{}
	for _, k := range []key{
		{0, 0, 0, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1},
		{1 << 32, 0, 0, 0}, {-1, 0, 0, 0}, {1, 1, 0, 0}, {0, 1, 1, 0}, {0, 0, 1, 1},
	} {
		var u [4]float32
		Fill(u[:], 4, k.seed, k.epoch, k.view, []int{k.example})
		if other, ok := seen[u]; ok {
			t.Errorf("%v and %v have the same draws", k, other)
		}
		seen[u] = k
	}
}

func TestFillIsUniform(t *testing.T) {
	const n, draws, bins = 20000, 6, 16
	examples := make([]int, n)
	for i := range examples {
		examples[i] = i
	}
	u := make([]float32, n*draws)
	Fill(u, draws, 1, 0, 0, examples)
	for d := range draws {
		var count [bins]float64
		for i := range n {
			v := u[i*draws+d]
			if v < 0 || v >= 1 {
				t.Fatalf("draw %v is outside [0, 1)", v)
			}
			count[int(v*bins)]++
		}
		chi2 := 0.0
		for _, c := range count {
			chi2 += (c - n/bins) * (c - n/bins) / (n / bins)
		}
		// 15 degrees of freedom: mean 15, and 44 is exceeded once in 10,000.
		if chi2 > 44 || math.IsNaN(chi2) {
			t.Errorf("draw %d is not uniform over examples: chi² = %.1f", d, chi2)
		}
	}
}
