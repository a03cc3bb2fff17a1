package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// csvColumn is one column of [ReportCSV]; an empty text stands for a number that
// does not exist.
type csvColumn struct {
	name string
	text func(l csvLine) string
}

// csvLine is what one line is about.
type csvLine struct {
	evaluation *report.Evaluation
	set        *report.TestSet
	comparison *metrics.Comparison
	labels     int
	cell       metrics.Cell
}

// csvColumns in order. Scores, differences and intervals are fractions, not
// percent.
var csvColumns = []csvColumn{
	{"evaluation", func(l csvLine) string { return l.evaluation.Name }},
	{"set", func(l csvLine) string { return l.set.Name }},
	{"metric", func(l csvLine) string { return l.comparison.Metric }},
	{"labels_per_class", func(l csvLine) string { return plainLabels(l.labels) }},
	{"arm", func(l csvLine) string { return l.cell.Arm }},
	{"n", func(l csvLine) string { return strconv.Itoa(l.cell.N) }},
	{"groups", func(l csvLine) string { return strconv.Itoa(l.cell.Groups) }},
	{"mean", func(l csvLine) string { return exactIf(l.cell.N > 0, l.cell.Mean) }},
	{"sd", func(l csvLine) string { return exactIf(l.cell.N > 1, l.cell.SD) }},
	{"best", func(l csvLine) string { return textIf(l.cell.N > 0, strconv.FormatBool(l.cell.Best)) }},
	{"wilson_low", func(l csvLine) string { return low(l.cell.Wilson) }},
	{"wilson_high", func(l csvLine) string { return high(l.cell.Wilson) }},
	{"baseline", ofDifference(func(l csvLine, _ *metrics.Difference) string { return l.comparison.Baseline })},
	{"difference", ofDifference(func(_ csvLine, d *metrics.Difference) string { return exact(d.Mean) })},
	{"ci95_low", ofDifference(func(_ csvLine, d *metrics.Difference) string { return low(d.Interval) })},
	{"ci95_high", ofDifference(func(_ csvLine, d *metrics.Difference) string { return high(d.Interval) })},
	{"bootstrap_low", ofDifference(func(_ csvLine, d *metrics.Difference) string { return low(d.Bootstrap) })},
	{"bootstrap_high", ofDifference(func(_ csvLine, d *metrics.Difference) string { return high(d.Bootstrap) })},
	{"p", ofDifference(func(_ csvLine, d *metrics.Difference) string { return exactIf(d.Interval != nil, d.Test.P) })},
	{"p_exact", ofDifference(func(_ csvLine, d *metrics.Difference) string {
		return textIf(d.Interval != nil, strconv.FormatBool(d.Test.Exact))
	})},
	{"p_holm", ofDifference(func(_ csvLine, d *metrics.Difference) string { return exactIf(d.Interval != nil, d.Holm) })},
	{"effect", ofDifference(func(_ csvLine, d *metrics.Difference) string {
		if d.Effect == nil {
			return ""
		}
		return exact(*d.Effect)
	})},
	{"mcnemar", ofDifference(func(_ csvLine, d *metrics.Difference) string { return mcnemarTexts(d) })},
	{"pairs", ofDifference(func(_ csvLine, d *metrics.Difference) string { return strconv.Itoa(d.Pairs) })},
	{"clusters", ofDifference(func(_ csvLine, d *metrics.Difference) string { return strconv.Itoa(d.Clusters) })},
	{"verdict", ofDifference(func(_ csvLine, d *metrics.Difference) string { return string(d.Verdict()) })},
	{"pretrain_images", ofCost(func(c report.Cost) float64 { return c.PretrainImages })},
	{"pretrain_flops", ofCost(func(c report.Cost) float64 { return c.PretrainFLOPs })},
	{"pretrain_seconds", ofCost(func(c report.Cost) float64 { return c.PretrainSeconds })},
	{"train_images", ofCost(func(c report.Cost) float64 { return c.Images })},
	{"train_flops", ofCost(func(c report.Cost) float64 { return c.FLOPs })},
	{"train_seconds", ofCost(func(c report.Cost) float64 { return c.Seconds })},
}

// ReportCSV writes one line per evaluation, test set, metric, label budget and
// arm with every number at full precision. labels_per_class is "all" for all
// labels; the costs are those of the largest label budget, and on its lines. Language
// models have lines of their own, without labels: metrics that begin with their task,
// for each arm that started from them.
func ReportCSV(w io.Writer, r *report.Report) error {
	header := make([]string, len(csvColumns))
	for i, column := range csvColumns {
		header[i] = column.name
	}
	lines := [][]string{header}
	for i := range r.Evaluations {
		e := &r.Evaluations[i]
		for j := range e.Sets {
			for _, c := range e.Sets[j].Comparisons {
				lines = append(lines, csvLines(e, &e.Sets[j], c)...)
			}
			lines = append(lines, csvLanguage(e, &e.Sets[j])...)
		}
	}
	if err := csv.NewWriter(w).WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func csvLines(e *report.Evaluation, set *report.TestSet, c *metrics.Comparison) [][]string {
	var lines [][]string
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			l := csvLine{evaluation: e, set: set, comparison: c, labels: row.Labels, cell: cell}
			line := make([]string, len(csvColumns))
			for i, column := range csvColumns {
				line[i] = column.text(l)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// csvLanguage has a line for each arm and number of a language model.
func csvLanguage(e *report.Evaluation, set *report.TestSet) [][]string {
	var lines [][]string
	for i := range set.Language {
		for _, arm := range set.Language[i].Arms {
			for _, value := range languageValues(&set.Language[i]) {
				texts := map[string]string{
					"evaluation": e.Name, "set": set.Name, "metric": value.metric, "arm": arm, "n": strconv.Itoa(value.N),
					"mean": exactIf(value.N > 0, value.Mean), "sd": exactIf(value.N > 1, value.SD),
				}
				line := make([]string, len(csvColumns))
				for c, column := range csvColumns {
					line[c] = texts[column.name]
				}
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func ofDifference(text func(csvLine, *metrics.Difference) string) func(csvLine) string {
	return func(l csvLine) string {
		if l.cell.Difference == nil {
			return ""
		}
		return text(l, l.cell.Difference)
	}
}

func ofCost(number func(report.Cost) float64) func(csvLine) string {
	return func(l csvLine) string {
		if l.labels != largestBudget(l.comparison) {
			return ""
		}
		for _, arm := range l.evaluation.Arms {
			if arm.Name == l.cell.Arm && arm.Cost != (report.Cost{}) {
				return exact(number(arm.Cost))
			}
		}
		return ""
	}
}

func mcnemarTexts(d *metrics.Difference) string {
	texts := make([]string, len(d.McNemar))
	for i, m := range d.McNemar {
		texts[i] = exact(m.P)
	}
	return strings.Join(texts, " ")
}

func plainLabels(labels int) string {
	if labels == 0 {
		return "all"
	}
	return strconv.Itoa(labels)
}

func low(i *metrics.Interval) string {
	if i == nil {
		return ""
	}
	return exact(i.Lo)
}

func high(i *metrics.Interval) string {
	if i == nil {
		return ""
	}
	return exact(i.Hi)
}

func exactIf(exists bool, x float64) string { return textIf(exists, exact(x)) }

func textIf(exists bool, text string) string {
	if exists {
		return text
	}
	return ""
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
