package view

import (
	"fmt"
	"io"
	"time"

	"sslpipe/internal/run"
)

// linesEvery is how often a running unit writes a line of a log.
const linesEvery = 5 * time.Second

// lines shows progress where lines cannot be redrawn.
type lines struct {
	out      io.Writer
	progress *Progress
	printed  map[string]time.Time // latest line of each running unit
}

func (l *lines) changed(e run.Event) {
	switch e.Type {
	case run.UnitStarted:
		// The first report would only say that the unit has begun.
		l.printed[e.Unit] = e.Time
	case run.UnitResumed:
		l.printed[e.Unit] = e.Time
		l.note(e.Unit + " continues where it was interrupted")
	case run.UnitProgress:
		l.report(e)
	case run.UnitFinished:
		l.end(e, fmt.Sprintf("finished in %s (%d of %d)", secondsText(e.Seconds), l.progress.board.done(), l.progress.board.total))
	case run.UnitInterrupted:
		l.end(e, "interrupted after "+secondsText(e.Seconds)+", will resume")
	case run.UnitFailed:
		l.end(e, "failed after "+secondsText(e.Seconds))
	}
}

func (l *lines) report(e run.Event) {
	unit := l.progress.board.unit(e.Unit)
	if unit == nil || e.Time.Sub(l.printed[e.Unit]) < linesEvery {
		return
	}
	l.printed[e.Unit] = e.Time
	l.note(unit.plainStatus(e.Time))
}

func (l *lines) end(e run.Event, what string) {
	delete(l.printed, e.Unit)
	l.note(e.Unit + " " + what)
}

func (l *lines) note(line string) { fmt.Fprintln(l.out, line) }

func (l *lines) close() {}

func secondsText(seconds float64) string {
	return duration(time.Duration(seconds * float64(time.Second)))
}
