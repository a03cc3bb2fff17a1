package metrics

import (
	"cmp"
	"math"
	"slices"
)

// cellKey addresses one cell's runs by seed.
type cellKey struct {
	arm    string
	labels int
}

// index sorts the runs that have a score by cell and seed, and warns of those that
// it leaves out.
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
		runs[key][r.Seed] = outcome{value: value, group: r.Group, right: r.Right}
	}
	return runs
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
