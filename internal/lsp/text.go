package lsp

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// text is a source with its lines, to go between the offsets of HCL, which count
// bytes, and the positions of editors, which count UTF-16 units.
type text struct {
	src   []byte
	lines []int // offsets at which lines begin
}

func newText(src []byte) *text {
	t := &text{src: src, lines: []int{0}}
	for i, b := range src {
		if b == '\n' || b == '\r' && (i+1 == len(src) || src[i+1] != '\n') {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// lineEnd returns the offset of the end of a line, without its line break.
func (t *text) lineEnd(line int) int {
	end := len(t.src)
	if line+1 < len(t.lines) {
		end = t.lines[line+1]
	}
	for end > t.lines[line] && (t.src[end-1] == '\n' || t.src[end-1] == '\r') {
		end--
	}
	return end
}

// restOfLine is what follows an offset on its line, without space around it.
func (t *text) restOfLine(offset int) string {
	return strings.TrimSpace(string(t.src[offset:t.lineEnd(t.position(offset).Line)]))
}

// offset returns the place of a position in bytes. A position behind the end of
// its line is the end of the line, one behind the last line that of the file.
func (t *text) offset(p position) int {
	switch {
	case p.Line < 0:
		return 0
	case p.Line >= len(t.lines):
		return len(t.src)
	}
	at, end := t.lines[p.Line], t.lineEnd(p.Line)
	for units := 0; at < end && units < p.Character; {
		r, size := utf8.DecodeRune(t.src[at:end])
		units += units16(r)
		at += size
	}
	return at
}

// position returns the position of an offset in bytes.
func (t *text) position(offset int) position {
	offset = min(max(offset, 0), len(t.src))
	line := sort.SearchInts(t.lines, offset+1) - 1
	p := position{Line: line}
	for at := t.lines[line]; at < offset; {
		r, size := utf8.DecodeRune(t.src[at:])
		p.Character += units16(r)
		at += size
	}
	return p
}

// units16 is how many UTF-16 units a character has.
func units16(r rune) int {
	if r > 0xFFFF {
		return 2
	}
	return 1
}

func (t *text) span(start, end int) span {
	return span{Start: t.position(start), End: t.position(max(start, end))}
}

// slice is the text of a range; "" for ranges that HCL made up after an error.
func (t *text) slice(r hcl.Range) string {
	if !r.CanSliceBytes(t.src) {
		return ""
	}
	return string(r.SliceBytes(t.src))
}

func (t *text) rangeSpan(r hcl.Range) span { return t.span(r.Start.Byte, r.End.Byte) }

// pos returns an offset as HCL writes it: lines from 1, columns in characters as
// people see them.
func (t *text) pos(offset int) hcl.Pos {
	line := t.position(offset).Line
	pos := hcl.Pos{Line: line + 1, Column: 1, Byte: offset}
	whole := func(data []byte, _ bool) (int, []byte, error) { return len(data), data, nil }
	if s := hcl.NewRangeScanner(t.src[t.lines[line]:offset], "", whole); s.Scan() {
		pos.Column = s.Range().End.Column
	}
	return pos
}
