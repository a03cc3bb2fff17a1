package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
)

// attempt runs a unit unless another process holds it or its result is stored.
func (r *runner) attempt(ctx context.Context, j job) outcome {
	u := j.unit
	lock, err := filelock.Try(lockPath(r.Store.WorkDir(u.Fingerprint)))
	if err != nil {
		return outcome{unit: u, err: fmt.Errorf("lock: %w", err)}
	}
	if lock == nil {
		return outcome{unit: u, state: busy}
	}
	defer func() {
		if err := lock.Remove(); err != nil {
			r.message(u, "cannot unlock: %v", err)
		}
	}()
	if !r.Chosen.Forced(u) {
		if e, err := r.stored(ctx, j); err != nil {
			return outcome{unit: u, err: err}
		} else if e != nil {
			return outcome{unit: u, state: cached, entry: e}
		}
	}
	if !r.Chosen.Runs(u) {
		return outcome{unit: u, state: absent}
	}
	c, o := r.claim(ctx, u)
	if o != nil {
		return *o
	}
	return r.compute(ctx, j, c)
}

// compute runs a unit that this process has claimed.
func (r *runner) compute(ctx context.Context, j job, claimed claim) outcome {
	u := j.unit
	start := time.Now()
	ctx, free := claimed.bind(ctx)
	defer free()
	c, err := r.perform(ctx, j, claimed)
	seconds := time.Since(start).Seconds()
	switch {
	case err == nil:
		r.tellDifference(u, c)
		r.send(c, func() { claimed.release("") })
		r.record.emit(Event{Type: UnitFinished, Unit: u.Address, Seconds: seconds})
		return outcome{unit: u, state: executed, entry: c.Entry, made: c.Made}
	case errors.Is(err, lease.ErrLost) || stopped(ctx, err) && errors.Is(context.Cause(ctx), lease.ErrLost):
		claimed.release("")
		r.record.emit(Event{Type: UnitInterrupted, Unit: u.Address, Seconds: seconds})
		r.message(u, "another worker has taken it over, since nothing was heard of this one for %s", r.Lease.Period)
		return outcome{unit: u, state: elsewhere}
	case stopped(ctx, err):
		claimed.release("")
		r.record.emit(Event{Type: UnitInterrupted, Unit: u.Address, Seconds: seconds})
	default:
		claimed.release(err.Error())
		r.record.emit(Event{Type: UnitFailed, Unit: u.Address, Seconds: seconds, Error: err.Error()})
	}
	return outcome{unit: u, err: err}
}

// tellDifference tells of a result that is not the first one of its fingerprint.
func (r *runner) tellDifference(u *plan.Unit, c artifact.Committed) {
	if !c.Diverged() {
		return
	}
	d, err := r.Store.Compare(c.Entry, c.Made)
	if err != nil {
		r.message(u, "cannot compare the result with the first one: %v", err)
	}
	r.record.emit(Event{Type: UnitDiverged, Unit: u.Address, Message: d.String()})
}

func (j job) work() artifact.Work {
	return artifact.Work{Fingerprint: j.unit.Fingerprint, Unit: j.unit.Address, Key: j.key}
}

// stored returns the result of a unit that another process or machine has stored since
// the run began, or that was made of the same inputs before; nil where it has to run.
func (r *runner) stored(ctx context.Context, j job) (*artifact.Entry, error) {
	e, err := r.storedMeanwhile(ctx, j.unit)
	if e == nil && err == nil {
		e, err = r.adopted(ctx, j)
	}
	if e == nil || err != nil {
		return nil, err
	}
	if err := os.RemoveAll(r.Store.WorkDir(j.unit.Fingerprint)); err != nil {
		r.message(j.unit, "cannot remove the work folder: %v", err)
	}
	return e, nil
}

// adopted returns the result of other work on the same content, as the unit's own.
func (r *runner) adopted(ctx context.Context, j job) (*artifact.Entry, error) {
	e, err := r.adopt(ctx, j.work())
	if damaged, ok := errors.AsType[*artifact.DamagedError](err); ok {
		r.message(j.unit, "has the same inputs as before, but %v", damaged)
		return nil, nil
	}
	if e == nil || err != nil {
		return nil, err
	}
	r.send(artifact.Committed{Entry: e, Made: e}, func() {})
	r.message(j.unit, "came out as before: its inputs are bit for bit the same")
	return e, nil
}

func (r *runner) storedMeanwhile(ctx context.Context, u *plan.Unit) (*artifact.Entry, error) {
	e, err := r.sound(u)
	if e != nil || err != nil || r.mirror == nil {
		return e, err
	}
	if err := r.fetchOne(ctx, u.Fingerprint); err != nil {
		return nil, err
	}
	return r.sound(u)
}

