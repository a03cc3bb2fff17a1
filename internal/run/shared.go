package run

import (
	"context"
	"fmt"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lease"
	"sslpipe/internal/mirror"
	"sslpipe/internal/plan"
)

// sharedEvery is how often it is told how far fetching and sending are.
const sharedEvery = 10 * time.Second

// share joins the run's store with the shared one, if there is one. What this machine
// cannot store, it cannot fetch either.
func (r *runner) share(ctx context.Context) {
	if r.Shared == nil || r.Store.ReadOnly() != nil {
		return
	}
	units := make(map[string]*plan.Unit, len(r.plan.Units))
	for _, u := range r.plan.Units {
		units[u.Fingerprint] = u
	}
	r.mirror = mirror.New(ctx, r.Store, r.Shared, func(n mirror.Note) {
		e := Event{Type: Message, Message: n.Text}
		if u := units[n.Fingerprint]; u != nil {
			e.Unit = u.Address
		}
		r.record.emit(e)
	})
	if r.Lease != nil {
		r.leases = lease.New(r.Shared, *r.Lease)
	}
	if n, err := r.mirror.Resume(); err != nil {
		r.say("cannot tell which results have not been sent yet: %v", err)
	} else if n > 0 {
		r.say("sends %s of earlier runs to %s", resultsText(n), r.mirror)
	}
}

func (r *runner) say(format string, args ...any) {
	r.record.emit(Event{Type: Message, Message: fmt.Sprintf(format, args...)})
}

func resultsText(n int) string {
	if n == 1 {
		return "1 result"
	}
	return fmt.Sprintf("%d results", n)
}

// fetch brings in what the shared store has of the units that are not stored here.
func (r *runner) fetch(ctx context.Context) error {
	if r.mirror == nil {
		return nil
	}
	var absent []*plan.Unit
	var fingerprints []string
	for _, u := range r.plan.Units {
		if r.result.Entries[u.Address] == nil && !r.Chosen.Forced(u) {
			absent, fingerprints = append(absent, u), append(fingerprints, u.Fingerprint)
		}
	}
	told := time.Time{}
	sum, err := r.mirror.Fetch(ctx, fingerprints, func(f mirror.Fetched) {
		switch {
		case told.IsZero():
			r.say("fetches %s (%s) from %s", resultsText(f.Found), Bytes(f.Total), r.mirror)
		case time.Since(told) < sharedEvery:
			return
		default:
			r.say("%d of %s, %s of %s", f.Results, resultsText(f.Found), Bytes(f.Bytes), Bytes(f.Total))
		}
		told = time.Now()
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil // the run ends as interrupted
		}
		return fmt.Errorf("fetch results from %s: %w", r.mirror, err)
	}
	if sum.Found == 0 {
		return nil
	}
	r.say("%s came from %s", resultsText(sum.Results), r.mirror)
	for _, u := range absent {
		e, err := r.lookup(u)
		if err != nil {
			return err
		}
		if e != nil {
			r.result.Entries[u.Address] = e
		}
	}
	return nil
}

// fetchOne looks for what another machine may have stored since the run began.
func (r *runner) fetchOne(ctx context.Context, fingerprint string) error {
	_, err := r.mirror.Fetch(ctx, []string{fingerprint}, func(mirror.Fetched) {})
	return err
}

// adopt finds a result that was made of the same inputs, here or elsewhere.
func (r *runner) adopt(ctx context.Context, w artifact.Work) (*artifact.Entry, error) {
	e, err := r.Store.Adopt(w)
	if e != nil || err != nil || r.mirror == nil || w.Key == "" {
		return e, err
	}
	if err := r.mirror.Adoptable(ctx, w.Key); err != nil {
		return nil, err
	}
	return r.Store.Adopt(w)
}

// send sends a result to the shared store, if there is one, while the run goes on, and
// calls done when that has been tried.
func (r *runner) send(c artifact.Committed, done func()) {
	if r.mirror == nil {
		done()
		return
	}
	r.mirror.Send(c, done)
}

// finishSending waits for what is still being sent. Where the context has ended that
// is not long.
func (r *runner) finishSending() {
	if r.mirror == nil {
		return
	}
	if n := r.mirror.Pending(); n > 0 {
		r.say("sends %s to %s", resultsText(n), r.mirror)
	}
	unsent := r.mirror.Wait(sharedEvery, func(left int) {
		r.say("still sends %s to %s", resultsText(left), r.mirror)
	})
	if unsent > 0 {
		r.say("%s not in %s yet: the next run sends what is missing, and so does sslpipe cache push", are(unsent), r.mirror)
	}
}

func are(n int) string {
	if n == 1 {
		return "1 result is"
	}
	return resultsText(n) + " are"
}
