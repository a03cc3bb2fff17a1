package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/renderer"

	"sslpipe/internal/report"
)

// ReportMarkdown writes what [Report] does as Markdown for GitHub, with every
// column of the differences.
func ReportMarkdown(w io.Writer, r *report.Report) error {
	m := &markdown{}
	m.heading(1, r.Pipeline.Name)
	if r.Pipeline.Description != "" {
		m.paragraph(r.Pipeline.Description)
	}
	for i := range r.Evaluations {
		m.evaluation(&r.Evaluations[i])
	}
	if m.err != nil {
		return m.err
	}
	_, err := io.WriteString(w, strings.TrimLeft(m.text.String(), "\n"))
	return err
}

// markdown collects a document; each part is behind an empty line.
type markdown struct {
	text strings.Builder
	err  error
}

func (m *markdown) evaluation(e *report.Evaluation) {
	for i := range e.Sets {
		set := &e.Sets[i]
		m.heading(2, setTitle(e, set))
		if c := accuracyOf(set); c != nil {
			m.grid(summaryGrid(c))
			m.grid(differenceGrid(c, allDifferences))
		}
		m.grid(languageGrid(set))
		m.grid(scoresGrid(set))
		m.grid(savingsGrid(e, set, true))
		m.list("", crossovers(e, set))
	}
	m.grid(costGrid(e))
	if leaks := leaksGrid(e, false); len(leaks.rows) > 0 {
		m.grid(leaks)
	} else if len(e.Leaks) > 0 {
		m.paragraph(noLeaks(e))
	}
	m.list("", protocolOf(e))
	m.list("**Warning:** ", warningsOf(e))
}

func (m *markdown) heading(level int, text string) {
	fmt.Fprintf(&m.text, "\n%s %s\n", strings.Repeat("#", level), escapeMarkdown(text))
}

func (m *markdown) paragraph(text string) { fmt.Fprintf(&m.text, "\n%s\n", escapeMarkdown(text)) }

func (m *markdown) list(mark string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintln(&m.text)
	}
	for _, line := range lines {
		fmt.Fprintf(&m.text, "- %s%s\n", mark, escapeMarkdown(line))
	}
}

func (m *markdown) grid(g grid) {
	if len(g.rows) == 0 || m.err != nil {
		return
	}
	fmt.Fprintln(&m.text)
	m.err = g.writeMarkdown(&m.text)
}

// writeMarkdown writes the grid as a GitHub-flavoured table.
func (g grid) writeMarkdown(w io.Writer) error {
	headers := make([]string, len(g.columns))
	for i, c := range g.columns {
		headers[i] = escapeMarkdown(c.header)
	}
	text, err := g.render(renderer.NewMarkdown(), headers, func(e entry) string {
		text := escapeMarkdown(e.text)
		if e.strong {
			return "**" + strings.TrimSpace(text) + "**"
		}
		return text
	})
	if err != nil {
		return err
	}
	return writeLines(w, escapeMarkdown(g.title)+"\n", text)
}

// escapeMarkdown keeps a cell one cell, and names with underscores as they are.
// An ampersand could begin the name of a character, a bracket a link.
var escapeMarkdown = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "\n", " ", "_", `\_`, "*", `\*`, "<", `\<`, "&", `\&`, "`", "\\`", "](", `]\(`,
).Replace
