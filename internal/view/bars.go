package view

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"sslpipe/internal/run"
)

// maxBars is the number of running units that have a line; the line of the
// whole run counts the others too.
const maxBars = 8

// refresh is how often the bars are drawn.
const refresh = 200 * time.Millisecond

// bars shows progress on a terminal: a line for each running unit, one for the
// run, and above them a line for each stage that is through. mpb places and
// redraws the lines; what they say comes from the board.
type bars struct {
	progress  *Progress
	container *mpb.Progress
	units     map[string]*mpb.Bar
	all       *mpb.Bar
	order     int
}

func newBars(w io.Writer, p *Progress, options ...mpb.ContainerOption) *bars {
	options = append([]mpb.ContainerOption{mpb.WithOutput(w), mpb.WithRefreshRate(refresh)}, options...)
	b := &bars{
		progress:  p,
		container: mpb.New(options...),
		units:     map[string]*mpb.Bar{},
	}
	b.all = b.add(math.MaxInt, func(width int, now time.Time) string { return p.board.line(width, now) })
	return b
}

// add makes a line that is drawn from the board, under its lock.
func (b *bars) add(priority int, draw func(width int, now time.Time) string) *mpb.Bar {
	filler := mpb.BarFillerFunc(func(w io.Writer, stat decor.Statistics) error {
		b.progress.mu.Lock()
		defer b.progress.mu.Unlock()
		if b.progress.board.started.IsZero() {
			return nil
		}
		// A full line makes some terminals wrap; the clock runs on between events.
		_, err := io.WriteString(w, draw(stat.AvailableWidth-1, time.Now()))
		return err
	})
	return b.container.MustAdd(0, filler, mpb.BarPriority(priority), mpb.BarFillerTrim())
}

func (b *bars) changed(e run.Event) {
	switch e.Type {
	case run.UnitResumed:
		b.note(e.Unit + " continues where it was interrupted")
	case run.UnitFinished:
		b.drop(e.Unit)
		if line := b.stageLine(e); line != "" {
			b.note(line)
		}
	case run.UnitInterrupted:
		b.drop(e.Unit)
	case run.UnitFailed:
		b.drop(e.Unit)
		b.note(e.Unit + " failed after " + secondsText(e.Seconds))
	}
	b.fill()
}

// fill gives lines to running units while there is room.
func (b *bars) fill() {
	b.progress.mu.Lock()
	running := slices.Clone(b.progress.board.running)
	b.progress.mu.Unlock()
	for _, unit := range running {
		if len(b.units) >= maxBars {
			return
		}
		if b.units[unit.address] != nil {
			continue
		}
		b.order++
		b.units[unit.address] = b.add(b.order, func(width int, now time.Time) string {
			return unit.line(b.progress.board.nameWidth(), width, now)
		})
	}
}

func (b *bars) drop(unit string) {
	if line := b.units[unit]; line != nil {
		line.Abort(true)
		delete(b.units, unit)
	}
}

// stageLine tells of a stage when its last unit is done.
func (b *bars) stageLine(e run.Event) string {
	b.progress.mu.Lock()
	defer b.progress.mu.Unlock()
	s := b.progress.board.stage(e.Unit)
	if s.waiting > 0 {
		return ""
	}
	return fmt.Sprintf("%s: %s run in %s", stageOf(e.Unit), plural(s.ran, "unit"), duration(e.Time.Sub(s.first)))
}

func (b *bars) note(line string) {
	// The container refuses lines only after close, when there is none to show.
	_, _ = b.container.Write([]byte(line + "\n"))
}

func (b *bars) close() {
	for unit := range b.units {
		b.drop(unit)
	}
	b.all.Abort(true)
	b.container.Wait()
}
