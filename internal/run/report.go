package run

import (
	"fmt"
	"maps"
	"sync"
	"time"

	"sslpipe/internal/plan"
)

// progressInterval is the least time between two progress events of a unit.
const progressInterval = 100 * time.Millisecond

// reporter passes a unit's progress on: every report with values becomes a line
// of metrics.jsonl, and at most one in an interval, but always the last, an
// event. A unit may call it from several goroutines.
type reporter struct {
	record *recorder
	unit   string

	mu      sync.Mutex
	last    time.Time      // of the newest event
	pending *plan.Progress // held back since then
	closed  bool
}

func (r *reporter) report(p plan.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	p.Values = maps.Clone(p.Values) // the unit may use its map again
	if len(p.Values) > 0 {
		r.record.metrics(metricsRecord{Unit: r.unit, Step: p.Step, Total: p.Total, Values: numbers(p.Values)})
	}
	r.pending = &p
	if now := time.Now(); now.Sub(r.last) >= progressInterval {
		r.last = now
		r.flush()
	}
}

func (r *reporter) flush() {
	if r.pending != nil {
		r.record.emit(Event{Type: UnitProgress, Unit: r.unit, Progress: r.pending})
		r.pending = nil
	}
}

// close delivers what is held back; reports that come later are dropped.
func (r *reporter) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flush()
	r.closed = true
}

func (r *runner) message(u *plan.Unit, format string, args ...any) {
	r.record.emit(Event{Type: Message, Unit: u.Address, Message: fmt.Sprintf(format, args...)})
}
