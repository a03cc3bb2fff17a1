package view

import (
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// languageGrid has how well encoders predict tokens of the test texts, above what
// needs no model: the most frequent token, and chance.
func languageGrid(set *report.TestSet) grid {
	c := languageColumnsOf(set)
	g := grid{
		title: "Language models on test texts, mean ± sd over encoders",
		columns: []column{{header: "task", left: true}, {header: "encoder of", left: true}, {header: "n"},
			{header: "accuracy %"}, {header: "perplexity ↓"}},
		lead: 2,
	}
	if c.bits != nil {
		g.columns = append(g.columns, column{header: "bits/byte ↓"})
	}
	task := ""
	for i := range set.Language {
		m := &set.Language[i]
		line := append([]entry{{text: m.Task}, {text: strings.Join(m.Arms, armsBetween)}, {text: strconv.Itoa(m.Accuracy.N)}},
			c.line(m.Accuracy, m.Perplexity, m.BitsPerByte)...)
		if m.Task == task {
			line[0].text = ""
		}
		task = m.Task
		g.rows = append(g.rows, line)
		if last := i == len(set.Language)-1; last || !m.SameBaselines(&set.Language[i+1]) {
			g.rows = append(g.rows, c.guess("(unigram)", m.Unigram), c.guess("(chance)", m.Chance))
		}
	}
	return g
}

// languageColumns are the samples of each column, by which it is lined up.
type languageColumns struct{ accuracy, perplexity, bits []metrics.Summary }

func languageColumnsOf(set *report.TestSet) languageColumns {
	var c languageColumns
	for _, m := range set.Language {
		c.accuracy, c.perplexity = append(c.accuracy, m.Accuracy), append(c.perplexity, m.Perplexity)
		if m.BitsPerByte != nil {
			c.bits = append(c.bits, *m.BitsPerByte)
		}
	}
	return c
}

// line has the numbers of a line.
func (c languageColumns) line(accuracy, perplexity metrics.Summary, bits *metrics.Summary) []entry {
	percent := scale{percent: true}
	line := []entry{{text: percent.meanCell(accuracy, percent.sdWidth(c.accuracy))}, {text: plainMean(perplexity, c.perplexity, 1)}}
	switch {
	case c.bits != nil && bits != nil:
		line = append(line, entry{text: plainMean(*bits, c.bits, 3)})
	case c.bits != nil:
		line = append(line, entry{text: absent})
	}
	return line
}

// guess is the line of a baseline.
func (c languageColumns) guess(name string, guess report.Guess) []entry {
	one := func(x float64) metrics.Summary { return metrics.Summary{N: 1, Mean: x} }
	var bits *metrics.Summary
	if guess.BitsPerByte > 0 {
		known := one(guess.BitsPerByte)
		bits = &known
	}
	line := append([]entry{{}, {text: name}, {text: absent}}, c.line(one(guess.Accuracy), one(guess.Perplexity), bits)...)
	const accuracy = 3 // column
	if guess.Accuracy > 0 && strings.HasPrefix(line[accuracy].text, "0.0") {
		line[accuracy].text = strings.Replace(line[accuracy].text, "0.0", "<0.1", 1)
	}
	return line
}

// narrowLanguage has one arm a line where there is no room for several.
func narrowLanguage(g grid, width int) grid {
	const arms = 1 // column
	if len(g.rows) == 0 || g.width() <= width {
		return g
	}
	for _, row := range g.rows {
		var lines []string
		for arm := range strings.SplitSeq(row[arms].text, armsBetween) {
			lines = append(lines, wrapName(arm)...)
		}
		row[arms].text = strings.Join(lines, "\n")
	}
	return g
}

// armsBetween stands between the names of arms.
const armsBetween = ", "

// plainMean writes mean ± sd with so many decimals, lined up with others of its column.
func plainMean(s metrics.Summary, column []metrics.Summary, digits int) string {
	width := 0
	for _, other := range column {
		if other.N > 1 {
			width = max(width, len(decimals(other.SD, digits)))
		}
	}
	switch {
	case s.N > 1:
		return decimals(s.Mean, digits) + plusMinus + padLeft(decimals(s.SD, digits), width)
	case width > 0:
		return decimals(s.Mean, digits) + strings.Repeat(" ", cells(plusMinus)+width)
	}
	return decimals(s.Mean, digits)
}

// decimals writes a number, which may be large, with so many decimals.
func decimals(x float64, digits int) string { return strconv.FormatFloat(x, 'f', digits, 64) }

// languageValue is one number of a language model for programs.
type languageValue struct {
	metric string
	metrics.Summary
}

// languageValues are those of a language model, as fractions, under names that begin
// with its task; baselines have no spread.
func languageValues(m *report.LanguageModel) []languageValue {
	values := []languageValue{{"accuracy", m.Accuracy}, {"perplexity", m.Perplexity}}
	if m.BitsPerByte != nil {
		values = append(values, languageValue{"bits_per_byte", *m.BitsPerByte})
	}
	for _, guess := range []struct {
		name string
		report.Guess
	}{{"unigram_", m.Unigram}, {"chance_", m.Chance}} {
		one := func(x float64) metrics.Summary { return metrics.Summary{N: 1, Mean: x} }
		values = append(values, languageValue{guess.name + "accuracy", one(guess.Accuracy)}, languageValue{guess.name + "perplexity", one(guess.Perplexity)})
		if m.BitsPerByte != nil {
			values = append(values, languageValue{guess.name + "bits_per_byte", one(guess.BitsPerByte)})
		}
	}
	for i := range values {
		values[i].metric = m.Task + "_" + values[i].metric
	}
	return values
}
