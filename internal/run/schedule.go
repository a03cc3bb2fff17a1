package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
	"sslpipe/internal/plan"
)

// outcome is how a goroutine that took care of a unit ended.
type outcome struct {
	unit  *plan.Unit
	state state
	entry *artifact.Entry // when executed or cached
	made  *artifact.Entry // when executed
	err   error           // when failed
}

type state int

const (
	failed    state = iota
	executed        // here, now
	cached          // by another process, a unit with the same fingerprint, or one with the same inputs
	absent          // not stored, and left out
	busy            // another process holds the unit, with this store
	elsewhere       // another process holds it, with a store of its own
	free            // another did, and does no longer
)

// scheduler is the state of a run's units; one goroutine owns it.
type scheduler struct {
	*runner
	ctx      context.Context
	waiting  []*plan.Unit       // not started, in plan order
	place    map[*plan.Unit]int // in the plan
	held     map[string]string  // keys of units that some goroutine takes care of, by fingerprint
	free     budget
	failed   map[*plan.Unit]error
	outcomes chan outcome
}

// schedule runs units, given in plan order, and returns what failed. The first
// failure, unless the run keeps going, and the end of ctx cancel what runs and let
// nothing more start; schedule returns when all of it has ended.
func (r *runner) schedule(ctx context.Context, todo []*plan.Unit) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &scheduler{
		runner: r, ctx: ctx, waiting: slices.Clone(todo), free: r.whole(),
		place:    make(map[*plan.Unit]int, len(r.plan.Units)),
		held:     make(map[string]string),
		failed:   make(map[*plan.Unit]error),
		outcomes: make(chan outcome),
	}
	for i, u := range r.plan.Units {
		s.place[u] = i
	}
	for {
		s.start()
		if len(s.held) == 0 {
			break
		}
		o := <-s.outcomes
		s.settle(o)
		if o.state == failed && !stopped(ctx, o.err) {
			s.failed[o.unit] = o.err
			if !r.KeepGoing {
				cancel(o.err)
			}
		}
	}
	return s.ending()
}

// start starts what can start, in plan order. A unit that is ready and does not
// fit keeps what it needs of the rest of the budget: later and smaller ones could
// otherwise hold it up for ever.
func (s *scheduler) start() {
	rest := s.free
	for i := 0; i < len(s.waiting) && s.ctx.Err() == nil; {
		u := s.waiting[i]
		if !s.ready(u) {
			i++
			continue
		}
		need := s.need(u)
		if !rest.holds(need) {
			rest = rest.promised(need)
			i++
			continue
		}
		j, err := s.job(u)
		if s.underWay(j.key) {
			i++
			continue
		}
		rest, s.free = rest.less(need), s.free.less(need)
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.held[u.Fingerprint] = j.key
		go func() {
			if err != nil {
				s.outcomes <- outcome{unit: u, err: err}
				return
			}
			s.outcomes <- s.attempt(s.ctx, j)
		}()
	}
}

// ready says whether a unit's inputs are stored and no unit with the same
// fingerprint is under way, whose result will be its own.
func (s *scheduler) ready(u *plan.Unit) bool {
	if _, held := s.held[u.Fingerprint]; held {
		return false
	}
	for _, inputs := range u.Inputs {
		for _, in := range inputs {
			if s.result.Entries[in.Address] == nil {
				return false
			}
		}
	}
	return true
}

// underWay tells whether the same work on the same content is being done, of which
// the result can then be adopted.
func (s *scheduler) underWay(key string) bool {
	for _, other := range s.held {
		if key != "" && other == key {
			return true
		}
	}
	return false
}

func (s *scheduler) settle(o outcome) {
	if o.state != free {
		s.free = s.free.plus(s.need(o.unit))
	}
	switch o.state {
	case busy: // it takes nothing while it waits
		go func() { s.outcomes <- s.waitFor(s.ctx, o.unit) }()
		return
	case elsewhere:
		go func() { s.outcomes <- s.waitElsewhere(s.ctx, o.unit) }()
		return
	case free:
		at, _ := slices.BinarySearchFunc(s.waiting, o.unit, func(a, b *plan.Unit) int { return s.place[a] - s.place[b] })
		s.waiting = slices.Insert(s.waiting, at, o.unit)
	case executed:
		s.result.Entries[o.unit.Address] = o.entry
		s.result.Made[o.unit.Address] = o.made
		s.result.Executed++
	case cached:
		s.result.Entries[o.unit.Address] = o.entry
		s.result.Cached++
		s.record.emit(Event{Type: UnitCached, Unit: o.unit.Address, Seconds: o.entry.Seconds})
	}
	delete(s.held, o.unit.Fingerprint)
}

// waitFor returns when no other process holds the unit, or ctx has ended.
func (r *runner) waitFor(ctx context.Context, u *plan.Unit) outcome {
	path := lockPath(r.Store.WorkDir(u.Fingerprint))
	told := ""
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for first := true; ctx.Err() == nil; first = false {
		lock, err := filelock.Try(path)
		if lock != nil {
			err = lock.Remove()
		}
		if lock != nil || err != nil {
			break // an error will come again, and be told, when the unit is tried
		}
		// A holder without a name has just let go, or has not said yet who it is.
		who := filelock.Holder(path)
		if who != told && (who != filelock.Unnamed || told == "" && !first) {
			told = who // again where it has been stopped since
			r.message(u, "waits: %s is running it", who)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return outcome{unit: u, state: free}
}

// job is a unit whose inputs are all there.
type job struct {
	unit   *plan.Unit
	inputs map[string][]artifact.Handle // of what it reads, by field
	key    string                       // of the same work on the same content
}

func (s *scheduler) job(u *plan.Unit) (job, error) {
	j := job{unit: u, inputs: make(map[string][]artifact.Handle, len(u.Inputs))}
	for field, units := range u.Inputs {
		for i, in := range units {
			h, err := s.Store.Handle(s.result.Entries[in.Address], u.InputOutputs[field][i])
			if err != nil {
				return j, fmt.Errorf("input %s: %w", field, err)
			}
			// Another pipeline may have stored the same work under its own names.
			h.Unit, h.Coord = in.Address, in.Coord
			j.inputs[field] = append(j.inputs[field], h)
		}
	}
	if len(u.Inputs) == 0 {
		return j, nil // its recipe says it all
	}
	var err error
	j.key, err = u.ContentKey(func(in *plan.Unit, output string) (string, error) {
		return s.result.Entries[in.Address].Content(output)
	})
	return j, err
}

// stopped says whether a unit ended because it was told to; it may say so with
// the context's error or with its cause.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

func unitError(u *plan.Unit, err error) error { return fmt.Errorf("%s: %w", u.Address, err) }
