// Package run turns a plan into artifacts: it looks up which units of work are
// stored already, runs the others in order within a budget of cores, stores what
// they hand on, and tells of it in events, which it also writes to the run's
// folder.
//
// It refuses to know what a stage does, to print, and to decide what depends on
// what: that is the plan's. A unit that is interrupted finds its private folder
// again; what it left half-done is never visible to another unit.
//
// A new thing to tell is an event type in event.go.
package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
	"sslpipe/internal/lease"
	"sslpipe/internal/mirror"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
)

// Options say with what a plan is executed.
type Options struct {
	Store  *artifact.Store
	Cores  int    // CPU cores for all units together, at least 1
	Device string // cpu or gpu, for the units
	// GPUUnits is how many units compute at once on the device gpu; 0 is 1.
	GPUUnits int
	// Memory is what the units may need at once, in bytes; 0 is no bound.
	Memory  int64
	RunsDir string // gets a folder for this run, usually .sslpipe/runs
	// Downloads is a folder that units share for what they fetch; empty means
	// downloads beside the store.
	Downloads string
	// CheckpointEvery is the longest time of a unit's work that a kill may cost.
	CheckpointEvery time.Duration
	// Chosen are the units that may run, and those that run although they are
	// stored; nil is all, and none. Of a forced unit, the stored result stays the
	// one that is used, and a difference is recorded.
	Chosen *plan.Chosen
	// KeepGoing lets what does not depend on a failed unit run nevertheless.
	KeepGoing bool
	// Ahead is called as soon as it is known that something runs, beside comparing
	// what that will read with its digests: it may prepare what all units need. The
	// run does not wait for it. Nil does nothing.
	Ahead func()
	// Shared is a store that other machines use too: what is not stored here is looked
	// for there, and what is made here is sent there. Where it fails, the run goes on
	// without. Nil is none.
	Shared remote.Bucket
	// Lease makes this one of several processes, each with a store of its own, that run
	// the plan side by side: each runs the units on which it gets a lease in Shared, and
	// takes from there what others make. While Shared fails, each runs all units. Nil, or
	// nothing shared, is a process for itself.
	Lease *lease.Terms
	// Sink gets each event; nil drops them. It is never called twice at once,
	// and should return quickly.
	Sink func(Event)
}

// Result is what a run did, also when it failed.
type Result struct {
	RunDir   string
	Entries  map[string]*artifact.Entry // by unit address: what is stored now
	Made     map[string]*artifact.Entry // what this run made; of a forced unit, it may differ
	Executed int                        // units that this run ran to their end
	Cached   int                        // units that it found stored

	mark *filelock.Lock
}

// Close says that the results have been read. Until then, or the end of the
// process, the run counts as alive: what its folder names is not garbage.
func (r *Result) Close() error { return r.mark.Unlock() }

// ErrInterrupted is matched by the error of a run whose context ended before all
// units were done.
var ErrInterrupted = errors.New("interrupted")

// InterruptedError counts what an interrupted run leaves to the next.
type InterruptedError struct {
	Done, Remaining int // units
	Cause           error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted: %d of %d units are done, %d remain", e.Done, e.Done+e.Remaining, e.Remaining)
}

// Unwrap lets errors.Is find [ErrInterrupted] and the context's cause.
func (e *InterruptedError) Unwrap() []error { return []error{ErrInterrupted, e.Cause} }

// runner is one execution of a plan. The goroutine of Execute owns result; units
// in other goroutines use the rest, which does not change.
type runner struct {
	Options
	plan   *plan.Plan
	record *recorder
	result *Result
	mirror *mirror.Mirror // nil where nothing is shared
	leases *lease.Leases  // nil where nobody else runs the plan
}

