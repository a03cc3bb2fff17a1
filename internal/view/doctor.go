package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/doctor"
)

// Doctor writes what was found on a machine, a finding a line with what to do below it,
// and at the end how it stands.
func Doctor(w io.Writer, r doctor.Report, s Style) error {
	width := 0
	for _, f := range r.Findings {
		width = max(width, cells(f.About))
	}
	var text strings.Builder
	for _, f := range r.Findings {
		lead := fmt.Sprintf("%-6s%-*s", f.State, width+2, f.About)
		lines := hang(lead, f.Text, s.width())
		if f.Help != "" {
			lines = append(lines, hang(strings.Repeat(" ", cells(lead))+"> ", f.Help, s.width())...)
		}
		text.WriteString(strings.Join(lines, "\n") + "\n")
	}
	text.WriteString("\n" + doctorVerdict(r) + "\n")
	_, err := io.WriteString(w, text.String())
	return err
}

func doctorVerdict(r doctor.Report) string {
	if r.Healthy() {
		return "Nothing is in the way of what was asked for."
	}
	return "Not all that was asked for works: see what is bad, and what to do behind >."
}
