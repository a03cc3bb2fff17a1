package view

import (
	"fmt"
	"io"
	"sync"
	"time"

	"sslpipe/internal/plan"
	"sslpipe/internal/run"
)

// Progress shows a run while it happens: bars on a terminal, lines elsewhere.
// Its Handle is the runner's sink; Close must follow, also after an error.
type Progress struct {
	out     io.Writer
	mu      sync.Mutex // guards board, which the terminal's drawing reads
	board   *board
	display display
	now     time.Time // of the latest event
	closed  bool
}

// display is how a board is shown. Its methods are called one at a time and
// without the lock, since drawing takes it.
type display interface {
	// changed follows every event.
	changed(e run.Event)
	// note shows a line of text for good.
	note(line string)
	// close leaves nothing behind that moves.
	close()
}

// NewProgress shows the run of a plan on w, which should be standard error:
// bars where the style says that w is a terminal, otherwise a line per running
// unit every few seconds and one for each that ends.
func NewProgress(w io.Writer, p *plan.Plan, s Style) *Progress {
	progress := &Progress{out: w, board: newBoard(p.Units)}
	if s.Terminal {
		progress.display = newBars(w, progress)
	} else {
		progress.display = &lines{out: w, progress: progress, printed: map[string]time.Time{}}
	}
	return progress
}

// Handle takes the next event of the run.
func (p *Progress) Handle(e run.Event) {
	p.mu.Lock()
	p.now = e.Time
	elsewhere := p.board.elsewhere[e.Unit]
	p.take(e)
	done, total := p.board.done(), p.board.total
	p.mu.Unlock()
	p.display.changed(e)
	switch e.Type {
	case run.Message:
		p.display.note(join(": ", e.Unit, printable(e.Message)))
	case run.UnitElsewhere:
		p.display.note(e.Unit + ": " + printable(e.Message) + " runs it")
	case run.UnitCached:
		if elsewhere != "" {
			p.display.note(fmt.Sprintf("%s came from %s (%d of %d)", e.Unit, elsewhere, done, total))
		}
	case run.UnitDiverged:
		p.display.note(fmt.Sprintf("%s: DIVERGED from its first result, which stays the one that is used: %s", e.Unit, printable(e.Message)))
	}
}

func (p *Progress) take(e run.Event) {
	switch e.Type {
	case run.RunStarted:
		p.board.started = e.Time
	case run.UnitCached:
		p.board.hit(e.Unit)
	case run.UnitStarted, run.UnitResumed:
		p.board.start(e.Unit, e.Time)
	case run.UnitProgress:
		if e.Progress != nil {
			p.board.advance(e.Unit, *e.Progress, e.Time)
		}
	case run.UnitFinished:
		p.board.finish(e.Unit, e.Time)
	case run.UnitInterrupted:
		p.board.remove(e.Unit)
	case run.UnitFailed:
		p.board.fail(e.Unit)
	case run.UnitLeftOut:
		p.board.leave(e.Unit)
	case run.UnitElsewhere:
		p.board.elsewhere[e.Unit] = printable(e.Message)
	case run.UnitBlocked:
		p.board.blocked++
	case run.UnitDiverged:
		p.board.diverged++
	}
}

// Close ends the display and writes one line on what the run did. Closing again
// does nothing.
func (p *Progress) Close() {
	if p.closed {
		return
	}
	p.closed = true
	p.display.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.board.started.IsZero() {
		fmt.Fprintln(p.out, p.board.summary(p.now))
	}
}
