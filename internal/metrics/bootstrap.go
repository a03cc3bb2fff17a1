package metrics

import (
	"iter"
	"math/bits"
	"math/rand/v2"
)

// bootstrapResamples is the number of resamples behind [Difference.Bootstrap].
const bootstrapResamples = 10_000

// bootstrapMean is the percentile bootstrap interval of the mean at [Level]
// (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13); nil
// with fewer than two values.
//
// It is too narrow where values are few: of 10,000 simulated samples of 2, 3, 4, 6,
// 12 and 25 normal values it covered the mean in 50, 74, 80, 86, 91 and 93 %.
func bootstrapMean(values []float64) *Interval {
	n := len(values)
	if n < 2 {
		return nil
	}
	means := make([]float64, 0, bootstrapResamples)
	for chosen := range resamples(n, bootstrapResamples) {
		sum := 0.0
		for _, i := range chosen {
			sum += values[i]
		}
		means = append(means, sum/float64(n))
	}
	interval := percentiles(means)
	return &interval
}

// resamples yields count lists of n indices below n, drawn with replacement. They
// depend on n alone, so that runs repeat and swapping two arms mirrors their
// interval. The list is overwritten by the next.
func resamples(n, count int) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		random := rand.NewPCG(3, 4)
		chosen := make([]int, n)
		for range count {
			for i := range chosen {
				// The high word of the product; favours none by more than n/2^64.
				high, _ := bits.Mul64(random.Uint64(), uint64(n))
				chosen[i] = int(high)
			}
			if !yield(chosen) {
				return
			}
		}
	}
}

// percentiles returns the interval that leaves out half of 1-[Level] of the draws
// on either side, and changes their order. Its ends are draws, the outer ones of
// two: nothing is interpolated, so that draws may be infinite.
func percentiles(draws []float64) Interval {
	last := len(draws) - 1
	cut := int((1 - Level) / 2 * float64(last))
	return Interval{Lo: Nth(draws, cut), Hi: Nth(draws, last-cut)}
}
