package train

import (
	"cmp"
	"math"
	"slices"
)

// Neighbours classifies by the nearest examples: K of them vote, each with the
// weight exp(cosine / Temperature) (Wu et al., CVPR 2018, arXiv:1805.01978).
type Neighbours struct {
	Examples    Examples // with features of length 1
	Features    int
	Classes     int
	K           int
	Temperature float64
}

// NewNeighbours keeps the examples with their features divided by their norms.
// K is at most the number of examples.
func NewNeighbours(e Examples, features, classes, k int, temperature float64) *Neighbours {
	unit := make([]float32, len(e.X))
	for start := 0; start < len(e.X); start += features {
		normalise(unit[start:start+features], e.X[start:start+features])
	}
	return &Neighbours{
		Examples: Examples{X: unit, Y: e.Y}, Features: features, Classes: classes,
		K: min(k, len(e.Y)), Temperature: temperature,
	}
}

func normalise(to, from []float32) {
	sum := 0.0
	for _, v := range from {
		sum += float64(v) * float64(v)
	}
	norm := math.Sqrt(max(sum, 1e-12))
	for i, v := range from {
		to[i] = float32(float64(v) / norm)
	}
}

// Accuracy is the share of examples that their neighbours put into their class.
func (n *Neighbours) Accuracy(e Examples) float64 {
	right := 0
	unit := make([]float32, n.Features)
	for i, y := range e.Y {
		normalise(unit, e.X[i*n.Features:(i+1)*n.Features])
		if n.classify(unit) == int(y) {
			right++
		}
	}
	return float64(right) / float64(max(1, len(e.Y)))
}

// classify returns the class with the largest vote; the first on a tie.
func (n *Neighbours) classify(unit []float32) int {
	type near struct {
		cosine float64
		class  int32
	}
	all := make([]near, len(n.Examples.Y))
	for i, y := range n.Examples.Y {
		dot := 0.0
		for f, v := range n.Examples.X[i*n.Features : (i+1)*n.Features] {
			dot += float64(v) * float64(unit[f])
		}
		all[i] = near{dot, y}
	}
	slices.SortStableFunc(all, func(a, b near) int { return cmp.Compare(b.cosine, a.cosine) })
	votes := make([]float64, n.Classes)
	for _, a := range all[:n.K] {
		votes[a.class] += math.Exp((a.cosine - all[0].cosine) / n.Temperature)
	}
	best := 0
	for c, v := range votes {
		if v > votes[best] {
			best = c
		}
	}
	return best
}
