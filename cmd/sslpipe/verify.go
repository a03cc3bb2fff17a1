package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/bundle"
	"sslpipe/internal/lockfile"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/verify"
	"sslpipe/internal/view"
)

func verifyCommand(s *settings) *cobra.Command {
	var v verifyFlags
	cmd := &cobra.Command{
		Use:   "verify [RUN | PIPELINE.hcl...]",
		Short: "Run again what was recorded, and compare bit for bit",
		Long: `Reruns the units of a run (the latest if none is named) or of a pipeline, and
compares what comes out with the lock file: that of the run, or PIPELINE.lock.hcl
beside the pipeline. Units that need a result which is not stored here get it made
first. What several workers have trained, as many train again: TF_CONFIG names them,
with the same command on each, or else they are started on this machine. Each unit is

  bitwise equal      every byte of its result is the recorded one
  within tolerance   bytes differ, and no score is further from the recorded one
                     than another seed would be: in 99 of 100 cases, two seeds of
                     the stage are no further apart than t(0.995, n-1) * sd *
                     sqrt(2), with the sd of the n seeds in the lock file
  different          neither; with the first training step at which the loss
                     differs, where the recorded result is stored here

On a machine of the recorded class, with equal bits promised, only bitwise equal is
a success; on others, within tolerance is one too. Otherwise the exit code is 1. The
stored results stay the ones that are used: one that differs is kept beside them.`,
		Example: `  sslpipe verify
  sslpipe verify pipelines/rotation.hcl
  sslpipe verify rotation --only 'pretrain.*' --sample 3`,
		RunE: func(cmd *cobra.Command, args []string) error {
			rec, err := v.find(cmd, s, args)
			if err != nil {
				return err
			}
			return v.verify(cmd, s, rec)
		},
	}
	v.add(cmd)
	flags := cmd.Flags()
	flags.StringArrayVar(&v.only, "only", nil, "stages or units to rerun, as in sslpipe run (repeatable)")
	flags.IntVar(&v.sample, "sample", 0, "rerun so many units, drawn at random; 0 is all")
	flags.Uint64Var(&v.seed, "seed", 0, "which units --sample draws")
	flags.BoolVar(&v.asJSON, "json", false, "print JSON")
	offer(cmd, "only", completeAddress)
	return cmd
}

type verifyFlags struct {
	pipelineFlags
	only   []string
	sample int
	seed   uint64
	asJSON bool
}

// record is what is verified: a plan and the lock file that goes with it.
type record struct {
	plan   *plan.Plan
	device string // that the plan is for
	lock   *lockfile.File
	path   string // of the lock file
	// curves is a folder with the losses of units, in the run's folder if it was
	// imported.
	curves string
}

func (v *verifyFlags) verify(cmd *cobra.Command, s *settings, rec *record) error {
	team, err := teamThatTrained(rec.plan, rec.device)
	if err != nil {
		return exitError{code: exitMistake, err: err}
	}
	if team != nil && !team.Chief() {
		return s.work(cmd, team, rec.plan, rec.device)
	}
	addresses, err := v.choose(rec)
	if err != nil {
		return err
	}
	chosen, err := rec.plan.Select(plan.Selection{Until: addresses, Force: addresses})
	if err != nil {
		return failed(err)
	}
	store, err := s.store()
	if err != nil {
		return err
	}
	together, err := s.lead(cmd, team, rec.plan, rec.device)
	if err != nil {
		return err
	}
	defer together.end()
	result, runErr := s.execute(cmd, rec.plan, store, run.Options{Device: rec.device, Chosen: chosen, KeepGoing: true})
	if errors.Is(runErr, run.ErrInterrupted) {
		return exitError{code: exitInterrupted, err: fmt.Errorf("%w; nothing was compared. The same command reruns what is done, and goes on inside the units that were at work", runErr)}
	}
	if result == nil {
		return failed(runErr)
	}
	if err := s.keepRun(cmd, rec, store, result); err != nil {
		return err
	}
	outcomes, err := compareReruns(rec, store, result, addresses)
	if err != nil {
		return failed(err)
	}
	runtime := runtimeIdentity(rec.device)
	if err := v.tell(cmd, rec, outcomes, runtime); err != nil {
		return failed(err)
	}
	if runErr != nil {
		return failed(runErr)
	}
	if !verified(outcomes, rec.lock.Runtime == runtime) {
		return exitError{code: exitFailed}
	}
	return nil
}

// keepRun makes the rerun a run like others, for show and for the next verify.
func (s *settings) keepRun(cmd *cobra.Command, rec *record, store *artifact.Store, result *run.Result) error {
	if err := s.keepLock(cmd, rec.plan, result, rec.device, false); err != nil {
		return err
	}
	r, err := gathering{plan: rec.plan, store: store, result: result, device: rec.device}.report()
	if err != nil || len(r.Evaluations) == 0 {
		return failed(err)
	}
	return writeReport(result.RunDir, r, true)
}

// find reads what to verify: the pipeline in the arguments with the lock file beside
// it, or a run.
func (v *verifyFlags) find(cmd *cobra.Command, s *settings, args []string) (rec *record, err error) {
	if len(args) > 0 && isPipeline(args[0]) {
		rec, err = v.ofPipeline(cmd, s, args)
	} else {
		rec, err = v.ofRun(cmd, s, args)
	}
	if err != nil {
		return nil, err
	}
	if rec.lock, err = readLock(cmd, rec.path); err != nil {
		return nil, err
	}
	if rec.lock == nil {
		return nil, exitError{code: exitMistake, err: fmt.Errorf("there is no %s to verify against: sslpipe run writes it", rec.path)}
	}
	return rec, nil
}

