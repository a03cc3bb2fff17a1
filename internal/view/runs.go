package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"sslpipe/internal/run"
)

// Runs lists runs, one a line, with how they ended.
func Runs(w io.Writer, past []run.Past, s Style) error {
	if len(past) == 0 {
		_, err := fmt.Fprintln(w, "There are no runs here yet.")
		return err
	}
	g := grid{columns: []column{
		{header: "run", left: true}, {header: "state", left: true}, {header: "units"}, {header: "cached"}, {header: "took"},
	}}
	for _, p := range past {
		line := []entry{{text: p.Name}, {text: stateOf(p)}, {text: absent}, {text: absent}, {text: absent}}
		if p.Finished {
			line[2].text = fmt.Sprintf("%d of %d", p.Counts.Cached+p.Counts.Executed, p.Counts.Units-p.Counts.LeftOut)
			line[3].text = fmt.Sprint(p.Counts.Cached)
			line[4].text = duration(time.Duration(p.Seconds * float64(time.Second)))
		}
		g.rows = append(g.rows, line)
	}
	return g.writeTerminal(w, s)
}

// stateOf says how a run ended.
func stateOf(p run.Past) string {
	switch {
	case p.Imported:
		return "imported"
	case !p.Finished:
		return "unfinished"
	case p.Error == "":
		return "done"
	case strings.HasPrefix(p.Error, "interrupted"):
		return "interrupted"
	}
	return "failed"
}
