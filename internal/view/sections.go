package view

import (
	"fmt"
	"slices"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// accuracyOf is the comparison that a test set leads with; nil where it has none.
func accuracyOf(set *report.TestSet) *metrics.Comparison {
	if len(set.Comparisons) == 0 || len(set.Comparisons[0].Rows) == 0 {
		return nil
	}
	return set.Comparisons[0]
}

// largestBudget is the label budget that the sections with one budget show.
func largestBudget(c *metrics.Comparison) int { return c.Rows[len(c.Rows)-1].Labels }

func rowOf(c *metrics.Comparison, labels int) *metrics.Row {
	i := slices.IndexFunc(c.Rows, func(r metrics.Row) bool { return r.Labels == labels })
	if i < 0 {
		return nil
	}
	return &c.Rows[i]
}

// setTitle names a test set of an evaluation.
func setTitle(e *report.Evaluation, set *report.TestSet) string {
	return fmt.Sprintf("%s on %s, %s test %s", e.Name, set.Name, thousands(float64(set.Images)), set.Noun())
}

// scoresGrid has every metric but accuracy at the largest label budget, one row
// each.
func scoresGrid(set *report.TestSet) grid {
	accuracy := accuracyOf(set)
	if accuracy == nil {
		return grid{}
	}
	labels := largestBudget(accuracy)
	g := grid{title: "Other scores with " + metrics.LabelsText(labels) + ", mean ± sd", columns: []column{{header: "score", left: true}}}
	for _, arm := range accuracy.Arms {
		g.columns = append(g.columns, column{header: arm})
	}
	others := set.Comparisons[1:]
	widths := deviationWidths(others, labels)
	lower := false
	for _, c := range others {
		if row := rowOf(c, labels); row != nil {
			g.rows = append(g.rows, scoreLine(c, row, widths))
			lower = lower || c.Lower
		}
	}
	if lower {
		g.title += " (↓ lower is better)"
	}
	return g
}

func scoreLine(c *metrics.Comparison, row *metrics.Row, widths map[scale]int) []entry {
	metric, s := metricOf(c.Metric), scaleOf(c.Metric)
	title := metric.Title
	if metric.Percent {
		title += " %"
	}
	if metric.Lower {
		title += " ↓"
	}
	line := []entry{{text: title}}
	for _, cell := range row.Cells {
		line = append(line, entry{text: s.meanCell(cell.Summary, widths[s]), strong: cell.Best})
	}
	return line
}

// deviationWidths lines up the ± of metrics with the same scale.
func deviationWidths(comparisons []*metrics.Comparison, labels int) map[scale]int {
	widths := map[scale]int{}
	for _, c := range comparisons {
		row := rowOf(c, labels)
		if row == nil {
			continue
		}
		for _, cell := range row.Cells {
			s := scaleOf(c.Metric)
			widths[s] = max(widths[s], s.sdWidth([]metrics.Summary{cell.Summary}))
		}
	}
	return widths
}

// savingsGrid says how many labels the baseline needs for what each arm reaches;
// repeat writes the arm on every line.
func savingsGrid(e *report.Evaluation, set *report.TestSet, repeat bool) grid {
	g := grid{
		title:   "Labels saved: what " + e.Baseline + " needs, per class, for the accuracy of an arm",
		columns: []column{{header: "arm", left: true}, {header: "labels"}, {header: e.Baseline + " needs"}, {header: "95 % interval"}},
		lead:    2,
	}
	for _, efficiency := range set.Efficiency {
		for i, saving := range efficiency.Savings {
			arm := efficiency.Arm
			if i > 0 && !repeat {
				arm = ""
			}
			g.rows = append(g.rows, []entry{
				{text: arm}, {text: labelsCell(saving.Labels)}, {text: requiredText(saving)}, {text: savingInterval(saving)},
			})
		}
	}
	return g
}

func requiredText(s metrics.Saving) string {
	switch {
	case s.Never:
		return "never (within " + labelCount(s.Required) + ")"
	case s.Always:
		return "<" + labelCount(s.Required)
	}
	return labelCount(s.Required)
}

// savingInterval marks the ends that lie outside of what was measured.
func savingInterval(s metrics.Saving) string {
	if s.Interval == nil {
		return absent
	}
	lo, hi := labelCount(s.Interval.Lo), labelCount(s.Interval.Hi)
	if s.LowOpen {
		lo = "<" + lo
	}
	if s.HighOpen {
		hi = ">" + hi
	}
	return "[" + lo + ", " + hi + "]"
}

// crossovers says where curves cross, one sentence an arm.
func crossovers(e *report.Evaluation, set *report.TestSet) []string {
	var lines []string
	for _, efficiency := range set.Efficiency {
		c := efficiency.Crossover
		if c == nil {
			continue
		}
		side := "below"
		if c.Rising {
			side = "above"
		}
		lines = append(lines, fmt.Sprintf("in the mean, %s is ahead of %s %s about %s labels per class", efficiency.Arm, e.Baseline, side, labelCount(c.Labels)))
	}
	return lines
}

// costGrid has no seconds: they differ between machines, and from run to run.
func costGrid(e *report.Evaluation) grid {
	g := grid{
		title: "Cost of one classifier with the most labels, mean over seeds",
		columns: []column{{header: "arm", left: true}, {header: "pre-training " + e.Noun()}, {header: "pre-training operations"},
			{header: "training " + e.Noun()}, {header: "training operations"}},
	}
	for _, arm := range e.Arms {
		c := arm.Cost
		g.rows = append(g.rows, []entry{
			{text: arm.Name}, {text: countCell(c.PretrainImages)}, {text: flopsText(c.PretrainFLOPs)},
			{text: countCell(c.Images)}, {text: flopsText(c.FLOPs)},
		})
	}
	if !slices.ContainsFunc(e.Arms, func(a report.Arm) bool { return a.Cost != report.Cost{} }) {
		return grid{}
	}
	return g
}

func countCell(x float64) string {
	if x == 0 {
		return absent
	}
	return thousands(x)
}

// leaksGrid has the parts that share examples with a test set, or those that do
// not too.
func leaksGrid(e *report.Evaluation, all bool) grid {
	g := grid{
		title: "Same " + e.Noun() + " in training and test",
		columns: []column{{header: "part of the data", left: true}, {header: "test set", left: true},
			{header: "exact"}, {header: "near"}, {header: "of"}},
	}
	for _, leak := range e.Leaks {
		if all || leak.Exact > 0 || leak.Near > 0 {
			g.rows = append(g.rows, []entry{{text: leak.Part}, {text: leak.Set},
				{text: thousands(float64(leak.Exact))}, {text: thousands(float64(leak.Near))}, {text: thousands(float64(leak.Of))}})
		}
	}
	return g
}

// noLeaks is what stands instead of an empty [leaksGrid].
func noLeaks(e *report.Evaluation) string {
	return fmt.Sprintf("Same %s in training and test: none found, exact or near, in %s", e.Noun(), plural(len(e.Leaks), "comparison"))
}
