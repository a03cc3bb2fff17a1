package metrics

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
)

// gonum's eigenvalues call the process's one BLAS. This is gonum's own with the two
// functions replaced that nearly all of their time goes into. It is set before
// anything runs, since gonum does not lock it.
func init() { blas64.Use(tiledBLAS{}) }

// tiledBLAS works on several rows at a time: gonum reads vectors that lie in the
// columns of matrices once for each row, and waits for one addition after the other.
// The sums have the order that gonum gives them, so the numbers are bit for bit the
// same.
type tiledBLAS struct{ gonum.Implementation }

// Dsymv is y = alpha*a*x + beta*y for a symmetric a.
func (b tiledBLAS) Dsymv(ul blas.Uplo, n int, alpha float64, a []float64, lda int, x []float64, incX int, beta float64, y []float64, incY int) {
	if ul != blas.Upper || incX < 1 || incY < 1 || alpha != 1 || beta != 0 || n < 2 {
		b.Implementation.Dsymv(ul, n, alpha, a, lda, x, incX, beta, y, incY)
		return
	}
	dense := make([]float64, 2*n)
	xs, ys := dense[:n], dense[n:]
	for i := range xs {
		xs[i] = x[i*incX]
	}
	for i := 0; i < n; i += 4 {
		if i+4 > n {
			symvRows(a, lda, i, n, n, xs, ys, nil)
			break
		}
		var sums [4]float64
		symvRows(a, lda, i, i+4, i+4, xs, ys, &sums)
		symvTile(a, lda, i, n, xs, ys, &sums)
		for k, sum := range sums {
			ys[i+k] += sum
		}
	}
	for i, v := range ys {
		y[i*incY] = v
	}
}

// symvRows adds what rows i to end of the upper triangle give, up to the column last.
// The rows' own sums go into sums, or else into y.
func symvRows(a []float64, lda, i, end, last int, x, y []float64, sums *[4]float64) {
	for r := i; r < end; r++ {
		xv := x[r]
		sum := x[r] * a[r*lda+r]
		for j := r + 1; j < last; j++ {
			v := a[r*lda+j]
			sum += x[j] * v
			y[j] += xv * v
		}
		if sums != nil {
			sums[r-i] = sum
		} else {
			y[r] += sum
		}
	}
}

// symvTile adds what rows i to i+3 give from the column i+4 on.
func symvTile(a []float64, lda, i, n int, x, y []float64, sums *[4]float64) {
	from := i + 4
	x0, x1, x2, x3 := x[i], x[i+1], x[i+2], x[i+3]
	s0, s1, s2, s3 := sums[0], sums[1], sums[2], sums[3]
	a0 := a[i*lda+from : i*lda+n]
	a1 := a[(i+1)*lda+from:][:len(a0)]
	a2 := a[(i+2)*lda+from:][:len(a0)]
	a3 := a[(i+3)*lda+from:][:len(a0)]
	x, y = x[from:][:len(a0)], y[from:][:len(a0)]
	for j, v0 := range a0 {
		v1, v2, v3 := a1[j], a2[j], a3[j]
		xj := x[j]
		s0 += xj * v0
		s1 += xj * v1
		s2 += xj * v2
		s3 += xj * v3
		yj := y[j] + x0*v0
		yj += x1 * v1
		yj += x2 * v2
		y[j] = yj + x3*v3
	}
	sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
}

// Dsyr2k is c = alpha*(a*bᵀ + b*aᵀ) + beta*c for a symmetric c.
func (b tiledBLAS) Dsyr2k(ul blas.Uplo, tA blas.Transpose, n, k int, alpha float64, a []float64, lda int, bm []float64, ldb int, beta float64, c []float64, ldc int) {
	if ul != blas.Upper || tA != blas.NoTrans || alpha == 0 || beta != 1 || n < 1 || k < 1 {
		b.Implementation.Dsyr2k(ul, tA, n, k, alpha, a, lda, bm, ldb, beta, c, ldc)
		return
	}
	for i := range n {
		ai, bi, ci := a[i*lda:][:k], bm[i*ldb:][:k], c[i*ldc:][:n]
		j := i
		for ; j+3 < n; j += 4 {
			s := syr2kTile(ai, bi, a[j*lda:], lda, bm[j*ldb:], ldb)
			for t, sum := range s {
				ci[j+t] += alpha * sum
			}
		}
		for ; j < n; j++ {
			ci[j] += alpha * (dot(a[j*lda:], bi) + dot(ai, bm[j*ldb:][:k]))
		}
	}
}

// syr2kTile are the products of one row with four: those of a and b, and those of b
// and a, added.
func syr2kTile(ai, bi, a []float64, lda int, b []float64, ldb int) [4]float64 {
	k := len(ai)
	a0, a1, a2, a3 := a[:k], a[lda:][:k], a[2*lda:][:k], a[3*lda:][:k]
	b0, b1, b2, b3 := b[:k], b[ldb:][:k], b[2*ldb:][:k], b[3*ldb:][:k]
	var p0, p1, p2, p3, q0, q1, q2, q3 float64
	for l, v := range ai {
		w := bi[l]
		p0 += a0[l] * w
		p1 += a1[l] * w
		p2 += a2[l] * w
		p3 += a3[l] * w
		q0 += v * b0[l]
		q1 += v * b1[l]
		q2 += v * b2[l]
		q3 += v * b3[l]
	}
	return [4]float64{p0 + q0, p1 + q1, p2 + q2, p3 + q3}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range b {
		sum += a[i] * v
	}
	return sum
}

// products are those of rows with each other, the upper triangle of a symmetric
// matrix, each added up from the first column to the last.
func products(rows [][]float64) blas64.Symmetric {
	n := len(rows)
	gram := blas64.Symmetric{Uplo: blas.Upper, N: n, Stride: n, Data: make([]float64, n*n)}
	for i := 0; i < n; i += 2 {
		i1 := min(i+1, n-1)
		into, into1 := gram.Data[i*n:][:n], gram.Data[i1*n:][:n]
		j := i
		for ; j+3 < n; j += 4 {
			s := dotTile(rows[i], rows[i1], rows[j], rows[j+1], rows[j+2], rows[j+3])
			copy(into[j:], s[:4])
			copy(into1[j:], s[4:])
		}
		for ; j < n; j++ {
			into[j], into1[j] = dot(rows[i], rows[j]), dot(rows[i1], rows[j])
		}
	}
	return gram
}

// dotTile are the products of two rows with four.
func dotTile(x0, x1, y0, y1, y2, y3 []float64) [8]float64 {
	k := len(x0)
	x1, y0, y1, y2, y3 = x1[:k], y0[:k], y1[:k], y2[:k], y3[:k]
	var p0, p1, p2, p3, q0, q1, q2, q3 float64
	for l, v := range x0 {
		w := x1[l]
		p0 += v * y0[l]
		p1 += v * y1[l]
		p2 += v * y2[l]
		p3 += v * y3[l]
		q0 += w * y0[l]
		q1 += w * y1[l]
		q2 += w * y2[l]
		q3 += w * y3[l]
	}
	return [8]float64{p0, p1, p2, p3, q0, q1, q2, q3}
}
