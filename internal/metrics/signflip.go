package metrics

import (
	"cmp"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// maxExact is the largest sample whose 2^n sign patterns are enumerated.
const maxExact = 20

// monteCarloDraws is the number of random sign patterns for larger samples.
const monteCarloDraws = 100_000

// PValue is the result of a sign-flip test.
type PValue struct {
	P float64 `json:"p"`
	// Exact says that every sign pattern was counted; otherwise P is a Monte
	// Carlo estimate from a fixed seed.
	Exact bool `json:"exact"`
	// Least is the smallest P that a sample of this size can give.
	Least float64 `json:"least"`
}

// SignFlip tests whether paired differences are symmetric around 0: P is the
// two-sided fraction of sign patterns whose mean is at least as far from 0 as
// the observed one. Up to 20 differences all 2^n patterns are enumerated;
// above that, 100,000 patterns are drawn from a fixed seed, and the observed
// pattern counts as one of them (Phipson and Smyth, 2010). An empty sample
// gives P = 1.
func SignFlip(differences []float64) PValue {
	if len(differences) > maxExact {
		return signFlipDrawn(differences)
	}
	return signFlipExact(differences)
}

func signFlipExact(d []float64) PValue {
	if len(d) == 0 {
		return PValue{P: 1, Exact: true, Least: 1}
	}
	threshold := flipThreshold(d)
	// A pattern and its negation are equally far from 0, so that fixing the
	// last sign counts every distance exactly half as often.
	last := len(d) - 1
	patterns := 1 << last
	extreme := 0
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	// Gray code: each pattern differs from the one before in one sign.
	signs := 0
	for i := 0; ; i++ {
		if math.Abs(sum) >= threshold {
			extreme++
		}
		if i == patterns-1 {
			break
		}
		k := bits.TrailingZeros(uint(i + 1))
		signs ^= 1 << k
		if signs&(1<<k) != 0 {
			sum -= 2 * d[k]
		} else {
			sum += 2 * d[k]
		}
	}
	return PValue{P: float64(extreme) / float64(patterns), Exact: true, Least: 1 / float64(patterns)}
}

func signFlipDrawn(d []float64) PValue {
	threshold := flipThreshold(d)
	// The draws depend on the magnitudes only, in a fixed order, so that the
	// two arms' order and the order of seeds do not change P.
	magnitudes := make([]float64, len(d))
	for i, x := range d {
		magnitudes[i] = math.Abs(x)
	}
	slices.SortFunc(magnitudes, func(a, b float64) int { return cmp.Compare(b, a) })
	random := rand.New(rand.NewPCG(1, 2))
	extreme := 0
	for range monteCarloDraws {
		sum, word := 0.0, uint64(0)
		for i, x := range magnitudes {
			if i%64 == 0 {
				word = random.Uint64()
			}
			if word&1 == 0 {
				sum += x
			} else {
				sum -= x
			}
			word >>= 1
		}
		if math.Abs(sum) >= threshold {
			extreme++
		}
	}
	return PValue{
		P:     float64(extreme+1) / (monteCarloDraws + 1),
		Least: 1.0 / (monteCarloDraws + 1),
	}
}

// flipThreshold is the observed distance, lowered by what rounding can move a
// running sum: patterns that tie with the observed one must count.
func flipThreshold(d []float64) float64 {
	sum, size := 0.0, 0.0
	for _, x := range d {
		sum += x
		size += math.Abs(x)
	}
	return math.Abs(sum) - 1e-10*size
}

// Holm adjusts the p values of several comparisons (Holm, 1979), in the given
// order: rejecting those at most alpha keeps the chance of any false rejection
// at alpha.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	floor := 0.0
	for rank, i := range order {
		floor = max(floor, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = floor
	}
	return adjusted
}
