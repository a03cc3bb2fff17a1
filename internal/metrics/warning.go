package metrics

import (
	"fmt"
	"math"
	"slices"
)

// Concern names what a [Warning] is about.
type Concern string

// Concerns.
const (
	FewClusters   Concern = "few_clusters"   // too few independent runs for p < 0.05
	FewForClaim   Concern = "few_for_claim"  // and yet the interval leaves out 0
	TestDisagrees Concern = "test_disagrees" // the interval leaves out 0, but p is not < 0.05
	HolmDisagrees Concern = "holm_disagrees" // p is < 0.05, but not adjusted for all comparisons
	OneGroup      Concern = "one_group"      // all runs of an arm share one pre-training
	NoSpread      Concern = "no_spread"      // the differences do not vary between runs
	Missing       Concern = "missing"        // an arm has no result at a label budget
	Unpaired      Concern = "unpaired"       // seeds or images that only one arm has are left out
	Duplicate     Concern = "duplicate"      // several records for one run
	NotFinite     Concern = "not_finite"     // a score that is absent, NaN or infinite
)

// Warning is something that a reader of a [Comparison] must know.
type Warning struct {
	Concern Concern `json:"concern"`
	Message string  `json:"message"`
}

// String is the message.
func (w Warning) String() string { return w.Message }

// warn adds a warning once.
func (c *Comparison) warn(concern Concern, format string, args ...any) {
	w := Warning{Concern: concern, Message: fmt.Sprintf(format, args...)}
	if !slices.Contains(c.Warnings, w) {
		c.Warnings = append(c.Warnings, w)
	}
}

// warnDifference says what a difference cannot carry.
func (c *Comparison) warnDifference(labels int, arm string, d *Difference, have, want int) {
	if d == nil {
		c.warn(Unpaired, "%s and %s share no seed with %s: no paired difference", arm, c.Baseline, LabelsText(labels))
		return
	}
	if d.Pairs < max(have, want) {
		c.warn(Unpaired, "%s against %s with %s: paired over %s of %d", arm, c.Baseline, LabelsText(labels), count(d.Pairs, "seed"), max(have, want))
	}
	what := d.repeats()
	switch {
	case d.Clusters < 2:
		c.warn(FewClusters, "no interval and no test with %s", count(d.Clusters, what))
	case d.Test.Least > 1-Level:
		c.warn(FewClusters, "p cannot fall below %.3g with %s", d.Test.Least, count(d.Clusters, what))
	}
	if d.Interval != nil && d.Interval.Hi-d.Interval.Lo < negligible && math.Abs(d.Mean) > negligible {
		c.warn(NoSpread, "%s against %s with %s: the difference is the same for every seed, so its interval has no width", arm, c.Baseline, LabelsText(labels))
	}
}

// LabelsText names a label budget in prose: "10 labels per class".
func LabelsText(labels int) string {
	if labels == 0 {
		return "all labels"
	}
	return count(labels, "label") + " per class"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
