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
	// TestImages is the size of the test set that every score was computed on;
	// 0 means unknown.
	TestImages int
	// Seconds is what the pre-training of one encoder took, by arm, in the mean
	// over its encoders. It is shown and nothing else.
	Seconds map[string]float64
}

// Comparison is a table of arms by label budget, ready to be shown.
type Comparison struct {
	Metric   string    `json:"metric"`
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
	// Best marks the highest mean of the row, if there is something to beat.
	Best bool `json:"best"`
	// Difference from the baseline; nil for the baseline itself and where no
	// seed is shared.
	Difference *Difference `json:"difference,omitempty"`
}

// Compare summarises the records by arm and label budget and compares every
// arm with the baseline. Records of arms that are not asked for are ignored.
// The order of the records does not matter, except for naming columns.
func Compare(records []Record, o Options) *Comparison {
	c := &Comparison{Metric: o.Metric, Baseline: o.Baseline, Arms: columns(records, o), Seconds: o.Seconds}
	if c.Metric == "" {
		c.Metric = Accuracy
	}
	runs := c.index(records)
	for _, labels := range budgets(runs) {
		row := Row{Labels: labels}
		for _, arm := range c.Arms {
			row.Cells = append(row.Cells, c.cell(runs, arm, labels))
		}
		markBest(row.Cells)
		c.Rows = append(c.Rows, row)
	}
	c.adjust()
	c.Protocol = append(slices.Clone(o.Protocol), c.explain(o.TestImages)...)
	return c
}

// cellKey addresses one cell's runs by seed.
type cellKey struct {
	arm    string
	labels int
}

func (c *Comparison) index(records []Record) map[cellKey]map[int]outcome {
	runs := map[cellKey]map[int]outcome{}
	for _, r := range records {
		if !slices.Contains(c.Arms, r.Arm) {
			continue
		}
		value, ok := r.Values[c.Metric]
		if !ok || math.IsNaN(value) || math.IsInf(value, 0) {
			c.warn(NotFinite, "%s with %s, seed %d: no finite %s, left out", r.Arm, LabelsText(r.Labels), r.Seed, c.Metric)
			continue
		}
		key := cellKey{r.Arm, r.Labels}
		if runs[key] == nil {
			runs[key] = map[int]outcome{}
		}
		if _, seen := runs[key][r.Seed]; seen {
			c.warn(Duplicate, "%s with %s, seed %d: several records, the first one counts", r.Arm, LabelsText(r.Labels), r.Seed)
			continue
		}
		runs[key][r.Seed] = outcome{value: value, group: r.Group}
	}
	return runs
}

func (c *Comparison) cell(runs map[cellKey]map[int]outcome, arm string, labels int) Cell {
	own, base := runs[cellKey{arm, labels}], runs[cellKey{c.Baseline, labels}]
	cell := Cell{Arm: arm}
	if len(own) == 0 {
		c.warn(Missing, "%s has no result with %s", arm, LabelsText(labels))
		return cell
	}
	cell.Summary, cell.Groups = summarizeRuns(own)
	if cell.Groups == 1 && cell.N > 1 {
		c.warn(OneGroup, "%s: every run started from one pre-training, so its spread does not cover pre-training", arm)
	}
	if arm != c.Baseline && len(base) > 0 {
		cell.Difference = pairedDifference(own, base)
		c.warnDifference(labels, arm, cell.Difference, len(own), len(base))
	}
	return cell
}

// summarizeRuns adds the values up in the order of seeds, so that the order of
// records cannot move the last bit.
func summarizeRuns(runs map[int]outcome) (Summary, int) {
	seeds := make([]int, 0, len(runs))
	groups := map[string]bool{}
	alone := 0
	for seed, run := range runs {
		seeds = append(seeds, seed)
		if run.group == "" {
			alone++
		} else {
			groups[run.group] = true
		}
	}
	slices.Sort(seeds)
	values := make([]float64, len(seeds))
	for i, seed := range seeds {
		values[i] = runs[seed].value
	}
	return Summarize(values), alone + len(groups)
}

func columns(records []Record, o Options) []string {
	arms := slices.Clone(o.Arms)
	if len(arms) == 0 {
		for _, r := range records {
			if !slices.Contains(arms, r.Arm) {
				arms = append(arms, r.Arm)
			}
		}
	}
	if o.Baseline != "" && !slices.Contains(arms, o.Baseline) {
		arms = slices.Insert(arms, 0, o.Baseline)
	}
	return arms
}

func budgets(runs map[cellKey]map[int]outcome) []int {
	var labels []int
	for key := range runs {
		if !slices.Contains(labels, key.labels) {
			labels = append(labels, key.labels)
		}
	}
	slices.SortFunc(labels, func(a, b int) int {
		if (a == 0) != (b == 0) {
			return cmp.Compare(b, a) // all labels come last
		}
		return cmp.Compare(a, b)
	})
	return labels
}

func markBest(cells []Cell) {
	present, best := 0, math.Inf(-1)
	for _, cell := range cells {
		if cell.N > 0 {
			present++
			best = max(best, cell.Mean)
		}
	}
	for i := range cells {
		cells[i].Best = present > 1 && cells[i].N > 0 && cells[i].Mean == best
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
