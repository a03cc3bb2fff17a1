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

// wideArms is the number of arms above which each gets a row, not a column.
const wideArms = 6

// summaryGrid has the mean ± sd in percent of every arm at every label budget:
// one column per arm, or one row where there are many or where the seconds of
// pre-training stand beside them.
func summaryGrid(c *metrics.Comparison) grid {
	g := grid{
		title:   fmt.Sprintf("%s on the test split in %%, mean ± sd, by labels per class", metricName(c.Metric)),
		columns: []column{{header: "labels"}},
	}
	for _, row := range c.Rows {
		g.rows = append(g.rows, []entry{{text: labelsCell(row.Labels)}})
	}
	for a, arm := range c.Arms {
		g.columns = append(g.columns, column{header: arm})
		sdWidth := 0
		for _, row := range c.Rows {
			sdWidth = max(sdWidth, sdCells(row.Cells[a]))
		}
		for i, row := range c.Rows {
			g.rows[i] = append(g.rows[i], entry{text: meanCell(row.Cells[a].Summary, sdWidth), strong: row.Cells[a].Best})
		}
	}
	if len(c.Arms) <= wideArms && len(c.Seconds) == 0 {
		return g
	}
	return armRows(g, c)
}

// armRows turns a grid of budgets by arms into one of arms by budgets.
func armRows(g grid, c *metrics.Comparison) grid {
	turned := grid{title: g.title, columns: []column{{header: "arm", left: true}}}
	if len(c.Seconds) > 0 {
		turned.columns = append(turned.columns, column{header: "pretraining s"})
	}
	for _, row := range c.Rows {
		turned.columns = append(turned.columns, column{header: labelsCell(row.Labels)})
	}
	for a, arm := range c.Arms {
		line := []entry{{text: arm}}
		if len(c.Seconds) > 0 {
			line = append(line, entry{text: secondsCell(c.Seconds, arm)})
		}
		for _, row := range g.rows {
			line = append(line, row[a+1])
		}
		turned.rows = append(turned.rows, line)
	}
	for i, row := range c.Rows {
		alignDeviations(turned, len(turned.columns)-len(c.Rows)+i, row.Cells)
	}
	return turned
}

// alignDeviations lines up the ± of a column whose cells were lined up for rows.
func alignDeviations(g grid, column int, cells []metrics.Cell) {
	sdWidth := 0
	for _, cell := range cells {
		sdWidth = max(sdWidth, sdCells(cell))
	}
	for i, cell := range cells {
		g.rows[i][column].text = meanCell(cell.Summary, sdWidth)
	}
}

// sdCells is how many columns the standard deviation of a cell takes.
func sdCells(cell metrics.Cell) int {
	if cell.N > 1 {
		return len(points(cell.SD))
	}
	return 0
}

// secondsCell is what pre-training took for an arm; nothing for one without any.
func secondsCell(seconds map[string]float64, arm string) string {
	if s, ok := seconds[arm]; ok {
		return strconv.FormatFloat(s, 'f', 0, 64)
	}
	return absent
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
