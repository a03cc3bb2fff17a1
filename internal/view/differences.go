package view

import (
	"fmt"
	"slices"
	"strconv"

	"sslpipe/internal/metrics"
)

// differenceDetail says which columns a table of differences has beside the
// difference, its t interval, p and what it supports.
type differenceDetail struct {
	n      bool // seeds, where they are not the same everywhere
	holm   bool // p adjusted for the table, where several are tested
	effect bool // its size
	extra  bool // bootstrap interval and tests of each seed
	repeat bool // the label budget on every line
}

// allDifferences is for formats that do not mind wide tables.
var allDifferences = differenceDetail{n: true, holm: true, effect: true, extra: true, repeat: true}

// differenceColumn makes the cells of one column.
type differenceColumn struct {
	column
	cell func(arm string, d *metrics.Difference) string
}

// differenceGrid has one row per label budget and arm: the paired difference
// from the baseline. It has no rows when nothing is compared.
func differenceGrid(c *metrics.Comparison, detail differenceDetail) grid {
	columns := differenceColumns(c, detail)
	g := grid{title: differenceTitle(c), lead: 2, columns: []column{{header: "labels"}}}
	for _, column := range columns {
		g.columns = append(g.columns, column.column)
	}
	for _, row := range c.Rows {
		label := labelsCell(row.Labels)
		for _, cell := range row.Cells {
			if cell.Difference == nil {
				continue
			}
			line := []entry{{text: label}}
			for _, column := range columns {
				line = append(line, entry{text: column.cell(cell.Arm, cell.Difference)})
			}
			g.rows = append(g.rows, line)
			if !detail.repeat {
				label = ""
			}
		}
	}
	return g
}

func differenceTitle(c *metrics.Comparison) string {
	title := "Against " + c.Baseline
	if scaleOf(c.Metric).percent {
		title += ", points"
	}
	title += ", paired by seed"
	if shared, uniform := pairsText(c); uniform {
		title += " (" + shared + ")"
	}
	return title
}

func differenceColumns(c *metrics.Comparison, detail differenceDetail) []differenceColumn {
	s := scaleOf(c.Metric)
	tested := func(number func(*metrics.Difference) string) func(string, *metrics.Difference) string {
		return func(_ string, d *metrics.Difference) string {
			// The p of a test that could not have said anything is hidden.
			if d.Interval == nil {
				return absent
			}
			return number(d)
		}
	}
	columns := []differenceColumn{
		{column{header: "arm", left: true}, func(arm string, _ *metrics.Difference) string { return arm }},
		{column{header: "diff."}, func(_ string, d *metrics.Difference) string { return s.signed(d.Mean) }},
		intervalColumn(c, "95 % interval", func(d *metrics.Difference) *metrics.Interval { return d.Interval }),
	}
	if detail.extra && some(c, func(d *metrics.Difference) bool { return d.Bootstrap != nil }) {
		columns = append(columns, intervalColumn(c, "bootstrap 95 %", func(d *metrics.Difference) *metrics.Interval { return d.Bootstrap }))
	}
	columns = append(columns, differenceColumn{column{header: "p"}, tested(func(d *metrics.Difference) string { return pText(d.Test.P) })})
	if detail.holm && severalTested(c) {
		columns = append(columns, differenceColumn{column{header: "Holm"}, tested(func(d *metrics.Difference) string { return pText(d.Holm) })})
	}
	if detail.effect && some(c, func(d *metrics.Difference) bool { return d.Effect != nil }) {
		columns = append(columns, differenceColumn{column{header: "effect size"}, func(_ string, d *metrics.Difference) string { return effectCell(d) }})
	}
	if detail.extra && some(c, func(d *metrics.Difference) bool { return len(d.McNemar) > 0 }) {
		columns = append(columns, differenceColumn{column{header: "McNemar p < 0.05"}, func(_ string, d *metrics.Difference) string { return mcnemarCell(d) }})
	}
	if _, uniform := pairsText(c); detail.n && !uniform {
		columns = append(columns, differenceColumn{column{header: "n"}, func(_ string, d *metrics.Difference) string { return clustersCell(d) }})
	}
	return append(columns, differenceColumn{column{header: "verdict", left: true}, func(_ string, d *metrics.Difference) string { return d.Finding() }})
}

func intervalColumn(c *metrics.Comparison, header string, of func(*metrics.Difference) *metrics.Interval) differenceColumn {
	s := scaleOf(c.Metric)
	lo, hi := 0, 0
	for _, d := range differences(c) {
		if i := of(d); i != nil {
			lo = max(lo, len(s.signed(i.Lo)))
			hi = max(hi, len(s.signed(i.Hi)))
		}
	}
	return differenceColumn{column{header: header}, func(_ string, d *metrics.Difference) string { return s.interval(of(d), lo, hi) }}
}

func effectCell(d *metrics.Difference) string {
	if d.Effect == nil {
		return absent
	}
	return fmt.Sprintf("%+.2f", *d.Effect)
}

// mcnemarCell says in how many of the seeds the two classifiers differ on the
// test images.
func mcnemarCell(d *metrics.Difference) string {
	if len(d.McNemar) == 0 {
		return absent
	}
	low := 0
	for _, m := range d.McNemar {
		if m.P < 1-metrics.Level {
			low++
		}
	}
	return fmt.Sprintf("%d of %d", low, len(d.McNemar))
}

// pairsText says how many pairs the differences rest on, if it is the same
// everywhere.
func pairsText(c *metrics.Comparison) (text string, uniform bool) {
	for _, d := range differences(c) {
		this := fmt.Sprintf("n = %d", d.Pairs)
		if d.Clusters < d.Pairs {
			this += fmt.Sprintf(" in %d pre-training seeds", d.Clusters)
		}
		if text != "" && this != text {
			return "", false
		}
		text = this
	}
	return text, true
}

func differences(c *metrics.Comparison) []*metrics.Difference {
	var all []*metrics.Difference
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if cell.Difference != nil {
				all = append(all, cell.Difference)
			}
		}
	}
	return all
}

// some difference has what a column shows.
func some(c *metrics.Comparison, has func(*metrics.Difference) bool) bool {
	return slices.ContainsFunc(differences(c), has)
}

// severalTested says whether Holm's adjustment changes anything.
func severalTested(c *metrics.Comparison) bool {
	tested := 0
	for _, d := range differences(c) {
		if d.Interval != nil {
			tested++
		}
	}
	return tested > 1
}

func clustersCell(d *metrics.Difference) string {
	if d.Clusters < d.Pairs {
		return fmt.Sprintf("%d in %d", d.Pairs, d.Clusters)
	}
	return strconv.Itoa(d.Pairs)
}
