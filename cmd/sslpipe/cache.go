package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
	"sslpipe/internal/view"
)

func cacheCommand(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "List, explain, clean up, verify and share the stored results",
		Long: `The cache holds the result of every unit that was ever run, by the fingerprint
of what it computes. What keeps a result are its roots: the lock files under the
working folder, and the last runs of each pipeline. Whatever is removed is made
again by the next run that needs it.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(cacheListCommand(s), cacheWhyCommand(s), cacheCollectCommand(s), cacheVerifyCommand(s), cachePushCommand(s), cachePullCommand(s))
	return cmd
}

func cacheListCommand(s *settings) *cobra.Command {
	var asJSON, elsewhere bool
	var from sharedFlags
	cmd := &cobra.Command{
		Use:   "ls [PATTERN]",
		Short: "List stored results with their size, age and what keeps them",
		Long: `Lists what is stored, by the address of the unit that made it first. PATTERN is
an address, with * for any text and ? for any character; a stage, a kind of stage
or a module; or the first 4 or more characters of a fingerprint. With --remote it
lists what the shared store has (--store, SSLPIPE_STORE, or the store block of
--pipeline).`,
		Example: `  sslpipe cache ls
  sslpipe cache ls pretrain
  sslpipe cache ls 'finetune.*[labels=10,*'
  sslpipe cache ls --remote --store s3://experiments/rotation`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if elsewhere {
				return from.list(cmd, s, args, asJSON)
			}
			survey, err := s.survey(cmd)
			if err != nil {
				return err
			}
			shown := survey.Results
			if len(args) == 1 {
				if shown, err = survey.Find(args[0]); err != nil {
					return exitError{code: exitMistake, err: err}
				}
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return failed(view.CacheListJSON(out, survey, shown))
			}
			return failed(view.CacheList(out, survey, shown, time.Now(), view.Detect(out, os.Getenv)))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&elsewhere, "remote", false, "list the shared store")
	from.add(cmd)
	return cmd
}

func cacheWhyCommand(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why FINGERPRINT|ADDRESS|PATTERN",
		Short: "Say what a stored result is and what keeps it",
		Long: `Says of each result that is named what it is, when and in how long it was made,
what keeps it, and whether another attempt gave something else. Of one result it
also prints what it computes. A fingerprint, or the digest of a result, may be
cut to its first 4 characters; a pattern is as in sslpipe cache ls.`,
		Example: `  sslpipe cache why 1f0a9c
  sslpipe cache why 'pretrain.ssl[seed=0]'`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			survey, err := s.survey(cmd)
			if err != nil {
				return err
			}
			found, err := survey.Find(args[0])
			if err != nil {
				return exitError{code: exitMistake, err: err}
			}
			list, err := survey.Explain(found)
			if err != nil {
				return failed(err)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return failed(view.CacheWhyJSON(out, list))
			}
			return failed(view.CacheWhy(out, list, time.Now(), view.Detect(out, os.Getenv)))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, with what each result computes")
	return cmd
}

func cacheVerifyCommand(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compare every stored file with its digest",
		Long: `Reads every stored file and compares it with the digest that was taken when it
was stored. What differs is set aside, so that the next run makes it again, and
the exit code is 1.`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := s.presentStore()
			if err != nil {
				return err
			}
			stderr := cmd.ErrOrStderr()
			progress := view.NewVerification(stderr, view.Detect(stderr, os.Getenv))
			audit, err := store.With(cmd.Context(), waitingFor(cmd)).VerifyAll(cmd.Context(), progress.Report)
			progress.Close()
			if cmd.Context().Err() != nil {
				return exitError{code: exitInterrupted, err: errors.New("interrupted: not every file was read")}
			}
			if err != nil {
				return failed(err)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				err = view.CacheAuditJSON(out, audit)
			} else {
				err = view.CacheAudit(out, audit, view.Detect(out, os.Getenv))
			}
			if err == nil && len(audit.Damaged) > 0 {
				return exitError{code: exitFailed}
			}
			return failed(err)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// presentStore opens the cache where there is one: commands that only look at it
// do not make it.
func (s *settings) presentStore() (*artifact.Store, error) {
	dir := filepath.Join(s.State, "cache")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, exitError{code: exitMistake, err: fmt.Errorf("there is no cache in %s: nothing was run here, or --state is another folder", dir)}
	}
	return s.store()
}

func (s *settings) cacheOptions(o cache.Options) cache.Options {
	o.Folder, o.RunsDir, o.Now = ".", s.runs(), time.Now()
	return o
}

// survey looks at the cache and its roots, and warns of roots that cannot be read.
func (s *settings) survey(cmd *cobra.Command) (*cache.Survey, error) {
	store, err := s.presentStore()
	if err != nil {
		return nil, err
	}
	survey, err := cache.TakeSurvey(store, s.cacheOptions(cache.Options{KeepRuns: cache.DefaultKeepRuns}))
	if err != nil {
		return nil, failed(err)
	}
	warnOfRoots(cmd, survey.Roots)
	return survey, nil
}

func warnOfRoots(cmd *cobra.Command, roots *cache.Roots) {
	for _, err := range roots.Warned {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", err)
	}
	for _, err := range roots.Unknown {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning:", err)
	}
	if len(roots.Unknown) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "Warning: what these keep is unknown; sslpipe cache gc --delete refuses to remove anything.")
	}
}
