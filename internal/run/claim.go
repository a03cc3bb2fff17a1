package run

import (
	"context"
	"errors"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
)

// claim is what keeps other machines from running a unit. The zero claim keeps nobody:
// nothing is shared, or what is shared cannot be reached.
type claim struct{ lease *lease.Lease }

// bind returns a context that also ends when the claim is lost.
func (c claim) bind(ctx context.Context) (context.Context, func()) {
	if c.lease == nil {
		return ctx, func() {}
	}
	return c.lease.Bind(ctx)
}

// confirm is an error if another machine has taken the unit over. While the store does
// not say, the result counts, as it does where nothing is shared: it is the same one.
func (c claim) confirm(ctx context.Context) error {
	if c.lease == nil {
		return nil
	}
	if err := c.lease.Confirm(ctx); errors.Is(err, lease.ErrLost) {
		return err
	}
	return nil
}

// release lets others have the unit; the reason says why it has no result.
func (c claim) release(reason string) {
	if c.lease != nil {
		c.lease.Release(reason)
	}
}

// claim claims a unit for this process, where others run the plan too; or it returns
// what became of the unit meanwhile.
func (r *runner) claim(ctx context.Context, u *plan.Unit) (claim, *outcome) {
	if r.leases == nil {
		return claim{}, nil
	}
	var c claim
	var before lease.Status
	if err := r.mirror.Reach(ctx, func() (err error) {
		c.lease, before, err = r.leases.Take(ctx, u.Fingerprint)
		return err
	}); err != nil {
		return claim{}, nil // which has been told; an interrupt ends the unit at once
	}
	if c.lease == nil {
		return claim{}, &outcome{unit: u, state: elsewhere}
	}
	// Its last holder may have stored it after this process looked, and before it let go.
	e, err := r.storedMeanwhile(ctx, u)
	switch {
	case err != nil:
		c.release("")
		return claim{}, &outcome{unit: u, err: err}
	case e != nil:
		c.release("")
		return claim{}, &outcome{unit: u, state: cached, entry: e}
	}
	r.tellBefore(u, before)
	return c, nil
}

// offer sends what is stored here, where others run the plan too: they would run it
// themselves.
func (r *runner) offer(todo []*plan.Unit) {
	if r.leases == nil || len(todo) == 0 {
		return
	}
	for _, u := range r.plan.Units {
		if e := r.result.Entries[u.Address]; e != nil {
			r.send(artifact.Committed{Entry: e, Made: e}, func() {})
		}
	}
}

// tellBefore tells what became of those who had the unit before.
func (r *runner) tellBefore(u *plan.Unit, before lease.Status) {
	switch {
	case before.Reason != "":
		r.message(u, "%s failed with it, so it is tried here: %s", before.Who, before.Reason)
	case before.Silent > 0:
		r.message(u, "nothing was heard of %s for %s, so it is run here", before.Who, before.Silent.Round(time.Second))
	}
}

// looksPerPeriod is how often a process that waits looks at a lease in its period.
const looksPerPeriod = 60

// waitElsewhere returns when no process with a store of its own holds the unit, the store
// cannot be reached, or ctx has ended.
func (r *runner) waitElsewhere(ctx context.Context, u *plan.Unit) outcome {
	told := ""
	tick := time.NewTicker(min(r.Lease.Period/looksPerPeriod, time.Second))
	defer tick.Stop()
	for ctx.Err() == nil {
		var now lease.Status
		err := r.mirror.Reach(ctx, func() (err error) {
			now, err = r.leases.Look(ctx, u.Fingerprint)
			return err
		})
		if err != nil || now.Free {
			break
		}
		if now.Who != told {
			told = now.Who
			r.record.emit(Event{Type: UnitElsewhere, Unit: u.Address, Message: now.Who})
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	return outcome{unit: u, state: free}
}
