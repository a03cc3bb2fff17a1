package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// outcome is how a goroutine that took care of a unit ended.
type outcome struct {
	unit  *plan.Unit
	state state
	entry *artifact.Entry // when executed or cached
	err   error           // when failed
}

type state int

const (
	failed   state = iota
	executed       // here, now
	cached         // by another process, or by a unit with the same fingerprint
	busy           // another process holds the unit
	free           // it did, and does no longer
)

// scheduler is the state of a run's units; one goroutine owns it.
type scheduler struct {
	*runner
	ctx      context.Context
	waiting  []*plan.Unit       // not started, in plan order
	place    map[*plan.Unit]int // in the plan
	held     map[string]bool    // fingerprints of units that some goroutine takes care of
	cores    int                // in use
	outcomes chan outcome
}

// schedule runs units, given in plan order, and returns what failed. The first
// failure, like the end of ctx, cancels what runs and lets nothing more start;
// schedule returns when all of it has ended.
func (r *runner) schedule(ctx context.Context, todo []*plan.Unit) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &scheduler{
		runner: r, ctx: ctx, waiting: todo,
		place:    make(map[*plan.Unit]int, len(r.plan.Units)),
		held:     make(map[string]bool),
		outcomes: make(chan outcome),
	}
	for i, u := range r.plan.Units {
		s.place[u] = i
	}
	var failures []outcome
	for {
		s.start()
		if len(s.held) == 0 {
			break
		}
		o := <-s.outcomes
		s.settle(o)
		if o.state == failed && !stopped(ctx, o.err) {
			failures = append(failures, o)
			cancel(o.err)
		}
	}
	if ctx.Err() == nil && len(s.waiting) > 0 {
		return fmt.Errorf("%s cannot start: the plan does not hold all of its inputs before it", s.waiting[0].Address)
	}
	slices.SortFunc(failures, func(a, b outcome) int { return s.place[a.unit] - s.place[b.unit] })
	var errs []error
	for _, o := range failures {
		errs = append(errs, unitError(o.unit, o.err))
	}
	return errors.Join(errs...)
}

// start starts what can start, in plan order. A unit that is ready and does not
// fit is not overtaken: later and smaller ones could hold it up for ever.
func (s *scheduler) start() {
	for i := 0; i < len(s.waiting) && s.ctx.Err() == nil; {
		u := s.waiting[i]
		if !s.ready(u) {
			i++
			continue
		}
		if s.cores > 0 && s.cores+s.weight(u) > s.Cores {
			return
		}
		s.waiting = slices.Delete(s.waiting, i, i+1)
		s.held[u.Fingerprint] = true
		s.cores += s.weight(u)
		inputs, err := s.inputs(u)
		go func() {
			if err != nil {
				s.outcomes <- outcome{unit: u, err: err}
				return
			}
			s.outcomes <- s.attempt(s.ctx, u, inputs)
		}()
	}
}

// ready says whether a unit's inputs are stored and no unit with the same
// fingerprint is under way, whose result will be its own.
func (s *scheduler) ready(u *plan.Unit) bool {
	if s.held[u.Fingerprint] {
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

// weight is the number of cores that a unit counts for. One that wants more than
// there are runs alone.
func (s *scheduler) weight(u *plan.Unit) int { return min(max(u.Threads, 1), s.Cores) }

func (s *scheduler) settle(o outcome) {
	if o.state != free {
		s.cores -= s.weight(o.unit)
	}
	switch o.state {
	case busy: // it takes no cores while it waits
		go func() { s.outcomes <- s.waitFor(s.ctx, o.unit) }()
		return
	case free:
		at, _ := slices.BinarySearchFunc(s.waiting, o.unit, func(a, b *plan.Unit) int { return s.place[a] - s.place[b] })
		s.waiting = slices.Insert(s.waiting, at, o.unit)
	case executed:
		s.result.Entries[o.unit.Address] = o.entry
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
	r.message(u, "waits for %s, which is running it", holder(path))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for ctx.Err() == nil {
		lock, err := tryLock(path)
		if lock != nil {
			err = lock.release()
		}
		if lock != nil || err != nil {
			break // an error will come again, and be told, when the unit is tried
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return outcome{unit: u, state: free}
}

// inputs are the handles of what a unit reads, by field.
func (s *scheduler) inputs(u *plan.Unit) (map[string][]artifact.Handle, error) {
	handles := make(map[string][]artifact.Handle, len(u.Inputs))
	for field, units := range u.Inputs {
		for i, in := range units {
			h, err := s.Store.Handle(s.result.Entries[in.Address], u.InputOutputs[field][i])
			if err != nil {
				return nil, fmt.Errorf("input %s: %w", field, err)
			}
			// Another pipeline may have stored the same work under its own names.
			h.Unit, h.Coord = in.Address, in.Coord
			handles[field] = append(handles[field], h)
		}
	}
	return handles, nil
}

// stopped says whether a unit ended because it was told to; it may say so with
// the context's error or with its cause.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
}

func unitError(u *plan.Unit, err error) error { return fmt.Errorf("%s: %w", u.Address, err) }
