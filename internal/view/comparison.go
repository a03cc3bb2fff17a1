package view

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
)

// absent stands in a cell that has no number.
const absent = "-"

const plusMinus = " ± "

// summaryGrid has one row per label budget and one column per arm: mean ± sd in
// percent.
func summaryGrid(c *metrics.Comparison) grid {
	g := grid{
		title:   fmt.Sprintf("%s on the test split in %%, mean ± sd, by labels per class", metricName(c.Metric)),
		columns: []column{{header: "labels"}},
	}
	for range c.Rows {
		g.rows = append(g.rows, nil)
	}
	for i, row := range c.Rows {
		g.rows[i] = append(g.rows[i], entry{text: labelsCell(row.Labels)})
	}
	for a, arm := range c.Arms {
		g.columns = append(g.columns, column{header: arm})
		sdWidth := 0
		for _, row := range c.Rows {
			if cell := row.Cells[a]; cell.N > 1 {
				sdWidth = max(sdWidth, len(points(cell.SD)))
			}
		}
		for i, row := range c.Rows {
			cell := row.Cells[a]
			g.rows[i] = append(g.rows[i], entry{text: meanCell(cell.Summary, sdWidth), strong: cell.Best})
		}
	}
	return g
}

// meanCell lines up the ± of a column whose deviations take sdWidth.
func meanCell(s metrics.Summary, sdWidth int) string {
	tail := 0
	if sdWidth > 0 {
		tail = cells(plusMinus) + sdWidth
	}
	switch s.N {
	case 0:
		return absent + strings.Repeat(" ", tail)
	case 1:
		return points(s.Mean) + strings.Repeat(" ", tail)
	}
	return points(s.Mean) + plusMinus + padLeft(points(s.SD), sdWidth)
}

// differenceGrid has one row per label budget and arm: the paired difference
// from the baseline. It is empty when nothing is compared. withHolm adds the
// adjusted p; repeat writes the label budget on every row.
func differenceGrid(c *metrics.Comparison, withHolm, repeat bool) grid {
	shared, uniform := pairsText(c)
	g := grid{columns: []column{{header: "labels"}, {header: "arm", left: true}, {header: "diff."}, {header: "95 % interval"}, {header: "p"}}}
	g.title = fmt.Sprintf("Against %s, points, paired by seed", c.Baseline)
	if uniform {
		g.title += " (" + shared + ")"
	} else {
		g.columns = append(g.columns, column{header: "n"})
	}
	if withHolm {
		g.columns = append(g.columns, column{header: "Holm"})
	}
	g.columns = append(g.columns, column{header: "verdict", left: true})
	loWidth, hiWidth := intervalWidths(c)
	for _, row := range c.Rows {
		first := true
		for _, cell := range row.Cells {
			if cell.Difference == nil {
				continue
			}
			label := ""
			if first || repeat {
				label = labelsCell(row.Labels)
			}
			first = false
			d := cell.Difference
			line := []entry{{text: label}, {text: cell.Arm}, {text: signed(d.Mean)}}
			line = append(line, entry{text: intervalCell(d.Interval, loWidth, hiWidth)}, entry{text: pCell(d, d.Test.P)})
			if !uniform {
				line = append(line, entry{text: clustersCell(d)})
			}
			if withHolm {
				line = append(line, entry{text: pCell(d, d.Holm)})
			}
			g.rows = append(g.rows, append(line, entry{text: string(d.Verdict())}))
		}
	}
	return g
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

func intervalWidths(c *metrics.Comparison) (lo, hi int) {
	for _, d := range differences(c) {
		if d.Interval != nil {
			lo = max(lo, len(signed(d.Interval.Lo)))
			hi = max(hi, len(signed(d.Interval.Hi)))
		}
	}
	return lo, hi
}

func intervalCell(i *metrics.Interval, loWidth, hiWidth int) string {
	if i == nil {
		return absent
	}
	return "[" + padLeft(signed(i.Lo), loWidth) + ", " + padLeft(signed(i.Hi), hiWidth) + "]"
}

func clustersCell(d *metrics.Difference) string {
	if d.Clusters < d.Pairs {
		return fmt.Sprintf("%d in %d", d.Pairs, d.Clusters)
	}
	return strconv.Itoa(d.Pairs)
}

// pCell hides the p of a test that could not have said anything.
func pCell(d *metrics.Difference, p float64) string {
	switch {
	case d.Interval == nil:
		return absent
	case p < 0.0005:
		return "<0.001"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

func labelsCell(labels int) string {
	if labels == 0 {
		return "all"
	}
	return strconv.Itoa(labels)
}

// points writes a fraction in percent with one decimal.
func points(fraction float64) string {
	return strconv.FormatFloat(100*fraction, 'f', 1, 64)
}

// signed writes a difference of fractions in points; what rounds to nothing has
// no sign.
func signed(fraction float64) string {
	if math.Round(1000*fraction) == 0 {
		return "0.0"
	}
	return fmt.Sprintf("%+.1f", 100*fraction)
}

func metricName(metric string) string {
	switch metric {
	case metrics.Accuracy:
		return "Accuracy"
	case metrics.MacroF1:
		return "Macro-F1"
	}
	return metric
}
