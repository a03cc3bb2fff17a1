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
	g := grid{
		title: "Language models on test texts, mean ± sd over encoders",
		columns: []column{{header: "task", left: true}, {header: "encoder of", left: true}, {header: "n"},
			{header: "accuracy %"}, {header: "perplexity ↓"}},
		lead: 2,
	}
	bits := languageHasBits(set)
	if bits {
		g.columns = append(g.columns, column{header: "bits per byte ↓"})
	}
	task := ""
	for i := range set.Language {
		m := &set.Language[i]
		g.rows = append(g.rows, languageLine(set, m, bits))
		if m.Task == task {
			g.rows[len(g.rows)-1][0].text = ""
		}
		task = m.Task
		if last := i == len(set.Language)-1; last || !m.SameBaselines(&set.Language[i+1]) {
			g.rows = append(g.rows, guessLine("(unigram)", m.Unigram, bits), guessLine("(chance)", m.Chance, bits))
		}
	}
	return g
}

func languageHasBits(set *report.TestSet) bool {
	for _, m := range set.Language {
		if m.BitsPerByte != nil {
			return true
		}
	}
	return false
}

// languageLine lines up the ± of its numbers with those of the other models.
func languageLine(set *report.TestSet, m *report.LanguageModel, bits bool) []entry {
	var accuracies, perplexities, all []metrics.Summary
	for _, other := range set.Language {
		accuracies, perplexities = append(accuracies, other.Accuracy), append(perplexities, other.Perplexity)
		if other.BitsPerByte != nil {
			all = append(all, *other.BitsPerByte)
		}
	}
	percent := scale{percent: true}
	line := []entry{{text: m.Task}, {text: strings.Join(m.Arms, ", ")}, {text: strconv.Itoa(m.Accuracy.N)},
		{text: percent.meanCell(m.Accuracy, percent.sdWidth(accuracies))},
		{text: plainMean(m.Perplexity, perplexities, 1)}}
	switch {
	case bits && m.BitsPerByte != nil:
		line = append(line, entry{text: plainMean(*m.BitsPerByte, all, 3)})
	case bits:
		line = append(line, entry{text: absent})
	}
	return line
}

// guessLine is that of a baseline.
func guessLine(name string, guess report.Guess, bits bool) []entry {
	line := []entry{{}, {text: name}, {text: absent}, {text: scale{percent: true}.value(guess.Accuracy)}, {text: decimals(guess.Perplexity, 1)}}
	switch {
	case bits && guess.BitsPerByte > 0:
		line = append(line, entry{text: decimals(guess.BitsPerByte, 3)})
	case bits:
		line = append(line, entry{text: absent})
	}
	return line
}

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
