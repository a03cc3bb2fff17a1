package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lockfile"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/view"
)

func lockCommand(s *settings) *cobra.Command {
	var flags pipelineFlags
	var check bool
	cmd := &cobra.Command{
		Use:   "lock PIPELINE.hcl...",
		Short: "Write down what each unit computes and gave, beside the pipeline",
		Long: `Writes PIPELINE.lock.hcl: the runtime that computes, and for each unit of the
pipeline its fingerprint and, where it is stored here, the digest of its result and
the scores. A run of a whole pipeline does the same at its end, but never replaces a
result that differs; this command does. A result that the file knows already is kept
while the fingerprint stays the same. A result of the same fingerprint that differs
is called divergent. The file is meant to be committed; sslpipe verify compares with
it, and sslpipe cache gc keeps what it names.`,
		Example: `  sslpipe lock pipelines/rotation.hcl
  sslpipe lock --check pipelines/rotation.hcl`,
		Args: takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.inspect(cmd, s, args)
			if err != nil {
				return err
			}
			path := lockfile.Path(p.Pipeline.Path)
			old, err := readLock(cmd, path)
			if err != nil {
				return err
			}
			now, err := s.locked(p)
			if err != nil {
				return err
			}
			if old != nil {
				now = lockfile.Renew(old, now)
			}
			if check {
				return checkLock(cmd, path, old, now)
			}
			written, err := now.Write(path)
			if err != nil {
				return failed(fmt.Errorf("write lock file: %w", err))
			}
			out := cmd.OutOrStdout()
			return failed(view.Lock(out, path, old, now, written, view.Detect(out, os.Getenv)))
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&check, "check", false, "write nothing; list differences, with exit code 3 where there are any")
	return cmd
}

// readLock reads a lock file; nil stands for none. Mistakes in it are printed.
func readLock(cmd *cobra.Command, path string) (*lockfile.File, error) {
	f, err := lockfile.Read(path)
	var wrong *lockfile.SyntaxError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.As(err, &wrong):
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, wrong.Files, wrong.Diags, view.Detect(stderr, os.Getenv)); err != nil {
			return nil, failed(err)
		}
		return nil, exitError{code: exitMistake}
	}
	return f, failed(err)
}

// locked is what a lock file of the pipeline says now, of results that are stored.
func (s *settings) locked(p *plan.Plan) (*lockfile.File, error) {
	device, err := s.chooseDevice()
	if err != nil {
		return nil, err
	}
	var store *artifact.Store
	if _, err := os.Stat(filepath.Join(s.State, "cache")); err == nil {
		if store, err = s.store(); err != nil {
			return nil, err
		}
	}
	stored := map[string]*artifact.Entry{}
	for _, u := range p.Units {
		if store == nil {
			break
		}
		e, _, err := store.Examine(u.Fingerprint)
		var damaged *artifact.DamagedError
		if err != nil && !errors.As(err, &damaged) {
			return nil, failed(fmt.Errorf("%s: %w", u.Address, err))
		}
		stored[u.Address] = e
	}
	return lockOf(p, device, stored), nil
}

// lockOf is what a lock file says of a plan and what is stored of it, by address.
func lockOf(p *plan.Plan, device string, stored map[string]*artifact.Entry) *lockfile.File {
	f, works := &lockfile.File{Runtime: runtimeIdentity(device)}, p.Works()
	for _, u := range p.Units {
		unit := lockfile.Unit{Address: u.Address, Fingerprint: u.Fingerprint, Work: works[u]}
		if u.Threads > 1 {
			unit.Threads = u.Threads
		}
		if e := stored[u.Address]; e != nil {
			unit.Result, unit.Scores = e.Tree, e.Scores()
		}
		f.Units = append(f.Units, unit)
	}
	return f
}

// runLockFile is the lock file in a run's folder.
const runLockFile = "run" + lockfile.Suffix

// keepLock writes down what a run's results are, in the run's folder and, where the
// run is of the whole pipeline as its files say it, beside the pipeline. What the
// file there says is never replaced by a result that differs, nor by those of
// another class of machine; both are told.
func (s *settings) keepLock(cmd *cobra.Command, p *plan.Plan, result *run.Result, device string, whole bool) error {
	now := lockOf(p, device, result.Entries)
	if err := s.lockRun(now, result.RunDir); err != nil {
		return failed(fmt.Errorf("write the run's lock file: %w", err))
	}
	if !whole || !s.Lock {
		return nil
	}
	path := lockfile.Path(p.Pipeline.Path)
	old, err := lockfile.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return warn(cmd, "the lock file stays as it is: %v", err)
	}
	next := now
	if old != nil {
		if old.Runtime != now.Runtime {
			return warn(cmd, "%s is of another runtime and stays as it is: %s. sslpipe verify compares with it, sslpipe lock replaces it.", path, old.Runtime)
		}
		next = lockfile.Keep(old, now)
		stderr := cmd.ErrOrStderr()
		if err := view.LockDivergence(stderr, path, lockfile.Compare(old, now), view.Detect(stderr, os.Getenv)); err != nil {
			return failed(err)
		}
	}
	written, err := next.Write(path)
	if err != nil {
		return warn(cmd, "the lock file was not written: %v", err)
	}
	if written {
		return warn(cmd, "Lock file: %s", path)
	}
	return nil
}

// lockRun writes the lock file of a run's folder, by way of a folder that the next run
// sweeps.
func (s *settings) lockRun(now *lockfile.File, dir string) error {
	private, err := run.NewScratch(s.runs())
	if err != nil {
		return err
	}
	path := filepath.Join(private.Dir, runLockFile)
	if _, err = now.Write(path); err == nil {
		err = os.Rename(path, filepath.Join(dir, runLockFile))
	}
	return errors.Join(err, private.Remove())
}

// warn tells something beside the result.
func warn(cmd *cobra.Command, format string, args ...any) error {
	_, err := fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
	return failed(err)
}

// checkLock compares the lock file with what would be written.
func checkLock(cmd *cobra.Command, path string, old, now *lockfile.File) error {
	out := cmd.OutOrStdout()
	style := view.Detect(out, os.Getenv)
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed(err)
	}
	if old != nil && string(text) == string(now.Bytes()) {
		return failed(view.Lock(out, path, old, now, false, style))
	}
	if err := view.LockCheck(out, path, old, now, style); err != nil {
		return failed(err)
	}
	return exitError{code: exitChanges}
}