// sound is the stored result of a unit. A damaged one was told when the run began.
func (r *runner) sound(u *plan.Unit) (*artifact.Entry, error) {
	e, _, err := r.Store.Lookup(u.Fingerprint)
	if _, damaged := errors.AsType[*artifact.DamagedError](err); damaged {
		return nil, nil
	}
	return e, err
}

// perform runs a unit in its private folder and stores what it leaves under out.
// Whatever else is in the folder stays for the next attempt until the result is
// stored.
func (r *runner) perform(ctx context.Context, j job, claimed claim) (c artifact.Committed, err error) {
	u := j.unit
	dir := r.Store.WorkDir(u.Fingerprint)
	out := filepath.Join(dir, "out")
	resumes, err := prepareWork(dir, out)
	if err != nil {
		return c, fmt.Errorf("prepare work folder: %w", err)
	}
	begun := Event{Type: UnitStarted, Unit: u.Address}
	if resumes {
		begun.Type = UnitResumed
	}
	r.record.emit(begun)
	start := time.Now()
	report := &reporter{record: r.record, unit: u.Address}
	outs, err := r.call(ctx, u, &plan.Env{
		Dir:             dir,
		Unit:            u,
		Inputs:          j.inputs,
		Seed:            int64(u.Coord["seed"]),
		Device:          r.Device,
		CacheDir:        r.Downloads,
		CheckpointEvery: r.CheckpointEvery,
		Report:          report.report,
		Logf:            func(format string, args ...any) { r.message(u, format, args...) },
		Redact:          r.record.redact,
	})
	report.close()
	if err == nil {
		err = checkOutputs(u.Stage.Kind.Outputs, outs)
	}
	if err == nil {
		err = claimed.confirm(ctx)
	}
	if err == nil {
		c, err = r.Store.Commit(j.work(), out, outs, time.Since(start).Seconds())
	}
	if err != nil {
		return c, errors.Join(err, os.RemoveAll(out))
	}
	if err := os.RemoveAll(dir); err != nil {
		r.message(u, "cannot remove the work folder: %v", err)
	}
	return c, nil
}

// prepareWork empties the folder for a result, and tells whether an earlier attempt
// left something beside it.
func prepareWork(dir, out string) (resumes bool, err error) {
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(dir, 0o777)); err != nil {
		return false, err
	}
	kept, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	return len(kept) > 0, os.Mkdir(out, 0o777)
}

// call runs the unit's kind. A panic in it becomes an error, with the stack in a
// file of the run's folder. So does a mapped file that is cut short under its reader,
// which would end the process.
func (r *runner) call(ctx context.Context, u *plan.Unit, env *plan.Env) (outs map[string]artifact.Output, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			path, writeErr := r.record.writePanic(u.Address, v, debug.Stack())
			err = errors.Join(errors.New(r.record.redact(fmt.Sprintf("panic: %v (stack in %s)", v, path))), writeErr)
		}
	}()
	outs, err = u.Stage.Kind.Run(ctx, env, u.Config)
	if err != nil {
		if text := r.record.redact(err.Error()); text != err.Error() {
			err = &redactedError{text: text, err: err}
		}
	}
	return outs, err
}

// redactedError is an error whose text would show what is sensitive.
type redactedError struct {
	text string
	err  error
}

func (e *redactedError) Error() string { return e.text }

func (e *redactedError) Unwrap() error { return e.err }

var notInFileNames = regexp.MustCompile(`[^0-9A-Za-z._=-]+`)

func (rec *recorder) writePanic(unit string, v any, stack []byte) (path string, err error) {
	path = filepath.Join(rec.dir, "panic-"+strings.Trim(notInFileNames.ReplaceAllString(unit, "-"), "-")+".txt")
	return path, os.WriteFile(path, []byte(rec.redact(fmt.Sprintf("%s\npanic: %v\n\n%s", unit, v, stack))), 0o666)
}

// checkOutputs compares what a kind returned with what it declares.
func checkOutputs(declared []plan.Output, outs map[string]artifact.Output) error {
	var wrong []string
	known := make(map[string]bool, len(declared))
	for _, d := range declared {
		known[d.Name] = true
		out, ok := outs[d.Name]
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("there is no output %s", d.Name))
		case out.Type != d.Type:
			wrong = append(wrong, fmt.Sprintf("output %s has type %s, not %s", d.Name, out.Type, d.Type))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(outs)) {
		if !known[name] {
			wrong = append(wrong, fmt.Sprintf("output %s is not declared", name))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("outputs are not as declared: %s", strings.Join(wrong, "; "))
	}
	return nil
}
