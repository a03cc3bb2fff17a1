package view

import (
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// The colours of lines that a difference takes away and adds.
const (
	removed = "31"
	added   = "32"
)

// TextDiff writes what makes the text of a file into another, as a unified diff;
// nothing if they are the same. Control characters are replaced for a terminal
// only, so that a diff in a pipe can be applied.
func TextDiff(w io.Writer, path string, before, after []byte, s Style) error {
	text := string(diff.Diff(path+".orig", before, path, after))
	if s.Terminal || s.Color {
		text = s.paintDiff(printable(text))
	}
	_, err := io.WriteString(w, text)
	return err
}

func (s Style) paintDiff(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		body := strings.TrimSuffix(line, "\n")
		attribute := ""
		switch {
		case i < 3: // the names of the files
			attribute = bold
		case strings.HasPrefix(line, "-"):
			attribute = removed
		case strings.HasPrefix(line, "+"):
			attribute = added
		default:
			continue
		}
		lines[i] = s.paint(attribute, body) + line[len(body):]
	}
	return strings.Join(lines, "")
}
