package view

import (
	"slices"
	"strings"
	"time"

	"sslpipe/internal/plan"
)

// board is where a run stands, as far as events have told. It prints nothing
// and reads no clock: every time comes from an event or from its caller.
type board struct {
	started  time.Time
	total    int
	cached   int
	ran      int
	failed   int
	leftOut  int // and not counted in total
	diverged int // came out other than before
	blocked  int
	stages   map[string]*stageBoard
	running  []*unitBoard // in the order in which they started
	// elsewhere are the units that other machines run, with who does.
	elsewhere map[string]string
}

// stageBoard counts the units of one stage.
type stageBoard struct {
	waiting int // neither cached nor finished; running ones included
	ran     int
	work    time.Duration // of the units that ran
	first   time.Time     // when the first one started
}

// unitBoard is a running unit. The base is where its present count of steps
// began: a resumed unit starts in the middle, and a unit may count several
// things one after the other.
type unitBoard struct {
	address  string
	stage    string
	started  time.Time
	seen     time.Time // of progress
	progress plan.Progress
	base     int
	baseTime time.Time
}

func newBoard(units []*plan.Unit) *board {
	b := &board{total: len(units), stages: map[string]*stageBoard{}, elsewhere: map[string]string{}}
	for _, u := range units {
		name := stageOf(u.Address)
		if b.stages[name] == nil {
			b.stages[name] = &stageBoard{}
		}
		b.stages[name].waiting++
	}
	return b
}

// stageOf is a unit's address without its coordinates.
func stageOf(address string) string {
	name, _, _ := strings.Cut(address, "[")
	return name
}

func (b *board) stage(address string) *stageBoard {
	name := stageOf(address)
	if b.stages[name] == nil {
		b.stages[name] = &stageBoard{}
	}
	return b.stages[name]
}

func (b *board) unit(address string) *unitBoard {
	i := slices.IndexFunc(b.running, func(u *unitBoard) bool { return u.address == address })
	if i < 0 {
		return nil
	}
	return b.running[i]
}

func (b *board) hit(address string) {
	delete(b.elsewhere, address)
	b.cached++
	b.stage(address).waiting--
}

// leave takes a unit out of what there is to do.
func (b *board) leave(address string) {
	b.leftOut++
	b.total--
	b.stage(address).waiting--
}

func (b *board) start(address string, now time.Time) {
	if b.unit(address) != nil {
		return
	}
	delete(b.elsewhere, address)
	b.running = append(b.running, &unitBoard{address: address, stage: stageOf(address), started: now, seen: now, baseTime: now})
	if s := b.stage(address); s.first.IsZero() {
		s.first = now
	}
}

// advance takes the report of a running unit.
func (b *board) advance(address string, p plan.Progress, now time.Time) {
	u := b.unit(address)
	if u == nil {
		return
	}
	if u.seen.Equal(u.started) || p.Step < u.progress.Step || p.Total != u.progress.Total {
		u.base, u.baseTime = p.Step, now
	}
	u.progress, u.seen = p, now
}

// finish counts a unit that ran to its end.
func (b *board) finish(address string, now time.Time) {
	s := b.stage(address)
	if u := b.unit(address); u != nil {
		s.work += now.Sub(u.started)
	}
	b.remove(address)
	b.ran++
	s.ran++
	s.waiting--
}

// fail counts a unit that ended with an error.
func (b *board) fail(address string) {
	b.remove(address)
	b.failed++
}

// remove takes a unit off the running ones.
func (b *board) remove(address string) {
	b.running = slices.DeleteFunc(b.running, func(u *unitBoard) bool { return u.address == address })
}

func (b *board) done() int { return b.cached + b.ran }

// left estimates the rest of a unit's present count from its own pace.
func (u *unitBoard) left(now time.Time) (time.Duration, bool) {
	steps := u.progress.Step - u.base
	if steps <= 0 || u.progress.Total <= 0 || !u.seen.After(u.baseTime) {
		return 0, false
	}
	pace := u.seen.Sub(u.baseTime) / time.Duration(steps)
	rest := time.Duration(u.progress.Total-u.progress.Step)*pace - now.Sub(u.seen)
	return max(rest, 0), true
}

// left estimates the rest of the run: what running units say of themselves, for
// the others what units of their stage took, over as many as run at once. It is
// unknown while a stage has no unit to go by.
func (b *board) left(now time.Time) (time.Duration, bool) {
	if len(b.running) == 0 {
		return 0, false
	}
	var work time.Duration
	typical := map[string]time.Duration{}
	waiting := map[string]int{}
	for name, s := range b.stages {
		waiting[name] = s.waiting
		if s.ran > 0 {
			typical[name] = s.work / time.Duration(s.ran)
		}
	}
	for _, u := range b.running {
		waiting[u.stage]--
		rest, ok := u.left(now)
		if mean, known := typical[u.stage]; known && !ok {
			rest, ok = max(mean-now.Sub(u.started), 0), true
		}
		if !ok {
			return 0, false
		}
		work += rest
		if _, known := typical[u.stage]; !known {
			typical[u.stage] = now.Sub(u.started) + rest
		}
	}
	for name, n := range waiting {
		mean, known := typical[name]
		if n > 0 && !known {
			return 0, false
		}
		work += time.Duration(n) * mean
	}
	return work / time.Duration(len(b.running)), true
}
