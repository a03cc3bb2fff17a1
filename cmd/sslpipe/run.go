package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

func runCommand(s *settings) *cobra.Command {
	var flags pipelineFlags
	cmd := &cobra.Command{
		Use:   "run PIPELINE.hcl...",
		Short: "Run a pipeline and print its table",
		Long: `Runs what is not stored yet, publishes the SavedModels and prints the table of
each evaluate stage. An interrupted run continues where it stopped, with the
same result. Progress goes to standard error, the table to standard output.`,
		Example: `  sslpipe run pipelines/rotation.hcl
  sslpipe run pipelines/rotation.hcl --var epochs=2`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			device, err := s.chooseDevice()
			if err != nil {
				return err
			}
			p, err := flags.load(cmd, args, device, withRuntime(stages.Kinds, device))
			if err != nil {
				return err
			}
			store, err := s.store()
			if err != nil {
				return err
			}
			result, err := s.execute(cmd, p, store, device)
			if err != nil {
				return interruptedOrFailed(err)
			}
			if err := publish(s.Models, p, store, result.Entries); err != nil {
				return failed(err)
			}
			r, err := gathering{plan: p, store: store, result: result, device: device}.report()
			if err != nil {
				return failed(err)
			}
			return failed(s.tell(cmd, r, result.RunDir))
		},
	}
	flags.add(cmd)
	return cmd
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

// execute runs the plan and shows its progress.
func (s *settings) execute(cmd *cobra.Command, p *plan.Plan, store *artifact.Store, device string) (*run.Result, error) {
	stderr := cmd.ErrOrStderr()
	progress := view.NewProgress(stderr, p, view.Detect(stderr, os.Getenv))
	defer progress.Close()
	return run.Execute(cmd.Context(), p, run.Options{
		Store: store, Cores: s.Jobs, Device: device,
		RunsDir: s.runs(), CheckpointEvery: s.CheckpointEvery, Sink: progress.Handle,
	})
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

// openRuntime loads TensorFlow, and fetches it first where it is not there.
func openRuntime(ctx context.Context, device string, logf func(string, ...any), report func(tfruntime.Progress)) error {
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
