package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

func runCommand(s *settings) *cobra.Command {
	var flags runFlags
	cmd := &cobra.Command{
		Use:   "run PIPELINE.hcl...",
		Short: "Run a pipeline and print its table",
		Long: `Runs what is not stored yet, publishes the SavedModels and prints the table of
each evaluate stage. An interrupted run continues where it stopped, with the
same result. Progress goes to standard error, the table to standard output.

` + patternHelp,
		Example: `  sslpipe run pipelines/rotation.hcl
  sslpipe run pipelines/rotation.hcl --var epochs=2
  sslpipe run pipelines/rotation.hcl --until pretrain.rotation
  sslpipe run pipelines/rotation.hcl --only '*[*seed=0*]' --keep-going`,
		Args: takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error {
			team, err := flags.team()
			if err != nil {
				return exitError{code: exitMistake, err: err}
			}
			device, err := s.chooseDevice()
			if err != nil {
				return err
			}
			p, err := flags.load(cmd, s, args, device, withRuntime(stages.Kinds, device))
			if err != nil {
				return err
			}
			chosen, err := flags.choose(p)
			if err != nil {
				return err
			}
			if team != nil && p.Pipeline.Cluster.SideBySide() {
				return flags.beside(cmd, s, args, team, p, run.Options{Device: device, Chosen: chosen, KeepGoing: flags.keepGoing})
			}
			if team != nil && !team.Chief() {
				return s.work(cmd, team, p, device)
			}
			store, shared, err := s.open(p)
			if err != nil {
				return err
			}
			together, err := s.lead(cmd, team, p, device)
			if err != nil {
				return err
			}
			defer together.end()
			result, runErr := s.execute(cmd, p, store, run.Options{Device: device, Chosen: chosen, KeepGoing: flags.keepGoing, Shared: shared})
			return flags.conclude(cmd, s, args, gathering{plan: p, store: store, result: result, device: device}, runErr)
		},
	}
	flags.pipelineFlags.add(cmd)
	flags.selectionFlags.add(cmd)
	flags.addWorkers(cmd)
	cmd.Flags().BoolVar(&flags.keepGoing, "keep-going", false, "after a failure, run what does not depend on it")
	return cmd
}

// open opens what a run reads and writes: the cache, the shared store, which is nil where
// nothing is shared, and the folder of models, which is only looked at.
func (s *settings) open(p *plan.Plan) (*artifact.Store, remote.Bucket, error) {
	go buildID() // takes as long as a stored run, and its report names it
	if err := publishable(s.Models, p); err != nil {
		return nil, nil, failed(err)
	}
	store, err := s.store()
	if err != nil {
		return nil, nil, err
	}
	shared, err := s.shared(p)
	return store, shared, err
}

// conclude publishes, records and prints what a run came to, if it went as far as it
// could, and returns how it ended.
func (f *runFlags) conclude(cmd *cobra.Command, s *settings, args []string, g gathering, runErr error) error {
	again := func() string { return f.again(cmd, args, g.plan) }
	if runErr != nil && !f.incomplete(runErr) {
		return f.ended(runErr, again)
	}
	if err := publish(s.Models, g.plan, g.store, g.result.Entries); err != nil {
		return failed(err)
	}
	if err := s.keepLock(cmd, g.plan, g.result, g.device, f.Empty() && runErr == nil && f.asWritten(g.plan)); err != nil {
		return err
	}
	r, err := g.report()
	if err != nil {
		return failed(err)
	}
	if err := s.tell(cmd, r, g.result.RunDir); err != nil {
		return failed(err)
	}
	return f.ended(runErr, again)
}

// asWritten tells whether a plan is what the files of its pipeline say, as one worker
// does it and with no value from a command line or the environment.
func (f *pipelineFlags) asWritten(p *plan.Plan) bool {
	asOne := f.size() == 1 || p.Pipeline.Cluster.SideBySide()
	return len(f.given)+len(f.sets) == 0 && asOne && !slices.ContainsFunc(p.Pipeline.Variables, func(v plan.Value) bool {
		return strings.HasPrefix(v.From, plan.EnvironmentPrefix)
	})
}

// runFlags are the flags of run.
type runFlags struct {
	pipelineFlags
	selectionFlags
	keepGoing bool
}

// incomplete tells whether a run that ended with an error went as far as it could,
// so that what it made is of use.
func (f *runFlags) incomplete(err error) bool {
	if errors.Is(err, run.ErrInterrupted) {
		return false
	}
	_, left := errors.AsType[*run.LeftOutError](err)
	_, failures := errors.AsType[*run.FailedError](err)
	return f.keepGoing && failures || left && !failures
}

