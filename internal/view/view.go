// Package view is how things look: reports for a terminal, Markdown, CSV, LaTeX,
// JSON, a page and figures; progress, plans, descriptions and diagnostics.
//
// Everything is written to a writer that the caller names, in a [Style] that
// says what this writer can show: nothing here decides where output goes,
// colours a pipe, or computes a number that is not in the model it is given.
//
// A report is made of grids, tables without a format. A new format is one file
// that renders them; a new table is one function that makes a grid. What a page
// has more than tables is in html: a template, its style, and scripts that draw
// the data of page_data.go. A new view is one file with a function from data and
// writer to error.
package view

import (
	"io"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"golang.org/x/term"
)

// defaultWidth is the width of lines where no terminal says another.
const defaultWidth = 80

// Style says what a writer can show. The zero Style is plain text of 80
// columns.
type Style struct {
	Width    int  // columns; 0 means 80
	Color    bool // may use ANSI colours and bold
	Terminal bool // can redraw lines
}

// Detect looks at the writer and at the environment: only a terminal is
// coloured or redrawn, and NO_COLOR (https://no-color.org) and TERM=dumb are
// respected.
func Detect(w io.Writer, getenv func(string) string) Style {
	file, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return Style{}
	}
	dumb := getenv("TERM") == "dumb"
	s := Style{Terminal: !dumb, Color: !dumb && getenv("NO_COLOR") == ""}
	if width, _, err := term.GetSize(int(file.Fd())); err == nil {
		s.Width = width
	}
	return s
}

func (s Style) width() int {
	if s.Width <= 0 {
		return defaultWidth
	}
	return s.Width
}

// ANSI attributes that a [Style] with Color may use.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "1;33"
)

func (s Style) paint(attribute, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + attribute + "m" + text + "\x1b[0m"
}

// cells is the number of terminal columns that text takes.
func cells(text string) int { return twwidth.Width(text) }

func padLeft(text string, width int) string {
	return strings.Repeat(" ", max(0, width-cells(text))) + text
}

func padRight(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-cells(text)))
}
