package metrics

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Level is the confidence level of every interval in a [Comparison].
const Level = 0.95

// negligible is far below any difference between scores, and far above what
// rounding leaves where there is none.
const negligible = 1e-12

// Interval is a confidence interval.
type Interval struct {
	Lo float64 `json:"lo"`
	Hi float64 `json:"hi"`
}

// Contains says whether x lies in the closed interval.
func (i Interval) Contains(x float64) bool { return i.Lo <= x && x <= i.Hi }

// Summary describes a sample.
type Summary struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	// SD is the sample standard deviation (divisor N-1). It is unknown, and 0
	// here, when N < 2.
	SD float64 `json:"sd"`
}

// Summarize returns the mean and sample standard deviation of xs, the zero
// Summary when xs is empty.
func Summarize(xs []float64) Summary {
	switch len(xs) {
	case 0:
		return Summary{}
	case 1:
		return Summary{N: 1, Mean: xs[0]}
	}
	mean, sd := stat.MeanStdDev(xs, nil)
	return Summary{N: len(xs), Mean: mean, SD: sd}
}

// TInterval is Student's interval of the mean at the given level; ok is false
// when there are fewer than two values. With values that are all equal the
// interval is that one point.
func (s Summary) TInterval(level float64) (i Interval, ok bool) {
	if s.N < 2 {
		return Interval{}, false
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(s.N - 1)}.Quantile(0.5 + level/2)
	half := t * s.SD / math.Sqrt(float64(s.N))
	return Interval{Lo: s.Mean - half, Hi: s.Mean + half}, true
}

// Wilson is the score interval of a proportion of k successes in n trials, the
// interval of one run's accuracy over the choice of n test images. It is
// [0, 1] when n is 0.
func Wilson(k, n int, level float64) Interval {
	if n <= 0 {
		return Interval{Lo: 0, Hi: 1}
	}
	z := distuv.UnitNormal.Quantile(0.5 + level/2)
	trials, p := float64(n), float64(k)/float64(n)
	scale := 1 + z*z/trials
	centre := (p + z*z/(2*trials)) / scale
	half := z / scale * math.Sqrt(p*(1-p)/trials+z*z/(4*trials*trials))
	return Interval{Lo: max(0, centre-half), Hi: min(1, centre+half)}
}

// wilsonOf is the Wilson interval at [Level] of an accuracy on n test images.
func wilsonOf(accuracy float64, n int) Interval {
	return Wilson(int(math.Round(accuracy*float64(n))), n, Level)
}