// Execute runs the units of p that are chosen and not stored yet, in plan order
// as far as their inputs and the budget allow. The result does not depend on how
// many run at once. A unit whose inputs turn out to be the same as those of a
// stored result does not run either, but takes that result.
//
// The first failure cancels the context of the other units, which keep their
// progress, unless o.KeepGoing; the error is a [*FailedError]. Units that need
// what is left out are told in a [*LeftOutError], and one that needs more memory
// than there is for all, before anything runs, in a [*TooLargeError]. When ctx
// ends first, the error is an [*InterruptedError]. The result is nil only when
// there is no run folder to tell of.
func Execute(ctx context.Context, p *plan.Plan, o Options) (*Result, error) {
	if o.Cores < 1 {
		return nil, fmt.Errorf("run %s: at least 1 core is needed, not %d", p.Pipeline.Name, o.Cores)
	}
	if o.Downloads == "" {
		o.Downloads = DownloadsDir(o.Store)
	}
	record := &recorder{sink: o.Sink, redact: p.Redact}
	o.Store = o.Store.With(ctx, func(holder string) {
		record.emit(Event{Type: Message, Message: fmt.Sprintf("waits: %s is changing the cache", holder)})
	})
	mark, err := o.begin(ctx, record, p)
	if err != nil {
		return nil, errors.Join(err, record.close())
	}
	r := &runner{Options: o, plan: p, record: record, result: &Result{
		mark:    mark,
		RunDir:  record.dir,
		Entries: make(map[string]*artifact.Entry, len(p.Units)),
		Made:    map[string]*artifact.Entry{},
	}}
	err = r.execute(ctx)
	return r.result, errors.Join(err, record.close())
}

// begin makes the run's folder while nobody collects garbage: whoever does so
// later finds there what the run is going to read.
func (o Options) begin(ctx context.Context, record *recorder, p *plan.Plan) (mark *filelock.Lock, err error) {
	begin := func() (err error) {
		if mark, err = record.begin(p, o); err != nil {
			err = fmt.Errorf("make run folder: %w", err)
		}
		return err
	}
	if o.Store.ReadOnly() != nil {
		err = begin() // nor can anything be removed
		return mark, err
	}
	if err := os.MkdirAll(o.Downloads, 0o777); err != nil {
		return nil, fmt.Errorf("make folder for downloads: %w", err)
	}
	err = o.Store.Exclusively(begin)
	if err != nil && stopped(ctx, err) {
		err = &InterruptedError{Remaining: len(p.Units), Cause: context.Cause(ctx)}
	}
	return mark, err
}

func (r *runner) execute(ctx context.Context) error {
	start := time.Now()
	r.record.emit(Event{Type: RunStarted, Counts: &Counts{Units: len(r.plan.Units), Remaining: len(r.plan.Units)}})
	r.share(ctx)
	todo, err := r.findWork(ctx)
	if err == nil {
		err = r.refuse(todo)
	}
	if err == nil {
		r.offer(todo)
		err = r.schedule(ctx, todo)
	}
	for _, u := range todo {
		if r.leftOut(u) {
			r.record.emit(Event{Type: UnitLeftOut, Unit: u.Address})
		}
	}
	r.tellStale()
	r.finishSending()
	counts := r.counts()
	if counts.Remaining > 0 && (err == nil || r.KeepGoing && ctx.Err() != nil) {
		interrupted := &InterruptedError{Done: counts.Cached + counts.Executed, Remaining: counts.Remaining, Cause: context.Cause(ctx)}
		err = errors.Join(interrupted, err)
	}
	finished := Event{Type: RunFinished, Counts: counts, Seconds: time.Since(start).Seconds()}
	if err != nil {
		finished.Error = err.Error()
	}
	r.record.emit(finished)
	return err
}

// refuse says before anything runs why it could not be run to its end.
func (r *runner) refuse(todo []*plan.Unit) error {
	if err := r.Store.ReadOnly(); err != nil && len(todo) > 0 {
		return fmt.Errorf("%w\nso nothing can be run, and these are not stored there:%s", err, lines(todo))
	}
	return r.tooLarge(todo)
}

func (r *runner) counts() *Counts {
	c := Counts{Units: len(r.plan.Units), Cached: r.result.Cached, Executed: r.result.Executed}
	for _, u := range r.plan.Units {
		if r.leftOut(u) {
			c.LeftOut++
		}
	}
	c.Remaining = c.Units - c.Cached - c.Executed - c.LeftOut
	return &c
}

// leftOut tells whether a unit that is not stored may not run.
func (r *runner) leftOut(u *plan.Unit) bool {
	return !r.Chosen.Runs(u) && r.result.Entries[u.Address] == nil
}
