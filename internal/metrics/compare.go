package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Options say what [Compare] compares.
type Options struct {
	// Baseline is the arm that the others are compared with; empty means no
	// differences.
	Baseline string
	// Arms are the columns in order; empty means every arm in the records, in
	// order of appearance. A baseline that is absent from Arms comes first.
	Arms []string
	// Metric is the score to compare; empty means [Accuracy].
	Metric string
	// Protocol lines state how the scores came about (data, encoder, steps,
	// selection rule); the comparison adds what its own numbers mean.
	Protocol []string
	// TestImages is the size of the test set that every score was computed on,
	// for the Wilson intervals of accuracies; 0 means unknown.
	TestImages int
	// Noun is what the test set is made of, in the plural; empty means images.
	Noun string
	// Seconds is what the pre-training of one encoder took, by arm, in the mean
	// over its encoders. It is shown and nothing else.
	Seconds map[string]float64
}

func (o Options) noun() string { return cmp.Or(o.Noun, "images") }

// Comparison is a table of arms by label budget, ready to be shown.
type Comparison struct {
	Metric string `json:"metric"`
	// Lower says that a lower score is better; see [Verdict.Gain].
	Lower    bool      `json:"lower,omitempty"`
	Baseline string    `json:"baseline,omitempty"`
	Arms     []string  `json:"arms"`
	Rows     []Row     `json:"rows"`
	Protocol []string  `json:"protocol"`
	Warnings []Warning `json:"warnings"`
	// Seconds is as in Options.
	Seconds map[string]float64 `json:"seconds,omitempty"`
}

// Row is one label budget, with one cell per arm in the order of
// [Comparison.Arms].
type Row struct {
	Labels int    `json:"labels"` // per class; 0 = all
	Cells  []Cell `json:"cells"`
}

// Cell summarises one arm at one label budget. N = 0 means that the arm has no
// result there.
type Cell struct {
	Arm string `json:"arm"`
	Summary
	// Groups counts the independent pre-trainings behind the N runs; it is N
	// when the runs share none.
	Groups int `json:"groups"`
	// Best marks the best mean of the row, if there is something to beat.
	Best bool `json:"best"`
	// Wilson is the interval of a single run's accuracy over the choice of the
	// test images; nil where there are several runs or no number of images.
	Wilson *Interval `json:"wilson,omitempty"`
	// Difference from the baseline; nil for the baseline itself and where no
	// seed is shared.
	Difference *Difference `json:"difference,omitempty"`
}

// Compare summarises the records by arm and label budget and compares every
// arm with the baseline. Records of arms that are not asked for are ignored.
// The order of the records does not matter, except for naming columns.
func Compare(records []Record, o Options) *Comparison {
	c := newComparison(records, o)
	runs := c.index(records)
	for _, labels := range budgets(runs) {
		row := Row{Labels: labels}
		for _, arm := range c.Arms {
			row.Cells = append(row.Cells, c.cell(runs, arm, labels, o))
		}
		markBest(row.Cells, c.Lower)
		c.Rows = append(c.Rows, row)
	}
	c.adjust()
	c.warnClaims()
	c.Protocol = append(slices.Clone(o.Protocol), c.explain(o)...)
	return c
}

func newComparison(records []Record, o Options) *Comparison {
	c := &Comparison{Metric: cmp.Or(o.Metric, Accuracy), Baseline: o.Baseline, Arms: columns(records, o), Seconds: o.Seconds}
	metric, _ := MetricNamed(c.Metric)
	c.Lower = metric.Lower
	return c
}

func (c *Comparison) cell(runs map[cellKey]map[int]outcome, arm string, labels int, o Options) Cell {
	own, base := runs[cellKey{arm, labels}], runs[cellKey{c.Baseline, labels}]
	cell := Cell{Arm: arm}
	if len(own) == 0 {
		c.warn(Missing, "%s has no result with %s", arm, LabelsText(labels))
		return cell
	}
	cell.Summary, cell.Groups = summarizeRuns(own)
	if cell.N == 1 && c.Metric == Accuracy && o.TestImages > 0 {
		interval := wilsonOf(cell.Mean, o.TestImages)
		cell.Wilson = &interval
	}
	if cell.Groups == 1 && cell.N > 1 {
		c.warn(OneGroup, "%s: every run started from one pre-training, so its spread does not cover pre-training", arm)
	}
	if arm != c.Baseline && len(base) > 0 {
		cell.Difference = pairedDifference(own, base)
		if c.Metric == Accuracy && cell.Difference != nil {
			cell.Difference.McNemar = c.mcnemar(labels, arm, own, base, o.noun())
		}
		c.warnDifference(labels, arm, cell.Difference, len(own), len(base))
	}
	return cell
}

func markBest(cells []Cell, lower bool) {
	sign := 1.0
	if lower {
		sign = -1
	}
	present, best := 0, math.Inf(-1)
	for _, cell := range cells {
		if cell.N > 0 {
			present++
			best = max(best, sign*cell.Mean)
		}
	}
	for i := range cells {
		cells[i].Best = present > 1 && cells[i].N > 0 && sign*cells[i].Mean == best
	}
}

// adjust fills in the Holm p over every tested difference of the table.
func (c *Comparison) adjust() {
	tested := c.tested()
	p := make([]float64, len(tested))
	for i, d := range tested {
		p[i] = d.Test.P
	}
	for i, adjusted := range Holm(p) {
		tested[i].Holm = adjusted
	}
}

func (c *Comparison) tested() []*Difference {
	var tested []*Difference
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if cell.Difference != nil && cell.Difference.Interval != nil {
				tested = append(tested, cell.Difference)
			}
		}
	}
	return tested
}
