package run

import (
	"context"
	"errors"
	"os"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
	"sslpipe/internal/plan"
)

// findWork looks every unit up and returns those to run, in plan order, with those
// that are left out though something needs them: these may turn out to be stored
// under another fingerprint. What all of them will read, directly or through other
// units, and what the report shows is compared with its digests first, and made
// again where it has changed.
func (r *runner) findWork(ctx context.Context) ([]*plan.Unit, error) {
	for _, u := range r.plan.Units {
		e, err := r.lookup(u)
		if err != nil {
			return nil, err
		}
		if e != nil && !r.Chosen.Forced(u) {
			r.result.Entries[u.Address] = e
		}
	}
	if err := r.fetch(ctx); err != nil {
		return nil, err
	}
	r.goAhead()
	todo, err := r.verifyInputs(ctx)
	if err != nil {
		return nil, err
	}
	wanted := make(map[*plan.Unit]bool, len(todo))
	for _, u := range todo {
		wanted[u] = true
	}
	for _, u := range r.plan.Units {
		switch e := r.result.Entries[u.Address]; {
		case e != nil:
			r.result.Cached++
			r.record.emit(Event{Type: UnitCached, Unit: u.Address, Seconds: e.Seconds})
			r.sweep(u)
		case !wanted[u]:
			r.record.emit(Event{Type: UnitLeftOut, Unit: u.Address})
		}
	}
	return todo, nil
}

// goAhead prepares what units need where one will run.
func (r *runner) goAhead() {
	runs := func(u *plan.Unit) bool { return r.result.Entries[u.Address] == nil && r.Chosen.Runs(u) }
	if r.Ahead != nil && r.Store.ReadOnly() == nil && slices.ContainsFunc(r.plan.Units, runs) {
		go r.Ahead()
	}
}

// verifyInputs goes through the plan backwards, so that a damaged input joins the
// units to run before its own inputs are looked at.
func (r *runner) verifyInputs(ctx context.Context) ([]*plan.Unit, error) {
	read := make(map[*plan.Unit]bool)
	var todo []*plan.Unit
	for _, u := range slices.Backward(r.plan.Units) {
		e := r.result.Entries[u.Address]
		if e != nil {
			if damaged, err := r.damaged(u, r.verify(ctx, u, e, read[u])); err != nil {
				return nil, err
			} else if damaged {
				delete(r.result.Entries, u.Address)
				e = nil
			}
		}
		if e == nil && !r.Chosen.Runs(u) && !read[u] {
			continue
		}
		if e == nil {
			todo = append(todo, u)
		}
		if e == nil || read[u] {
			for _, inputs := range u.Inputs {
				for _, in := range inputs {
					read[in] = true
				}
			}
		}
	}
	slices.Reverse(todo)
	return todo, nil
}

// verify compares what will be read of a stored result with its digests: all of it
// where units read it, and what the report shows. An interrupt ends it early.
func (r *runner) verify(ctx context.Context, u *plan.Unit, e *artifact.Entry, read bool) error {
	var err error
	switch shown := u.Stage.Kind.Shown; {
	case ctx.Err() != nil:
	case read:
		err = r.Store.Verify(e)
	case shown != nil:
		err = r.Store.VerifyFiles(e, shown)
	}
	if stopped(ctx, err) {
		return nil
	}
	return err
}

// lookup returns the stored result of a unit, or nil.
func (r *runner) lookup(u *plan.Unit) (*artifact.Entry, error) {
	e, _, err := r.Store.Lookup(u.Fingerprint)
	_, err = r.damaged(u, err)
	return e, err
}

// damaged tells of a damaged result, which only means that the unit runs again;
// other errors it names after the unit.
func (r *runner) damaged(u *plan.Unit, err error) (bool, error) {
	var damaged *artifact.DamagedError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &damaged):
		then := "it is made again"
		if !r.Chosen.Runs(u) {
			then = "it is left out, so it is not made again"
		}
		r.message(u, "%v; %s", damaged, then)
		return true, nil
	}
	return false, unitError(u, err)
}

// sweep removes the private folder of a stored unit, which is there when a
// process ended between storing the result and cleaning up.
func (r *runner) sweep(u *plan.Unit) {
	dir := r.Store.WorkDir(u.Fingerprint)
	if r.Store.ReadOnly() != nil || !exists(dir) && !exists(lockPath(dir)) {
		return
	}
	lock, err := filelock.Try(lockPath(dir))
	if lock == nil && err == nil {
		return // another process is about to do it
	}
	if err == nil {
		err = errors.Join(os.RemoveAll(dir), lock.Remove())
	}
	if err != nil {
		r.message(u, "cannot remove what is left of an earlier run: %v", err)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
