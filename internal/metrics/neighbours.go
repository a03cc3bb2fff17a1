package metrics

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Neighbours returns for each row of x, [n, dim], that is named by of the k rows
// most similar to it by cosine, the most similar first and of equal ones the
// first; all the others where there are fewer. The row itself is not among them.
// A row of zeros has the cosine 0 to all, one that is not finite comes last.
func Neighbours(x []float32, dim int, of []int, k int) [][]int {
	rows := onSphere(x, dim)
	found := make([][]int, len(of))
	for n, row := range of {
		cosines, others := make([]float64, len(rows)), make([]int, 0, len(rows))
		for i := range rows {
			if i != row {
				cosines[i] = floats.Dot(rows[row], rows[i])
				others = append(others, i)
			}
		}
		slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(cosines[b], cosines[a]) })
		found[n] = others[:min(k, len(others))]
	}
	return found
}

// affinities says how much two points are neighbours, [n, n], for [TSNE]: the
// mean of both points' views on each other. They sum to 1. Components are the
// points' coordinates, [k][n].
func affinities(components [][]float64, perplexity float64) []float64 {
	n := len(components[0])
	seen := make([]float64, n*n)
	inParallel(n, func(i int) {
		squares := make([]float64, n)
		for _, c := range components {
			for j, v := range c {
				squares[j] += (v - c[i]) * (v - c[i])
			}
		}
		neighbourhood(seen[i*n:(i+1)*n], squares, i, perplexity)
	})
	p := make([]float64, n*n)
	for i := range n {
		for j := range n {
			p[i*n+j] = (seen[i*n+j] + seen[j*n+i]) / float64(2*n)
		}
	}
	return p
}

// neighbourhood fills weights with the probabilities of a Gaussian around point
// i at squared distances from it. The perplexity, the exponential of their
// entropy, decides how wide it is.
func neighbourhood(weights, squares []float64, i int, perplexity float64) {
	squares[i] = math.Inf(1) // no neighbour of its own
	// Relative to the nearest, or all weights may vanish.
	floats.AddConst(-floats.Min(squares), squares)
	precision, low, high := 1.0, 0.0, math.Inf(1)
	for range 200 {
		entropy := gaussian(weights, squares, precision)
		switch gap := entropy - math.Log(perplexity); {
		case math.Abs(gap) < 1e-5: // as in the authors' program
			return
		case gap > 0:
			low = precision
		default:
			high = precision
		}
		if precision = (low + high) / 2; math.IsInf(high, 1) {
			precision = 2 * low
		}
	}
}

// gaussian fills weights, which sum to 1, and returns their entropy in nats.
func gaussian(weights, squares []float64, precision float64) float64 {
	sum, moment := 0.0, 0.0
	for j, s := range squares {
		if weights[j] = math.Exp(-precision * s); weights[j] > 0 {
			sum += weights[j]
			moment += weights[j] * s
		}
	}
	floats.Scale(1/sum, weights)
	return math.Log(sum) + precision*moment/sum
}
