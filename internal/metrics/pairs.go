package metrics

import (
	"maps"
	"slices"
)

// Difference is how much higher an arm scores than the baseline, paired by
// seed. Interval and P are computed over independent clusters: where several
// seeds share one pre-training, over the means of their differences, since
// counting them one by one would claim more runs than there were.
type Difference struct {
	// Mean is the mean over clusters of the mean difference within a cluster.
	Mean float64 `json:"mean"`
	// Interval is the t interval of Mean at [Level]; nil when there are fewer
	// than two clusters.
	Interval *Interval `json:"interval"`
	Test     PValue    `json:"test"`
	// Holm is Test.P adjusted for all comparisons in the table.
	Holm float64 `json:"p_holm"`
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

// outcome is one run's score with what it shares with others.
type outcome struct {
	value float64
	group string
}

// pairedDifference compares two arms over the seeds that both have; nil when
// there is none.
func pairedDifference(arm, baseline map[int]outcome) *Difference {
	var differences []float64
	var groups [][2]string
	for _, seed := range slices.Sorted(maps.Keys(arm)) {
		base, ok := baseline[seed]
		if !ok {
			continue
		}
		run := arm[seed]
		differences = append(differences, run.value-base.value)
		groups = append(groups, [2]string{run.group, base.group})
	}
	if len(differences) == 0 {
		return nil
	}
	means := clusterMeans(differences, groups)
	summary := Summarize(means)
	d := &Difference{
		Mean:     summary.Mean,
		Test:     SignFlip(means),
		Pairs:    len(differences),
		Clusters: len(means),
	}
	if interval, ok := summary.TInterval(Level); ok {
		d.Interval = &interval
	}
	return d
}

// clusterMeans averages the differences of pairs that are linked, directly or
// through others, by a group of either arm. The clusters come in the order of
// their first pair.
func clusterMeans(differences []float64, groups [][2]string) []float64 {
	leader := make([]int, len(differences))
	find := func(i int) int {
		for leader[i] != i {
			i = leader[i]
		}
		return i
	}
	first := map[string]int{}
	for i, pair := range groups {
		leader[i] = i
		for _, group := range pair {
			if group == "" {
				continue
			}
			j, seen := first[group]
			if !seen {
				first[group] = i
				continue
			}
			a, b := find(i), find(j)
			leader[max(a, b)] = min(a, b)
		}
	}
	var means []float64
	for root := range differences {
		sum, n := 0.0, 0
		for i, d := range differences {
			if find(i) == root {
				sum += d
				n++
			}
		}
		if n > 0 {
			means = append(means, sum/float64(n))
		}
	}
	return means
}
