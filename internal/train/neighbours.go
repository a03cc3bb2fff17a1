package train

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"sslpipe/internal/metrics"
	"sslpipe/internal/tf"
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
//
// Cosines with all examples are products of matrices in float32; those that can be
// among the K nearest, for all that rounding may do, are computed again in float64,
// so that the vote is that of exact cosines.
func (n *Neighbours) Accuracy(e Examples) (accuracy float64, err error) {
	g := tf.NewGraph()
	queries := g.Placeholder("queries", tf.Float32, -1, n.Features)
	bank := g.Placeholder("bank", tf.Float32, len(n.Examples.Y), n.Features)
	cosines := g.MatMul(queries, bank, false, true)
	session, err := tf.NewSession(g, tf.SessionOptions{Threads: 1})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	examples, err := tf.FromFloat32s(n.Examples.X, len(n.Examples.Y), n.Features)
	if err != nil {
		return 0, err
	}
	right := 0
	for start := 0; start < len(e.Y); start += together {
		some := e.Y[start:min(start+together, len(e.Y))]
		units := make([]float32, len(some)*n.Features)
		for i := range some {
			at := (start + i) * n.Features
			normalise(units[i*n.Features:(i+1)*n.Features], e.X[at:at+n.Features])
		}
		fed, err := tf.FromFloat32s(units, len(some), n.Features)
		if err != nil {
			return 0, err
		}
		out, err := session.Run(map[tf.Output]*tf.Tensor{queries: fed, bank: examples}, []tf.Output{cosines})
		if err != nil {
			return 0, err
		}
		right += n.right(some, units, out[0].Float32s())
	}
	return float64(right) / float64(max(1, len(e.Y))), nil
}

// together is how many examples are looked up at a time.
const together = 256

// right counts the examples whose class comes out, their features being units, and
// rough their cosines with all examples, a row each.
func (n *Neighbours) right(classes []int32, units, rough []float32) int {
	right, count := 0, len(n.Examples.Y)
	for i, y := range classes {
		candidates := n.candidates(rough[i*count : (i+1)*count])
		if n.classify(units[i*n.Features:(i+1)*n.Features], candidates) == int(y) {
			right++
		}
	}
	return right
}

// candidates lists the examples that can be among the K nearest, in their order.
func (n *Neighbours) candidates(rough []float32) []int {
	// Two cosines of unit vectors may each be off by a rounding for each product.
	least := metrics.Nth(slices.Clone(rough), len(rough)-n.K) - float32(n.Features)*0x1p-22
	var at []int
	for i, cosine := range rough {
		if cosine >= least {
			at = append(at, i)
		}
	}
	return at
}

// classify returns the class with the largest vote among the K nearest of some
// examples; the first on a tie.
func (n *Neighbours) classify(unit []float32, among []int) int {
	type near struct {
		cosine float64
		class  int32
	}
	all := make([]near, len(among))
	for i, at := range among {
		dot := 0.0
		for f, v := range n.Examples.X[at*n.Features : (at+1)*n.Features] {
			dot += float64(v) * float64(unit[f])
		}
		all[i] = near{dot, n.Examples.Y[at]}
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