// ended gives the error of a run its exit code, and says how to go on; again is the
// same command.
func (f *runFlags) ended(err error, again func() string) error {
	if err == nil {
		return nil
	}
	if _, large := errors.AsType[*run.TooLargeError](err); large {
		return exitError{code: exitMistake, err: fmt.Errorf("%w\nor allow more with --memory", err)}
	}
	if advice := f.advise(err); advice != "" {
		err = fmt.Errorf("%w\n%s", err, advice)
	}
	if _, lost := errors.AsType[*tf.WorkerError](err); lost {
		err = fmt.Errorf("%w\nStart the same command on all machines once more: it goes on from the last checkpoint, with the same result", err)
	}
	if _, failures := errors.AsType[*run.FailedError](err); failures && !errors.Is(err, run.ErrInterrupted) {
		err = fmt.Errorf("%w\nThis continues where the run stopped:\n  %s", err, again())
	}
	return interruptedOrFailed(err)
}

// tell writes the report of a run and prints it. A run that evaluates nothing has
// none.
func (s *settings) tell(cmd *cobra.Command, r *report.Report, dir string) error {
	if len(r.Evaluations) == 0 {
		return nil
	}
	if err := writeReport(dir, r, true); err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if err := view.Report(out, r, view.Detect(out, os.Getenv)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), "Report: %s\n", filepath.Join(dir, "report.html"))
	return err
}

// execute runs the plan and shows its progress. The options say what to run, and
// on which device, and what else is done ahead; the others are settings.
func (s *settings) execute(cmd *cobra.Command, p *plan.Plan, store *artifact.Store, o run.Options) (*run.Result, error) {
	stderr := cmd.ErrOrStderr()
	progress := view.NewProgress(stderr, p, view.Detect(stderr, os.Getenv))
	defer progress.Close()
	o.Store, o.Cores, o.GPUUnits, o.Memory = store, s.Jobs, s.GPUUnits, s.memory
	o.RunsDir, o.CheckpointEvery, o.Sink = s.runs(), s.CheckpointEvery, progress.Handle
	ahead := o.Ahead
	o.Ahead = func() {
		if ahead != nil {
			ahead()
		}
		preloadRuntime(o.Device)
	}
	return run.Execute(cmd.Context(), p, o)
}

// interruptedOrFailed gives the error of a run its exit code, and tells how an
// interrupted one goes on.
func interruptedOrFailed(err error) error {
	if !errors.Is(err, run.ErrInterrupted) {
		return failed(err)
	}
	return exitError{code: exitInterrupted, err: fmt.Errorf("%w; the same command continues where this run stopped", err)}
}

// withRuntime makes the kinds load TensorFlow when the first unit runs, and
// fetch it when it is not there, so that a run that is wholly stored needs none.
func withRuntime(kinds []plan.Kind, device string) []plan.Kind {
	var once sync.Once
	var failure error
	kinds = slices.Clone(kinds)
	for i := range kinds {
		inner := kinds[i].Run
		kinds[i].Run = func(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
			once.Do(func() { failure = loadRuntime(ctx, env, device) })
			if failure != nil {
				return nil, failure
			}
			return inner(ctx, env, cfg)
		}
	}
	return kinds
}

// loadRuntime loads TensorFlow for a unit, which shows what it takes to get it.
func loadRuntime(ctx context.Context, env *plan.Env, device string) error {
	return openRuntime(ctx, device, env.Logf, func(p tfruntime.Progress) {
		if p.Note != "" {
			env.Logf("%s", p.Note)
			return
		}
		env.Report(plan.Progress{Step: int(p.Done), Total: int(p.Total), Note: p.Step})
	})
}

// preloadRuntime opens TensorFlow where it is installed.
func preloadRuntime(device string) {
	root, err := depsRoot()
	if err != nil {
		return
	}
	if dir, err := tfruntime.Find(root, device); err == nil {
		tf.Preload(dir)
	}
}

// openRuntime loads TensorFlow, and fetches it first where it is not there.
func openRuntime(ctx context.Context, device string, logf func(string, ...any), report func(tfruntime.Progress)) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(steadyGC)
	}
	root, err := depsRoot()
	if err != nil {
		return err
	}
	dir, err := tfruntime.Find(root, device)
	if errors.Is(err, tfruntime.ErrNotInstalled) {
		logf("fetching TensorFlow %s for the %s, once", tfruntime.Version, device)
		dir, err = tfruntime.Install(ctx, root, device, report)
	}
	if err != nil {
		return fmt.Errorf("get the TensorFlow runtime: %w", err)
	}
	return tf.Load(dir)
}
