package metrics

import (
	"math"
	"slices"
)

// isotonic is the non-decreasing sequence nearest to y in weighted squares (pool
// adjacent violators; Barlow et al., Statistical Inference under Order
// Restrictions, 1972).
func isotonic(y, weights []float64) []float64 {
	type block struct {
		mean, weight float64
		size         int
	}
	var blocks []block
	for i, v := range y {
		b := block{v, weights[i], 1}
		for len(blocks) > 0 && blocks[len(blocks)-1].mean > b.mean {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			weight := last.weight + b.weight
			b = block{(last.mean*last.weight + b.mean*b.weight) / weight, weight, last.size + b.size}
		}
		blocks = append(blocks, b)
	}
	fitted := make([]float64, 0, len(y))
	for _, b := range blocks {
		fitted = append(fitted, slices.Repeat([]float64{b.mean}, b.size)...)
	}
	return fitted
}

// curve is a score by the number of labels, both ascending.
type curve struct {
	labels, scores []float64
}

// required is the least number of labels at which the curve, a straight line over
// the logarithm of labels from point to point, reaches the score; infinite, below
// or above, where that is before its first point or behind its last.
func (c curve) required(score float64) float64 {
	// What rounding puts above a plateau must not be taken to its other end.
	i := slices.IndexFunc(c.scores, func(s float64) bool { return s >= score-negligible })
	switch {
	case i < 0:
		return math.Inf(1)
	case i > 0:
		part := (score - c.scores[i-1]) / (c.scores[i] - c.scores[i-1])
		return onLog(c.labels[i-1], c.labels[i], part)
	case c.scores[0] > score+negligible:
		return math.Inf(-1)
	}
	return c.labels[0]
}

// onLog is the number of labels that lies a part of the way from lo to hi over
// the logarithm.
func onLog(lo, hi, part float64) float64 {
	return lo * math.Pow(hi/lo, min(1, part))
}
