package metrics

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// PCA returns the coordinates of rows x, [n, dim], on their first two principal
// components (Pearson, 1901), in the rows' own unit. Each component has the sign
// that makes its coordinate of largest magnitude positive. Where the rows lie on
// a line, the second coordinate is 0. It takes at least three rows of finite
// numbers, and on one machine the same rows give the same bits.
func PCA(x []float32, dim int) ([][2]float64, error) {
	rows, err := centredRows(x, dim)
	if err != nil {
		return nil, fmt.Errorf("principal components: %w", err)
	}
	components, err := principal(rows, 2, 300)
	if err != nil {
		return nil, err
	}
	points := make([][2]float64, len(rows))
	for i := range points {
		points[i] = [2]float64{components[0][i], components[1][i]}
	}
	return points, nil
}

// centredRows returns the rows of x, [n, dim], less their mean.
func centredRows(x []float32, dim int) ([][]float64, error) {
	if dim < 1 || len(x)%dim != 0 || len(x)/dim < 3 {
		return nil, fmt.Errorf("%d numbers in rows of %d are not three rows or more", len(x), dim)
	}
	rows, mean := make([][]float64, len(x)/dim), make([]float64, dim)
	for i := range rows {
		rows[i] = make([]float64, dim)
		for k, v := range x[i*dim : (i+1)*dim] {
			if w := float64(v); math.IsNaN(w) || math.IsInf(w, 0) {
				return nil, fmt.Errorf("row %d holds %v", i, v)
			}
			rows[i][k] = float64(v)
		}
		floats.Add(mean, rows[i])
	}
	for k := range mean {
		mean[k] /= float64(len(rows)) // exact where all rows are the same
	}
	for _, row := range rows {
		floats.Sub(row, mean)
	}
	return rows, nil
}

// principal returns the first k components of centred rows, [k][n]: to 8 digits,
// or as well as a space of that many dimensions holds them.
//
// The components are eigenvectors of A = rows * rows^T. Factorising A takes
// seconds where n is 1,000, for n eigenvectors of which a few are wanted; so they
// are sought in a small space that A spans from a few vectors (the block Lanczos
// method of Golub and Underwood, 1977). There are more of these than components,
// or one of several equal eigenvalues could be missed.
func principal(rows [][]float64, k, dimensions int) ([][]float64, error) {
	s := &krylov{rows: rows}
	random := rand.New(rand.NewPCG(1977, 1901)) // always the same numbers
	start := make([][]float64, k+2)
	for b := range start {
		start[b] = make([]float64, len(rows))
		for i := range rows {
			start[b][i] = random.NormFloat64()
		}
	}
	s.extend(s.apply(start))
	for {
		whole := s.grow(max(k, 16))
		components, residual, err := s.ritz(k)
		if err != nil {
			return nil, err
		}
		if whole || residual <= 1e-8 || len(s.images) >= dimensions {
			for _, c := range components {
				pointPositive(c)
			}
			return components, nil
		}
	}
}

// krylov is a growing space of vectors of length n.
type krylov struct {
	rows   [][]float64
	basis  [][]float64 // orthonormal
	images [][]float64 // A times the first of them
	scale  float64     // length of the longest image
}

// apply returns A*v for several v, since reading the rows is what takes time.
func (s *krylov) apply(vectors [][]float64) [][]float64 {
	const columns = 512 // fit into the fastest cache for a row and each vector
	dim := len(s.rows[0])
	inner, images := make([][]float64, len(vectors)), make([][]float64, len(vectors))
	for b, v := range vectors {
		inner[b], images[b] = make([]float64, dim), make([]float64, len(v))
	}
	inParallel((dim+columns-1)/columns, func(c int) {
		from, to := c*columns, min((c+1)*columns, dim)
		for i, row := range s.rows {
			for b, v := range vectors {
				floats.AddScaled(inner[b][from:to], v[i], row[from:to])
			}
		}
	})
	inParallel(len(s.rows), func(i int) {
		for b := range vectors {
			images[b][i] = floats.Dot(s.rows[i], inner[b])
		}
	})
	return images
}

// extend adds to the basis what images have outside of it. What is no more than
// rounding is not added.
func (s *krylov) extend(images [][]float64) {
	for _, image := range images {
		s.scale = max(s.scale, floats.Norm(image, 2))
		v := slices.Clone(image)
		// Once leaves rounding errors of the size of what is taken away.
		for range 2 {
			for _, q := range s.basis {
				floats.AddScaled(v, -floats.Dot(q, v), q)
			}
		}
		if rest := floats.Norm(v, 2); rest > 1e-12*s.scale {
			floats.Scale(1/rest, v)
			s.basis = append(s.basis, v)
		}
	}
}

// grow adds so many images at least, and says whether the space already holds
// all that A maps it to.
func (s *krylov) grow(images int) (whole bool) {
	for end := len(s.images) + images; len(s.images) < end; {
		fresh := s.basis[len(s.images):]
		if len(fresh) == 0 {
			return true
		}
		found := s.apply(fresh)
		s.images = append(s.images, found...)
		s.extend(found)
	}
	return false
}

// ritz returns the best k components within the space, each the eigenvector times
// the root of its eigenvalue; zeros where the space has too few dimensions. The
// residual is the largest |A*u - value*u|, relative to the largest value.
func (s *krylov) ritz(k int) (components [][]float64, residual float64, err error) {
	m, n := len(s.images), len(s.rows)
	components = make([][]float64, k)
	for c := range components {
		components[c] = make([]float64, n)
	}
	if m == 0 {
		return components, 0, nil
	}
	small := mat.NewSymDense(m, nil)
	for i := range m {
		for j := i; j < m; j++ {
			small.SetSym(i, j, floats.Dot(s.basis[i], s.images[j]))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(small, true) {
		return nil, 0, errors.New("principal components: the eigenvalues do not converge")
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for c, u := range components[:min(k, m)] {
		value, gap := values[m-1-c], make([]float64, n)
		for i, weight := range mat.Col(nil, m-1-c, &vectors) {
			floats.AddScaled(u, weight, s.basis[i])
			floats.AddScaled(gap, weight, s.images[i])
		}
		floats.AddScaled(gap, -value, u)
		residual = max(residual, floats.Norm(gap, 2)/values[m-1])
		floats.Scale(math.Sqrt(max(value, 0)), u)
	}
	return components, residual, nil
}

// pointPositive turns a component so that its largest magnitude is positive, the
// first of those that rounding alone tells apart.
func pointPositive(c []float64) {
	largest := 0.0
	for _, v := range c {
		if math.Abs(v) > (1+1e-9)*math.Abs(largest) {
			largest = v
		}
	}
	if largest < 0 {
		floats.Scale(-1, c)
	}
}

// inParallel calls f for 0..n-1 on all processors. F must write to nothing but
// what is i's own, so that the result does not depend on their number.
func inParallel(n int, f func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	group.Wait()
}
