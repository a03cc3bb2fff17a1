package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
	"sslpipe/internal/mirror"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
	"sslpipe/internal/view"
)

// sharedFlags are those of commands that use the shared store by themselves.
type sharedFlags struct{ pipeline string }

func (f *sharedFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.pipeline, "pipeline", "", "take the shared store from the store block of this `file`, unless a setting names one")
}

// open returns the bucket that the settings or the pipeline name.
func (f *sharedFlags) open(cmd *cobra.Command, s *settings) (remote.Bucket, error) {
	var p *plan.Plan
	if f.pipeline != "" {
		var err error
		if p, err = (&pipelineFlags{}).inspect(cmd, s, []string{f.pipeline}); err != nil {
			return nil, err
		}
	}
	bucket, err := s.shared(p)
	if bucket == nil && err == nil {
		err = errors.New("no shared store is set: name one by --store URL or SSLPIPE_STORE, or a pipeline that has a store block by --pipeline FILE")
	}
	return bucket, err
}

// mirror joins the bucket with a store, and warns on standard error.
func (f *sharedFlags) mirror(cmd *cobra.Command, s *settings, store *artifact.Store) (*mirror.Mirror, error) {
	bucket, err := f.open(cmd, s)
	if err != nil {
		return nil, err
	}
	if store != nil {
		store = store.With(cmd.Context(), waitingFor(cmd))
	}
	return mirror.New(cmd.Context(), store, bucket, func(n mirror.Note) {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", view.ErrorText(errors.New(strings.TrimPrefix(short(n.Fingerprint)+": ", ": ")+n.Text)))
	}), nil
}

// short is as much of a fingerprint as tells results apart.
func short(fingerprint string) string { return fingerprint[:min(len(fingerprint), 8)] }

// halfway gives an error of a transfer its exit code.
func halfway(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return exitError{code: exitInterrupted, err: errors.New("interrupted: what has been transferred is whole; the same command goes on")}
	}
	return failed(err)
}

// listed reads what the bucket has and a pattern names, in the order of the addresses.
func listed(cmd *cobra.Command, m *mirror.Mirror, pattern string) ([]mirror.Listed, error) {
	list, err := m.List(cmd.Context(), func(int, int) {})
	if err != nil {
		return nil, halfway(cmd.Context(), err)
	}
	all := len(list)
	list = slices.DeleteFunc(list, func(l mirror.Listed) bool { return pattern != "" && !cache.Named(pattern, l.Entry) })
	if len(list) == 0 && pattern != "" {
		return nil, exitError{code: exitMistake, err: fmt.Errorf("%s holds no result %q, of %d in all: sslpipe cache ls --remote lists them", m, pattern, all)}
	}
	slices.SortStableFunc(list, func(a, b mirror.Listed) int { return cmp.Compare(a.Unit, b.Unit) })
	return list, nil
}

func (f *sharedFlags) list(cmd *cobra.Command, s *settings, args []string, asJSON bool) error {
	m, err := f.mirror(cmd, s, nil)
	if err != nil {
		return err
	}
	list, err := listed(cmd, m, strings.Join(args, ""))
	if err != nil {
		return err
	}
	here, err := s.storedHere()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if asJSON {
		return failed(view.SharedListJSON(out, m.String(), list, here))
	}
	return failed(view.SharedList(out, m.String(), list, here, time.Now(), view.Detect(out, os.Getenv)))
}

// storedHere tells of fingerprints whether this machine has their results.
func (s *settings) storedHere() (func(fingerprint string) bool, error) {
	store, err := s.presentStore()
	if code, ok := errors.AsType[exitError](err); ok && code.code == exitMistake { // there is no cache
		return func(string) bool { return false }, nil
	}
	if err != nil {
		return nil, err
	}
	return func(fingerprint string) bool {
		_, ok, err := store.Examine(fingerprint)
		return ok && err == nil
	}, nil
}

func cachePushCommand(s *settings) *cobra.Command {
	var f sharedFlags
	cmd := &cobra.Command{
		Use:   "push [PATTERN]",
		Short: "Send stored results to the shared store",
		Long: `Sends the results that PATTERN names, or all, to the shared store (--store,
SSLPIPE_STORE, or the store block of --pipeline), unless it has them. A run does
so by itself with what it makes. The first result of a fingerprint is the one
that others get; one that differs is kept beside it. Nothing is removed.`,
		Example: `  sslpipe cache push --store s3://experiments/rotation
  sslpipe cache push pretrain --pipeline pipelines/rotation.hcl`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := s.presentStore()
			if err != nil {
				return err
			}
			m, err := f.mirror(cmd, s, store)
			if err != nil {
				return err
			}
			inv, err := store.Inventory()
			if err != nil {
				return failed(err)
			}
			pattern := strings.Join(args, "")
			list := slices.DeleteFunc(inv.Entries, func(e *artifact.Entry) bool { return pattern != "" && !cache.Named(pattern, e) })
			if len(list) == 0 && pattern != "" {
				return exitError{code: exitMistake, err: fmt.Errorf("no stored result is named %q: sslpipe cache ls lists them", pattern)}
			}
			sum, err := m.PushAll(cmd.Context(), list, transferring(cmd, "sending"))
			if err != nil {
				return halfway(cmd.Context(), err)
			}
			if err := view.Pushed(cmd.OutOrStdout(), m.String(), sum); err != nil {
				return failed(err)
			}
			if sum.Failed > 0 {
				return exitError{code: exitFailed}
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}

// transferring tells on standard error how many of how many results are done.
func transferring(cmd *cobra.Command, what string) func(done, total int) {
	stderr := cmd.ErrOrStderr()
	return view.NewTransfer(stderr, what, view.Detect(stderr, os.Getenv)).Report
}

func cachePullCommand(s *settings) *cobra.Command {
	var f sharedFlags
	cmd := &cobra.Command{
		Use:   "pull PATTERN",
		Short: "Fetch results from the shared store",
		Long: `Fetches the results that PATTERN names from the shared store (--store,
SSLPIPE_STORE, or the store block of --pipeline), unless they are here. Every file
is compared with its digest. A run does so by itself with what it needs.`,
		Example: `  sslpipe cache pull pretrain --store s3://experiments/rotation
  sslpipe cache pull '*' --pipeline pipelines/rotation.hcl`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := s.store()
			if err != nil {
				return err
			}
			m, err := f.mirror(cmd, s, store)
			if err != nil {
				return err
			}
			list, err := listed(cmd, m, args[0])
			if err != nil {
				return err
			}
			here, err := s.storedHere()
			if err != nil {
				return err
			}
			var absent []string
			for _, l := range list {
				if !here(l.Fingerprint) {
					absent = append(absent, l.Fingerprint)
				}
			}
			report := transferring(cmd, "fetching")
			sum, err := m.Fetch(cmd.Context(), absent, func(f mirror.Fetched) { report(f.Results, f.Found) })
			if err != nil {
				return halfway(cmd.Context(), err)
			}
			if err := view.Pulled(cmd.OutOrStdout(), m.String(), len(list)-len(absent), sum); err != nil {
				return failed(err)
			}
			if sum.Results < len(absent) {
				return failed(fmt.Errorf("%d of %d results did not come", len(absent)-sum.Results, len(absent)))
			}
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
