package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"
)

// Monitors are part of stored results: how they are computed must not change a bit.
func TestTilesChangeNoBit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 31, 64, 97, 130} {
		rows := make([][]float64, n)
		for i := range rows {
			rows[i] = make([]float64, 40)
			for k := range rows[i] {
				rows[i][k] = random.NormFloat64()
			}
		}
		gram := products(rows)
		sym := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				sum := 0.0
				for k, x := range rows[i] {
					sum += x * rows[j][k]
				}
				if got := gram.Data[i*n+j]; math.Float64bits(got) != math.Float64bits(sum) {
					t.Fatalf("n %d: product of rows %d and %d is %v, want %v", n, i, j, got, sum)
				}
				sym.SetSym(i, j, sum)
			}
		}
		tiled := eigenvalues(t, sym)
		blas64.Use(gonum.Implementation{})
		plain := eigenvalues(t, sym)
		blas64.Use(tiledBLAS{})
		if !slices.Equal(tiled, plain) {
			t.Errorf("n %d: eigenvalues %v, want %v", n, tiled, plain)
		}
	}
}

func eigenvalues(t *testing.T, m *mat.SymDense) []float64 {
	t.Helper()
	var eigen mat.EigenSym
	if !eigen.Factorize(m, false) {
		t.Fatal("no eigenvalues")
	}
	return eigen.Values(nil)
}

func BenchmarkDescribeEmbedding(b *testing.B) {
	const n, d = 1024, 1280 // rotation with 256 images
	random := rand.New(rand.NewPCG(1, 2))
	z := make([]float32, n*d)
	for i := range z {
		z[i] = random.Float32()
	}
	for b.Loop() {
		DescribeEmbedding(z, d)
	}
}
