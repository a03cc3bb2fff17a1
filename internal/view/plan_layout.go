package view

import (
	"fmt"
	"io"
	"strings"
)

// widestName is the width up to which names stand beside what is said of them.
const widestName = 36

// planLayout are the widths of a plan's columns; 0 leaves one out.
type planLayout struct {
	name, status, units, each int
}

// writePlanRows lines rows up below a header. A name that is too long gets a line
// of its own.
func writePlanRows(w io.Writer, header planRow, rows []planRow, s Style) {
	var l planLayout
	for _, row := range rows {
		if width := cells(row.name); width <= widestName {
			l.name = max(l.name, width)
		}
		l.status = max(l.status, cells(row.status))
		l.units = max(l.units, cells(row.units))
		l.each = max(l.each, cells(row.each))
	}
	for width, title := range map[*int]string{&l.name: header.name, &l.status: header.status, &l.units: header.units, &l.each: header.each} {
		if *width > 0 {
			*width = max(*width, cells(title))
		}
	}
	fmt.Fprintf(w, "\n%s%s\n%s\n", l.prefix(header, s), header.why, strings.Repeat("─", s.width()))
	for _, row := range rows {
		if cells(row.name) > l.name {
			fmt.Fprintln(w, row.name)
			row.name = ""
		}
		for _, line := range hang(l.prefix(row, s), row.why, s.width()) {
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
	}
}

// prefix is all of a row but its reasons.
func (l planLayout) prefix(row planRow, s Style) string {
	status := row.status
	if row.strong {
		status = s.paint(bold, status)
	}
	text := padRight(status, l.status) + "  "
	if l.name > 0 {
		text = padRight(row.name, l.name) + "  " + text
	}
	if l.units > 0 {
		text += padLeft(row.units, l.units) + "  "
	}
	if l.each > 0 {
		text += padLeft(row.each, l.each) + "  "
	}
	return text
}
