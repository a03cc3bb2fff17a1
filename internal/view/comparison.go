package view

import (
	"strconv"

	"sslpipe/internal/metrics"
)

// wideArms is the number of arms above which each gets a row, not a column.
const wideArms = 6

// summaryGrid has the mean ± sd of every arm at every label budget: one column
// per arm, or one row where there are many or where the seconds of pre-training
// stand beside them.
func summaryGrid(c *metrics.Comparison) grid {
	metric, s := metricOf(c.Metric), scaleOf(c.Metric)
	g := grid{
		title:   metric.Title + s.in() + ", mean ± sd, by labels per class",
		columns: []column{{header: "labels"}},
	}
	if metric.Lower {
		g.title += "; lower is better"
	}
	for _, row := range c.Rows {
		g.rows = append(g.rows, []entry{{text: labelsCell(row.Labels)}})
	}
	for a, arm := range c.Arms {
		g.columns = append(g.columns, column{header: arm})
		var samples []metrics.Summary
		for _, row := range c.Rows {
			samples = append(samples, row.Cells[a].Summary)
		}
		for i, row := range c.Rows {
			g.rows[i] = append(g.rows[i], entry{text: s.meanCell(row.Cells[a].Summary, s.sdWidth(samples)), strong: row.Cells[a].Best})
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
		alignDeviations(turned, len(turned.columns)-len(c.Rows)+i, row.Cells, scaleOf(c.Metric))
	}
	return turned
}

// alignDeviations lines up the ± of a column whose cells were lined up for rows.
func alignDeviations(g grid, column int, cells []metrics.Cell, s scale) {
	var samples []metrics.Summary
	for _, cell := range cells {
		samples = append(samples, cell.Summary)
	}
	for i, sample := range samples {
		g.rows[i][column].text = s.meanCell(sample, s.sdWidth(samples))
	}
}

// secondsCell is what pre-training took for an arm; nothing for one without any.
func secondsCell(seconds map[string]float64, arm string) string {
	if s, ok := seconds[arm]; ok {
		return strconv.FormatFloat(s, 'f', 0, 64)
	}
	return absent
}
