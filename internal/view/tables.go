package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"sslpipe/internal/metrics"
)

// Table writes the comparison for a terminal or a plain text file: means by
// label budget and arm, differences from the baseline, protocol and warnings.
// The best arm of a row is bold where the style allows. Tables that are wider
// than the style are split.
func Table(w io.Writer, c *metrics.Comparison, s Style) error {
	for i, g := range summaryGrid(c).split(s.width()) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := g.writeTerminal(w, s); err != nil {
			return err
		}
	}
	if len(differences(c)) > 0 {
		g := differenceGrid(c, severalTested(c), false).breakNames(1)
		if g.width() > s.width() && severalTested(c) {
			g = differenceGrid(c, false, false).breakNames(1)
		}
		fmt.Fprintln(w)
		if err := g.writeTerminal(w, s); err != nil {
			return err
		}
	}
	return writeNotes(w, c, s)
}

func writeNotes(w io.Writer, c *metrics.Comparison, s Style) error {
	var lines []string
	for _, line := range c.Protocol {
		lines = append(lines, hang("- ", line, s.width())...)
	}
	for _, warning := range c.Warnings {
		wrapped := hang("Warning: ", warning.String(), s.width())
		wrapped[0] = s.paint(yellow, "Warning:") + strings.TrimPrefix(wrapped[0], "Warning:")
		lines = append(lines, wrapped...)
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\n"+strings.Join(lines, "\n")+"\n")
	return err
}

// split cuts a grid into grids that fit, each with the first column. A column
// that does not fit alone stays whole.
func (g grid) split(width int) []grid {
	if g.width() <= width || len(g.columns) < 3 {
		return []grid{g}
	}
	first := g.columnWidth(0)
	var parts []grid
	for start := 1; start < len(g.columns); {
		end, used := start, first
		for end < len(g.columns) && (end == start || used+2+g.columnWidth(end) <= width) {
			used += 2 + g.columnWidth(end)
			end++
		}
		parts = append(parts, g.take(start, end))
		start = end
	}
	for i := range parts[1:] {
		parts[i+1].title = "(continued)"
	}
	return parts
}

// take is the grid of column 0 and the columns [start, end).
func (g grid) take(start, end int) grid {
	part := grid{title: g.title, columns: append([]column{g.columns[0]}, g.columns[start:end]...)}
	for _, row := range g.rows {
		part.rows = append(part.rows, append([]entry{row[0]}, row[start:end]...))
	}
	return part
}

// breakNames wraps the long names of one column.
func (g grid) breakNames(column int) grid {
	for _, row := range g.rows {
		row[column].text = strings.Join(wrapName(row[column].text, maxName), "\n")
	}
	return g
}

// Markdown writes the comparison to paste into a report.
func Markdown(w io.Writer, c *metrics.Comparison) error {
	if err := summaryGrid(c).writeMarkdown(w); err != nil {
		return err
	}
	if len(differences(c)) > 0 {
		fmt.Fprintln(w)
		if err := differenceGrid(c, severalTested(c), true).writeMarkdown(w); err != nil {
			return err
		}
	}
	var lines []string
	for _, line := range c.Protocol {
		lines = append(lines, "- "+escapeMarkdown(line))
	}
	for _, warning := range c.Warnings {
		lines = append(lines, "- **Warning:** "+escapeMarkdown(warning.String()))
	}
	if len(lines) == 0 {
		return nil
	}
	_, err := io.WriteString(w, "\n"+strings.Join(lines, "\n")+"\n")
	return err
}

// csvHeader names the columns of [CSV]. Scores, differences and intervals are
// fractions, not percent.
var csvHeader = []string{
	"metric", "labels_per_class", "arm", "n", "groups", "mean", "sd", "best",
	"baseline", "difference", "ci95_low", "ci95_high", "p", "p_exact", "p_holm", "pairs", "clusters", "verdict", "pretrain_seconds",
}

// CSV writes one line per label budget and arm with every number at full
// precision. What does not exist is empty; labels_per_class is "all" for all
// labels.
func CSV(w io.Writer, c *metrics.Comparison) error {
	out := csv.NewWriter(w)
	lines := [][]string{csvHeader}
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			lines = append(lines, csvLine(c, row.Labels, cell))
		}
	}
	if err := out.WriteAll(lines); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

func csvLine(c *metrics.Comparison, labels int, cell metrics.Cell) []string {
	line := make([]string, len(csvHeader))
	copy(line, []string{c.Metric, labelsCell(labels), cell.Arm, strconv.Itoa(cell.N), strconv.Itoa(cell.Groups)})
	if cell.N > 0 {
		line[5] = exact(cell.Mean)
		line[7] = strconv.FormatBool(cell.Best)
	}
	if cell.N > 1 {
		line[6] = exact(cell.SD)
	}
	if seconds, ok := c.Seconds[cell.Arm]; ok {
		line[18] = exact(seconds)
	}
	d := cell.Difference
	if d == nil {
		return line
	}
	line[8], line[9] = c.Baseline, exact(d.Mean)
	if d.Interval != nil {
		line[10], line[11] = exact(d.Interval.Lo), exact(d.Interval.Hi)
		line[12], line[13], line[14] = exact(d.Test.P), strconv.FormatBool(d.Test.Exact), exact(d.Holm)
	}
	line[15], line[16], line[17] = strconv.Itoa(d.Pairs), strconv.Itoa(d.Clusters), string(d.Verdict())
	return line
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
