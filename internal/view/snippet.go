package view

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
)

// maxSnippet is the number of source lines shown of one diagnostic.
const maxSnippet = 4

// tabStop is the width of a tab in a source line.
const tabStop = 4

// snippetLine is a line of a snippet; caret lines mark the line above.
type snippetLine struct {
	text  string
	caret bool
}

// snippet shows the source lines that a range covers, each with a line of ^~~~
// under the covered part. Positions are counted in terminal columns, so that
// tabs and wide characters keep the marks in place.
func snippet(source []byte, r hcl.Range, width int) []snippetLine {
	starts := lineStarts(source)
	first := r.Start.Line - 1
	if first < 0 || first >= len(starts) {
		return nil
	}
	last := min(max(first, r.End.Line-1), len(starts)-1)
	if last > first && r.End.Byte <= starts[last] {
		last-- // the range ends before the first character of its last line
	}
	gutter := len(fmt.Sprint(last+1)) + 2
	var lines []snippetLine
	for n := first; n <= last; n++ {
		if last-first >= maxSnippet && n-first >= maxSnippet-1 && n < last {
			lines = append(lines, snippetLine{text: strings.Repeat(" ", gutter) + ": ..."})
			n = last
		}
		line := lineAt(source, starts, n)
		from := clamp(r.Start.Byte-starts[n], 0, len(line))
		to := clamp(r.End.Byte-starts[n], from, len(line))
		if n > first {
			from = min(len(line)-len(bytes.TrimLeft(line, " \t")), to)
		}
		text, mark := markLine(line, from, to, max(20, width-gutter-2))
		lines = append(lines, snippetLine{text: strings.TrimRight(fmt.Sprintf("%*d: %s", gutter, n+1, text), " ")})
		if n == first || from < to {
			lines = append(lines, snippetLine{text: strings.Repeat(" ", gutter+2) + mark, caret: true})
		}
	}
	return lines
}

// markLine returns a source line as it is shown and the marks under its bytes
// [from, to). A line that is too wide is cut to the part around the first mark.
func markLine(line []byte, from, to, width int) (text, mark string) {
	var shown strings.Builder
	column, start, end := 0, -1, -1
	for i, r := range string(line) {
		if i >= from && start < 0 {
			start = column
		}
		if i >= to && end < 0 {
			end = column
		}
		piece := shownRune(r, column)
		shown.WriteString(piece)
		column += cells(piece)
	}
	if start < 0 {
		start = column
	}
	if end < 0 {
		end = column
	}
	text, cut := shown.String(), 0
	if column > width {
		text, cut = cutLine(text, start, width)
	}
	start = max(start-cut, 0)
	end = clamp(end-cut, start+1, max(start+1, width))
	return text, strings.Repeat(" ", start) + "^" + strings.Repeat("~", end-start-1)
}

// cutLine shows width columns of a long line so that column mark is inside;
// cut is the number of columns that the text moved to the left.
func cutLine(text string, mark, width int) (shown string, cut int) {
	skip := 0
	if mark > width*2/3 {
		skip = mark - width/3
	}
	if skip == 0 {
		return takeColumns(text, width-1) + "…", 0
	}
	head := takeColumns(text, skip)
	rest := "…" + text[len(head):]
	if cells(rest) > width {
		rest = takeColumns(rest, width-1) + "…"
	}
	return rest, cells(head) - 1
}

// shownRune is how a character of a source line appears at a column: tabs
// become spaces, and what could move the cursor is replaced.
func shownRune(r rune, column int) string {
	switch {
	case r == '\t':
		return strings.Repeat(" ", tabStop-column%tabStop)
	case unicode.IsControl(r):
		return "�"
	}
	return string(r)
}

// ErrorText is an error as a terminal may be told: names that it takes from
// files, archives and servers come without their control characters.
func ErrorText(err error) string { return printable(err.Error()) }

// printable replaces control characters other than line breaks: text quoted
// from a file must not reach the terminal as commands.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '�'
		}
		return r
	}, text)
}

func lineStarts(source []byte) []int {
	starts := []int{0}
	for i, b := range source {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func lineAt(source []byte, starts []int, n int) []byte {
	end := len(source)
	if n+1 < len(starts) {
		end = starts[n+1] - 1
	}
	return bytes.TrimSuffix(source[starts[n]:end], []byte("\r"))
}

func clamp(x, low, high int) int { return max(low, min(x, high)) }
