package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// Report writes what a run found for a terminal or a plain text file: for each
// evaluation and test set the accuracy and its differences, language models, the
// other scores and the labels saved; then what the arms cost, what they share with
// the test set, the protocol and the warnings.
func Report(w io.Writer, r *report.Report, s Style) error {
	for i := range r.Evaluations {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := writeEvaluation(w, &r.Evaluations[i], s); err != nil {
			return err
		}
	}
	return nil
}

func writeEvaluation(w io.Writer, e *report.Evaluation, s Style) error {
	for i := range e.Sets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := writeSet(w, e, &e.Sets[i], s); err != nil {
			return err
		}
	}
	if err := writeParts(w, costGrid(e).narrowed(s.width()), s); err != nil {
		return err
	}
	if err := writeLeaks(w, e, s); err != nil {
		return err
	}
	return writeNotes(w, protocolOf(e), warningsOf(e), s)
}

func writeSet(w io.Writer, e *report.Evaluation, set *report.TestSet, s Style) error {
	title := setTitle(e, set)
	for _, line := range wrap(title, s.width()) {
		fmt.Fprintln(w, s.paint(bold, line))
	}
	fmt.Fprintln(w, strings.Repeat("═", min(s.width(), cells(title))))
	accuracy := accuracyOf(set)
	if accuracy == nil {
		return nil
	}
	if err := writeComparison(w, accuracy, s); err != nil {
		return err
	}
	if err := writeParts(w, narrowLanguage(languageGrid(set), s.width()), s); err != nil {
		return err
	}
	for _, g := range []grid{scoresGrid(set), savingsGrid(e, set, false)} {
		if err := writeParts(w, g.narrowed(s.width()), s); err != nil {
			return err
		}
	}
	for _, line := range crossovers(e, set) {
		fmt.Fprintln(w, strings.Join(hang("", line, s.width()), "\n"))
	}
	return nil
}

func writeLeaks(w io.Writer, e *report.Evaluation, s Style) error {
	g := leaksGrid(e, false)
	if len(e.Leaks) > 0 && len(g.rows) == 0 {
		_, err := fmt.Fprintln(w, "\n"+strings.Join(wrap(noLeaks(e), s.width()), "\n"))
		return err
	}
	// The parts are phrases, the sets are names.
	for _, row := range g.rows {
		row[0].text = strings.Join(wrap(row[0].text, max(maxName, s.width()-38)), "\n")
	}
	return writeParts(w, g.breakNames(1), s)
}

// writeComparison writes means by label budget and arm and the differences from
// the baseline. The best arm of a row is bold where the style allows. Tables that
// are wider than the style are split.
func writeComparison(w io.Writer, c *metrics.Comparison, s Style) error {
	for i, part := range summaryGrid(c).split(s.width()) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := part.writeTerminal(w, s); err != nil {
			return err
		}
	}
	return writeParts(w, fittingDifferences(c, s.width()), s)
}

// fittingDifferences is the table of differences with as much as the width has
// room for: columns go before lines are broken.
func fittingDifferences(c *metrics.Comparison, width int) grid {
	details := []differenceDetail{{n: true, holm: true}, {n: true}, {holm: true}, {}}
	for _, least := range []int{100, len(metrics.NotDistinguishable)} {
		for _, detail := range details {
			g := differenceGrid(c, detail).breakNames(1).wrapLast(width, least)
			if g.width() <= width {
				return g
			}
		}
	}
	return differenceGrid(c, differenceDetail{repeat: true}).breakNames(1).wrapLast(width, len(metrics.NotDistinguishable))
}

// writeParts writes a grid, if it has rows, in parts that fit, each behind an
// empty line.
func writeParts(w io.Writer, g grid, s Style) error {
	if len(g.rows) == 0 {
		return nil
	}
	for _, part := range g.split(s.width()) {
		fmt.Fprintln(w)
		if err := part.writeTerminal(w, s); err != nil {
			return err
		}
	}
	return nil
}

func writeNotes(w io.Writer, protocol, warnings []string, s Style) error {
	var lines []string
	for _, line := range protocol {
		lines = append(lines, hang("- ", line, s.width())...)
	}
	for _, warning := range warnings {
		wrapped := hang("Warning: ", warning, s.width())
		wrapped[0] = s.paint(yellow, "Warning:") + strings.TrimPrefix(wrapped[0], "Warning:")
		lines = append(lines, wrapped...)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\n"+strings.Join(lines, "\n")+"\n")
	return err
}
