package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/view"
)

// planOutput says how a plan is shown.
type planOutput struct {
	units, json, check bool
	out                string
	explain            []string
}

func planCommand(s *settings) *cobra.Command {
	var flags pipelineFlags
	var selection selectionFlags
	var o planOutput
	cmd := &cobra.Command{
		Use:   "plan PIPELINE.hcl...",
		Short: "Show what a run would do, and why; run nothing",
		Long: `Shows for each stage whether its results are stored (cached), or what a run would
do and why: the settings that changed since the last run with their old and new
values, here or in a stage that it reads. The time is estimated from earlier runs.

  cached   stored, and used as it is
  restore  stored; its SavedModel is published again
  run      runs
  resume   continues where an earlier run stopped
  maybe    runs unless what it reads comes out as before
  forced   runs though it is stored (--force)
  blocked  cannot run: it needs something that is left out and not stored
  left out by --only, --from, --until or --exclude, and not stored`,
		Example: `  sslpipe plan pipelines/rotation.hcl
  sslpipe plan pipelines/rotation.hcl --var epochs=2 --units
  sslpipe plan pipelines/rotation.hcl --exclude pretrain.rotation
  sslpipe plan pipelines/rotation.hcl --explain pretrain.rotation
  sslpipe plan pipelines/rotation.hcl --json`,
		Args: takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.inspect(cmd, s, args)
			if err != nil {
				return err
			}
			if len(o.explain) > 0 {
				return explain(cmd, p, o.explain)
			}
			chosen, err := selection.choose(p)
			if err != nil {
				return err
			}
			statuses, err := s.statuses(p, chosen)
			if err != nil {
				return err
			}
			return o.show(cmd, p, statuses, plan.EstimateRun(statuses, s.Jobs))
		},
	}
	flags.add(cmd)
	flags.addWorkers(cmd)
	selection.add(cmd)
	cmd.Flags().BoolVar(&o.units, "units", false, "show each unit instead of each stage")
	cmd.Flags().BoolVar(&o.json, "json", false, "write JSON, with every unit and its reasons as data")
	cmd.Flags().StringVar(&o.out, "out", "", "write the JSON to this `file` too")
	cmd.Flags().BoolVar(&o.check, "check", false, "exit with code 3 unless everything is up to date")
	cmd.Flags().StringArrayVar(&o.explain, "explain", nil, "instead show every attribute of the stage at this `address`, with where its value comes from (repeatable)")
	return cmd
}

func (o planOutput) show(cmd *cobra.Command, p *plan.Plan, statuses []plan.UnitStatus, e plan.Estimate) error {
	out := cmd.OutOrStdout()
	var err error
	if o.json {
		err = view.PlanJSON(out, p, statuses, e)
	} else {
		err = view.Plan(out, p, statuses, e, view.PlanOptions{Units: o.units, Now: time.Now()}, view.Detect(out, os.Getenv))
	}
	if err == nil && o.out != "" {
		err = writePlan(o.out, p, statuses, e)
	}
	if err != nil {
		return failed(err)
	}
	if o.check && wouldChange(statuses) {
		return exitError{code: exitChanges}
	}
	return nil
}

// writePlan makes the file appear whole or not at all.
func writePlan(path string, p *plan.Plan, statuses []plan.UnitStatus, e plan.Estimate) error {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o666), renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	defer f.Cleanup() //nolint:errcheck // after CloseAtomicallyReplace there is nothing to clean up
	if err := view.PlanJSON(f, p, statuses, e); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	return nil
}

// wouldChange tells whether a run would do anything, or cannot do what it should. What
// is left out is left as it is.
func wouldChange(statuses []plan.UnitStatus) bool {
	for _, u := range statuses {
		if u.Status != plan.StatusCached && u.Status != plan.StatusLeftOut {
			return true
		}
	}
	return false
}

// statuses compares a plan with the cache, the published models and earlier runs.
func (s *settings) statuses(p *plan.Plan, chosen *plan.Chosen) ([]plan.UnitStatus, error) {
	store, err := s.store()
	if err != nil {
		return nil, err
	}
	earlier := run.Earlier(s.runs(), p) // begins beside looking up, which takes as long
	l := newLedger(store, p)
	statuses := plan.Statuses(p, chosen, plan.Known{
		Stored:     l.stored,
		Same:       l.same,
		Unfinished: func(fingerprint string) (time.Time, bool) { return run.Unfinished(store, fingerprint) },
		Published:  func(u *plan.Unit) bool { return published(s.Models, p, l.lookup(u.Fingerprint), u) },
		Earlier:    earlier,
	})
	return statuses, failed(l.err)
}

// ledger looks into the cache, once for each result, and keeps the first error.
type ledger struct {
	store *artifact.Store
	seen  map[string]examined
	err   error
}

// examined is what the cache holds for a fingerprint: nothing, a result, or a damaged
// one.
type examined struct {
	entry  *artifact.Entry
	damage string
}

// newLedger looks up the units of a plan, several at a time.
func newLedger(store *artifact.Store, p *plan.Plan) *ledger {
	l := &ledger{store: store, seen: make(map[string]examined, len(p.Units))}
	found := make([]examined, len(p.Units))
	errs := make([]error, len(p.Units))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, u := range p.Units {
		group.Go(func() error {
			found[i], errs[i] = look(store, u.Fingerprint)
			return nil
		})
	}
	_ = group.Wait() // each has its own error
	for i, u := range p.Units {
		l.keep(u.Fingerprint, found[i], errs[i])
	}
	return l
}

func (l *ledger) examine(fingerprint string) examined {
	if known, ok := l.seen[fingerprint]; ok {
		return known
	}
	found, err := look(l.store, fingerprint)
	l.keep(fingerprint, found, err)
	return found
}

func (l *ledger) keep(fingerprint string, found examined, err error) {
	l.seen[fingerprint] = found
	if l.err == nil {
		l.err = err
	}
}

func look(store *artifact.Store, fingerprint string) (examined, error) {
	e, _, err := store.Examine(fingerprint)
	if damaged, ok := errors.AsType[*artifact.DamagedError](err); ok {
		return examined{damage: damaged.Reason}, nil
	}
	if err != nil {
		return examined{}, err
	}
	return examined{entry: e}, nil
}

func (l *ledger) stored(fingerprint string) plan.Stored {
	switch found := l.examine(fingerprint); {
	case found.damage != "":
		return plan.Stored{Damage: found.damage}
	case found.entry != nil:
		return plan.Stored{Found: true, Seconds: found.entry.Seconds}
	}
	return plan.Stored{}
}

// lookup returns a stored result, or nil.
func (l *ledger) lookup(fingerprint string) *artifact.Entry { return l.examine(fingerprint).entry }

// same compares what two stored results hand on as an output.
func (l *ledger) same(a, b, output string) bool {
	x, y := l.lookup(a), l.lookup(b)
	if x == nil || y == nil {
		return false
	}
	contentX, errX := x.Content(output)
	contentY, errY := y.Content(output)
	return errX == nil && errY == nil && contentX == contentY
}
