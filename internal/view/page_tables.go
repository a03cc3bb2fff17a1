package view

import (
	"strings"

	"sslpipe/internal/metrics"
)

// pageTable is a grid for the page's template.
type pageTable struct {
	Caption string
	Columns []pageColumn
	Rows    [][]pageCell
}

type pageColumn struct {
	Header string
	Left   bool
}

type pageCell struct {
	Text   string
	Left   bool
	Strong bool
	Tone   string // class: gain or loss
	Forest *forest
}

// tableOf has the digits of a grid's columns line up: figure spaces take the place
// of the spaces that do so on a terminal.
func tableOf(g grid) pageTable {
	t := pageTable{Caption: g.title}
	for _, c := range g.columns {
		t.Columns = append(t.Columns, pageColumn{Header: headerText(c.header), Left: c.left})
	}
	for _, row := range g.rows {
		line := make([]pageCell, len(row))
		for i, e := range row {
			line[i] = pageCell{Text: e.text, Left: g.columns[i].left, Strong: e.strong}
			if !line[i].Left || e.text == absent {
				line[i].Text = figures(e.text)
			}
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

const (
	thinSpace   = "\u2009"
	figureSpace = "\u2007"
	noBreak     = "\u00a0"
)

// headerText keeps together what a line must not end in.
var headerText = strings.NewReplacer(" %", noBreak+"%", " < ", noBreak+"<"+noBreak, " ↓", noBreak+"↓").Replace

// figures writes numbers with typographic signs; a dash stands for none.
func figures(text string) string {
	if strings.TrimSpace(text) == absent {
		return strings.Replace(text, absent, "–", 1)
	}
	var out strings.Builder
	before := ' '
	for _, r := range strings.ReplaceAll(text, plusMinus, thinSpace+"±"+thinSpace) {
		switch {
		case r == '-':
			out.WriteString(minusSign)
		case r == ' ' && before == '[':
			continue // the right end lines up, the bracket need not
		case r == ' ' && strings.ContainsRune(" "+thinSpace, before):
			out.WriteString(figureSpace)
		case r == ' ':
			out.WriteString(noBreak)
		default:
			out.WriteRune(r)
		}
		before = r
	}
	return out.String()
}

// forest is a difference with its interval as a small drawing.
type forest struct {
	Zero, Mean, Left, Width float64 // in units of the drawing
	Open                    bool    // there is no interval
	Tone                    string
}

// forestWidth and forestEdge are in pixels.
const (
	forestWidth = 130
	forestEdge  = 6
)

// differenceTable is that of [allDifferences] with drawings behind the arms.
func differenceTable(c *metrics.Comparison) pageTable {
	detail := allDifferences
	detail.repeat = false
	t := tableOf(differenceGrid(c, detail))
	all := differences(c)
	if len(all) == 0 {
		return t
	}
	place := forestScale(all)
	const at = 2 // behind label budget and arm
	t.Columns = append(t.Columns[:at:at], append([]pageColumn{{Header: "difference"}}, t.Columns[at:]...)...)
	t.Columns[at+1].Header = "mean"
	for i, row := range t.Rows {
		d := all[i]
		tone := toneOf(d.Verdict().Gain(c.Lower))
		verdict := &row[len(row)-1]
		verdict.Tone, verdict.Text = tone, arrowOf(d)+verdict.Text
		drawing := forest{Zero: place(0), Mean: place(d.Mean), Open: d.Interval == nil, Tone: tone}
		if d.Interval != nil {
			drawing.Left = place(d.Interval.Lo)
			drawing.Width = max(1, place(d.Interval.Hi)-drawing.Left)
		}
		t.Rows[i] = append(row[:at:at], append([]pageCell{{Forest: &drawing}}, row[at:]...)...)
	}
	return t
}

// forestScale puts all intervals of a table, and 0, on one axis.
func forestScale(all []*metrics.Difference) func(float64) float64 {
	lo, hi := 0.0, 0.0
	for _, d := range all {
		lo, hi = min(lo, d.Mean), max(hi, d.Mean)
		if d.Interval != nil {
			lo, hi = min(lo, d.Interval.Lo), max(hi, d.Interval.Hi)
		}
	}
	if hi == lo {
		hi = lo + 1
	}
	return func(x float64) float64 {
		return forestEdge + (x-lo)/(hi-lo)*(forestWidth-2*forestEdge)
	}
}

// arrowOf is the direction of what was found; whether it is good is told by colour.
func arrowOf(d *metrics.Difference) string {
	switch d.Verdict() {
	case metrics.Higher:
		return "▲" + noBreak
	case metrics.Lower:
		return "▼" + noBreak
	}
	return ""
}

func toneOf(gain int) string {
	switch gain {
	case 1:
		return "gain"
	case -1:
		return "loss"
	}
	return ""
}