// isPipeline tells a pipeline from the name of a run.
func isPipeline(arg string) bool {
	if strings.HasSuffix(arg, ".hcl") || strings.HasSuffix(arg, ".hcl.json") {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

func (v *verifyFlags) ofPipeline(cmd *cobra.Command, s *settings, paths []string) (*record, error) {
	device, err := s.chooseDevice()
	if err != nil {
		return nil, err
	}
	p, err := v.load(cmd, s, paths, device, withRuntime(stages.Kinds, device))
	if err != nil {
		return nil, err
	}
	return &record{plan: p, device: device, path: lockfile.Path(p.Pipeline.Path)}, nil
}

func (v *verifyFlags) ofRun(cmd *cobra.Command, s *settings, args []string) (*record, error) {
	if len(args) > 1 {
		return nil, fmt.Errorf("one run can be verified at a time, not %d", len(args))
	}
	name := "latest"
	if len(args) == 1 {
		name = args[0]
	}
	dir, err := report.Find(s.runs(), name)
	if err != nil {
		return nil, exitError{code: exitMistake, err: err}
	}
	p, device, err := s.replan(cmd, dir, &v.pipelineFlags)
	return &record{plan: p, device: device, path: filepath.Join(dir, runLockFile), curves: filepath.Join(dir, bundle.CurvesDir)}, err
}

// choose returns the addresses of the units to rerun: those with a recorded result
// whose work is the recorded one, as far as the flags name them.
func (v *verifyFlags) choose(rec *record) ([]string, error) {
	recorded := map[string]lockfile.Unit{}
	for _, u := range rec.lock.Units {
		recorded[u.Address] = u
	}
	named, err := rec.plan.Select(plan.Selection{Only: v.only})
	if err != nil {
		return nil, exitError{code: exitMistake, err: err}
	}
	works := rec.plan.Works()
	var addresses []string
	known := 0
	for _, u := range rec.plan.Units {
		locked := recorded[u.Address]
		if locked.Result == "" || locked.Work != works[u] {
			continue
		}
		known++
		if named.Runs(u) {
			addresses = append(addresses, u.Address)
		}
	}
	switch {
	case known == 0:
		return nil, exitError{code: exitMistake, err: fmt.Errorf("%s records no result of what the pipeline computes now: sslpipe lock --check tells what differs", rec.path)}
	case len(addresses) == 0:
		return nil, exitError{code: exitMistake, err: fmt.Errorf("--only %s stands for none of the %d units with a recorded result", strings.Join(v.only, " "), known)}
	case v.sample > 0:
		addresses = verify.Sample(addresses, v.sample, v.seed)
	}
	return addresses, nil
}

// compareReruns compares what a run made of some units with what is recorded.
func compareReruns(rec *record, store *artifact.Store, result *run.Result, addresses []string) ([]verify.Outcome, error) {
	recorded := map[string]string{}
	for _, u := range rec.lock.Units {
		recorded[u.Address] = u.Result
	}
	reruns := make(map[string]verify.Rerun, len(addresses))
	for _, address := range addresses {
		reruns[address] = verify.Rerun{}
	}
	for _, u := range rec.plan.Units {
		if _, chosen := reruns[u.Address]; !chosen {
			continue
		}
		rerun := verify.Rerun{Made: result.Made[u.Address]}
		for _, inputs := range u.Inputs {
			for _, in := range inputs {
				rerun.Inputs = append(rerun.Inputs, in.Address)
			}
		}
		var err error
		if rerun.Step, err = rec.parting(store, u, result, recorded[u.Address]); err != nil {
			return nil, err
		}
		reruns[u.Address] = rerun
	}
	return verify.Compare(rec.lock, reruns), nil
}

// parting is the step at which the loss of a rerun leaves that of the recorded result,
// whose curve is known where it is the stored result, or came with an imported run.
func (rec *record) parting(store *artifact.Store, u *plan.Unit, result *run.Result, recorded string) (int, error) {
	first, made := result.Entries[u.Address], result.Made[u.Address]
	switch {
	case made == nil || made.Tree == recorded:
		return 0, nil
	case first != nil && first.Tree == recorded:
		d, err := store.Compare(first, made)
		return d.Step, err
	}
	return store.Parting(filepath.Join(rec.curves, plan.FileName(u.Address), artifact.LossesFile), made)
}

func (v *verifyFlags) tell(cmd *cobra.Command, rec *record, outcomes []verify.Outcome, runtime string) error {
	out := cmd.OutOrStdout()
	if v.asJSON {
		return view.VerifiedJSON(out, outcomes, rec.lock.Runtime, runtime)
	}
	return view.Verified(out, outcomes, rec.path, rec.lock.Runtime, runtime, view.Detect(out, os.Getenv))
}

// verified tells whether all is as promised: on the recorded runtime equal bits, on
// another one results within tolerance.
func verified(outcomes []verify.Outcome, same bool) bool {
	counts := verify.Counts(outcomes)
	good := counts[verify.Equal]
	if !same {
		good += counts[verify.Within]
	}
	return good == len(outcomes)
}
