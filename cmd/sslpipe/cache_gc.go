package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sslpipe/internal/cache"
	"sslpipe/internal/view"
)

func cacheCollectCommand(s *settings) *cobra.Command {
	var asJSON, remove bool
	o := cache.Options{KeepRuns: cache.DefaultKeepRuns}
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "Show what nothing keeps, and remove it with --delete",
		Long: `Shows which results no root keeps, with their sizes, and removes them when
--delete is given. Roots are the lock files under the working folder, runs that
may be at work, and the last --keep-runs runs of each pipeline; a run that has
nothing which newer ones do not have is not counted. Results that those read stay
too. What a running process uses is never touched.

Interrupted work, which the next run would resume, goes with --work alone, and
what was downloaded with --downloads.`,
		Example: `  sslpipe cache gc
  sslpipe cache gc --keep-runs 2 --older-than 30d --delete`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.KeepRuns < 0 {
				return fmt.Errorf("--keep-runs must be 0 or more, not %d", o.KeepRuns)
			}
			c, err := s.collect(cmd, o, remove)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				return failed(view.CacheCollectionJSON(out, c, remove))
			}
			return failed(view.CacheCollection(out, c, remove, time.Now(), view.Detect(out, os.Getenv)))
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&remove, "delete", false, "remove it")
	flags.IntVar(&o.KeepRuns, "keep-runs", o.KeepRuns, "how many runs of each pipeline keep what they name")
	flags.Var((*ageValue)(&o.OlderThan), "older-than", "only what is older: 12h, 30d or 8w")
	flags.BoolVar(&o.Work, "work", false, "also work that a run would resume")
	flags.BoolVar(&o.Downloads, "downloads", false, "also what was downloaded, unless a run is at work")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (s *settings) collect(cmd *cobra.Command, o cache.Options, remove bool) (*cache.Collection, error) {
	store, err := s.presentStore()
	if err != nil {
		return nil, err
	}
	o = s.cacheOptions(o)
	if remove {
		c, err := cache.Collect(store.With(cmd.Context(), waitingFor(cmd)), o)
		if cmd.Context().Err() != nil && err != nil {
			return nil, exitError{code: exitInterrupted, err: fmt.Errorf("interrupted: not everything was removed; the same command goes on (%w)", err)}
		}
		return c, failed(err)
	}
	c, err := cache.Propose(store, o)
	if err != nil {
		return nil, failed(err)
	}
	warnOfRoots(cmd, c.Roots)
	return c, nil
}

// waitingFor tells whoever waits for another process.
func waitingFor(cmd *cobra.Command) func(holder string) {
	return func(holder string) {
		fmt.Fprintf(cmd.ErrOrStderr(), "Waiting: %s is changing the cache.\n", holder)
	}
}

// ageValue is a duration that may be in days and weeks.
type ageValue time.Duration

func (a *ageValue) Type() string { return "age" }

func (a *ageValue) String() string {
	if *a == 0 {
		return ""
	}
	return time.Duration(*a).String()
}

// Set implements pflag.Value.
func (a *ageValue) Set(text string) error {
	const day = 24 * time.Hour
	for unit, length := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			n, err := strconv.Atoi(number)
			if err != nil || n < 0 || n > 36500 {
				return fmt.Errorf("a number of days or weeks is needed before the %s", unit)
			}
			*a = ageValue(time.Duration(n) * length)
			return nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return errors.New("it is a number with s, m, h, d or w behind it, as 12h or 30d")
	}
	*a = ageValue(d)
	return nil
}
