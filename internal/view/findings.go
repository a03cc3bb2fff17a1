package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
)

// finding is a sentence about what the differences of one label budget support.
type finding struct {
	Text string
	Gain int // 1 where an arm is found better than the baseline, -1 where worse
}

// manyArms is from where on arms share a sentence.
const manyArms = 3

// findingsOf has a sentence for each difference that leaves out 0, or for all in
// one direction where they are many, and one for those of a budget that do not.
func findingsOf(c *metrics.Comparison) []finding {
	var all []finding
	for _, row := range c.Rows {
		with := "With " + metrics.LabelsText(row.Labels) + ", "
		by := map[metrics.Verdict][]metrics.Cell{}
		for _, cell := range row.Cells {
			if cell.Difference != nil {
				v := cell.Difference.Verdict()
				by[v] = append(by[v], cell)
			}
		}
		for _, v := range []metrics.Verdict{metrics.Higher, metrics.Lower} {
			for _, text := range toldTexts(c, v, by[v]) {
				all = append(all, finding{with + text, v.Gain(c.Lower)})
			}
		}
		if untold := by[metrics.NotDistinguishable]; len(untold) > 0 {
			all = append(all, finding{Text: with + estimates(c, untold, seedsText) + " cannot be told from " + c.Baseline + "."})
		}
		if few := by[metrics.TooFew]; len(few) > 0 {
			all = append(all, finding{Text: with + estimates(c, few, nil) + " and " + c.Baseline + " have too few runs in common to tell."})
		}
	}
	return all
}

// toldTexts are like "ssl scores 4.0 points above scratch [+0.8, +7.2] (p = 0.250,
// n = 3)."
func toldTexts(c *metrics.Comparison, v metrics.Verdict, cells []metrics.Cell) []string {
	side := map[metrics.Verdict]string{metrics.Higher: " above ", metrics.Lower: " below "}[v] + c.Baseline
	tests := func(d *metrics.Difference) string { return testsText(c, d) }
	if len(cells) >= manyArms {
		return []string{togetherText(c, cells, side, tests)}
	}
	s := scaleOf(c.Metric)
	var texts []string
	for _, cell := range cells {
		d := cell.Difference
		size := strings.TrimLeft(s.signed(d.Mean), "+-")
		if s.percent {
			size += " points"
		}
		texts = append(texts, fmt.Sprintf("%s scores %s%s %s (%s).", cell.Arm, inline(size), side, inline(s.interval(d.Interval, 0, 0)), tests(d)))
	}
	return texts
}

// togetherText says once what the tests of all arms say.
func togetherText(c *metrics.Comparison, cells []metrics.Cell, side string, tests func(*metrics.Difference) string) string {
	first := tests(cells[0].Difference)
	if slices.ContainsFunc(cells, func(cell metrics.Cell) bool { return tests(cell.Difference) != first }) {
		return estimates(c, cells, tests) + " score" + side + "."
	}
	return estimates(c, cells, nil) + " score" + side + " (each " + first + ")."
}

func testsText(c *metrics.Comparison, d *metrics.Difference) string {
	text := equals("p", pText(d.Test.P))
	if severalTested(c) {
		text += ", " + equals("Holm", pText(d.Holm))
	}
	return text + ", " + seedsText(d)
}

func seedsText(d *metrics.Difference) string { return equals("n", strconv.Itoa(d.Clusters)) }

// estimates lists arms with their differences, intervals and, unless it is nil,
// what more says.
func estimates(c *metrics.Comparison, cells []metrics.Cell, more func(*metrics.Difference) string) string {
	s := scaleOf(c.Metric)
	texts := make([]string, len(cells))
	for i, cell := range cells {
		d := cell.Difference
		text := s.signed(d.Mean)
		if d.Interval != nil {
			text += " " + s.interval(d.Interval, 0, 0)
		}
		text = inline(text)
		if more != nil {
			text += ", " + more(d)
		}
		texts[i] = cell.Arm + " (" + text + ")"
	}
	return enumerate(texts)
}

// equals is "p = 0.031", or "p < 0.001".
func equals(name, number string) string {
	if strings.HasPrefix(number, "<") {
		return name + noBreak + "<" + noBreak + number[1:]
	}
	return name + noBreak + "=" + noBreak + number
}

// inline gives numbers the sign that typography has for them, and keeps them on
// one line.
var inline = strings.NewReplacer("-", minusSign, " ", noBreak).Replace

func enumerate(texts []string) string {
	last := len(texts) - 1
	if last < 1 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}
