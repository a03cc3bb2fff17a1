package metrics

import (
	"fmt"
	"maps"
	"slices"
)

// Difference is how much higher an arm scores than the baseline, paired by
// seed. Intervals, effect and P are computed over independent clusters: where several
// seeds share one pre-training, over the means of their differences, since
// counting them one by one would claim more runs than there were.
type Difference struct {
	// Mean is the mean over clusters of the mean difference within a cluster.
	Mean float64 `json:"mean"`
	// Interval is the t interval of Mean at [Level]; nil when there are fewer
	// than two clusters.
	Interval *Interval `json:"interval"`
	// Bootstrap is the percentile bootstrap interval of Mean at [Level], which
	// assumes no distribution but is too narrow with few clusters; nil when
	// there are fewer than two. The verdict follows Interval.
	Bootstrap *Interval `json:"bootstrap"`
	// Effect is Mean in standard deviations between clusters, corrected for
	// their number (Hedges' g of paired differences); nil when there are fewer
	// than three clusters or no spread.
	Effect *float64 `json:"effect"`
	Test   PValue   `json:"test"`
	// Holm is Test.P adjusted for all comparisons in the table.
	Holm float64 `json:"p_holm"`
	// McNemar has the seeds whose two records say which test examples they have
	// right, in order; accuracy only.
	McNemar []McNemar `json:"mcnemar,omitempty"`
	// Pairs counts the seeds that both arms have; Clusters how many of them
	// are independent.
	Pairs    int `json:"pairs"`
	Clusters int `json:"clusters"`
}

// Verdict says in a few words what a [Difference] supports.
type Verdict string

// Verdicts. Higher and Lower mean that the interval leaves 0 out.
const (
	Higher             Verdict = "higher"
	Lower              Verdict = "lower"
	NotDistinguishable Verdict = "not distinguishable"
	TooFew             Verdict = "too few to tell"
)

// Verdict of the interval; [TooFew] when there is none.
func (d Difference) Verdict() Verdict {
	switch {
	case d.Interval == nil:
		return TooFew
	case d.Interval.Contains(0):
		return NotDistinguishable
	case d.Mean > 0:
		return Higher
	}
	return Lower
}

// Finding is the verdict in words for a table. "Not distinguishable" is no claim
// that arms are equal, so it says by how many clusters they could not be told
// apart.
func (d Difference) Finding() string {
	if v := d.Verdict(); v != NotDistinguishable {
		return string(v)
	}
	return fmt.Sprintf("%s at n = %d", NotDistinguishable, d.Clusters)
}

// Gain is 1 where the arm is found better than the baseline, -1 where it is found
// worse, and 0 where neither is. Lower is that of the comparison or its [Metric].
func (v Verdict) Gain(lower bool) int {
	switch {
	case v != Higher && v != Lower:
		return 0
	case (v == Lower) == lower:
		return 1
	}
	return -1
}

// repeats names what the clusters are.
func (d Difference) repeats() string {
	if d.Clusters < d.Pairs {
		return "independent pre-training seed"
	}
	return "seed"
}

// outcome is one run's score with what it shares with others.
type outcome struct {
	value float64
	group string
	right []bool // by test example; nil where unknown
}

// pairedDifference compares two arms over the seeds that both have; nil when
// there is none.
func pairedDifference(arm, baseline map[int]outcome) *Difference {
	var differences []float64
	var groups [][]string
	for _, seed := range slices.Sorted(maps.Keys(arm)) {
		base, ok := baseline[seed]
		if !ok {
			continue
		}
		run := arm[seed]
		differences = append(differences, run.value-base.value)
		groups = append(groups, []string{run.group, base.group})
	}
	if len(differences) == 0 {
		return nil
	}
	means := clusterMeans(differences, cluster(groups))
	summary := Summarize(means)
	d := &Difference{
		Mean:      summary.Mean,
		Bootstrap: bootstrapMean(means),
		Effect:    standardisedEffect(summary),
		Test:      SignFlip(means),
		Pairs:     len(differences),
		Clusters:  len(means),
	}
	if interval, ok := summary.TInterval(Level); ok {
		d.Interval = &interval
	}
	return d
}
