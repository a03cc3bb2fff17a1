package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/view"
)

// runs is the folder of the runs.
func (s *settings) runs() string { return filepath.Join(s.State, "runs") }

func runsCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "runs",
		Short: "List the runs that were made here",
		Args:  takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			past, err := run.History(s.runs())
			if err != nil {
				return failed(fmt.Errorf("list runs: %w", err))
			}
			out := cmd.OutOrStdout()
			return failed(view.Runs(out, past, view.Detect(out, os.Getenv)))
		},
	}
}

func showCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "show RUN",
		Short: "Print the tables of a run again",
		Long: `Prints what a run printed when it was done. RUN is as in sslpipe report; sslpipe
runs lists the names.`,
		Example: `  sslpipe show latest
  sslpipe show rotation`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, _, err := s.readRun(args[0])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			return failed(view.Report(out, r, view.Detect(out, os.Getenv)))
		},
	}
}

func compareCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare the arms of several runs",
		Long: `Puts the arms of several runs into one table, against the baseline of the first:
runs of other pipelines, other settings or another day. Classifiers with the same
label budget and seed are paired across runs. Runs that have other test images, or
drew their labels from other images, are refused, with what differs.`,
		Example: `  sslpipe compare rotation simclr
  sslpipe compare 20261125T1010 latest`,
		Args: takes(2, many),
		RunE: func(cmd *cobra.Command, args []string) error {
			var runs []*report.Report
			for _, name := range args {
				r, _, err := s.readRun(name)
				if err != nil {
					return err
				}
				runs = append(runs, r)
			}
			e, err := report.Compare(runs)
			if err != nil {
				return exitError{code: exitMistake, err: err}
			}
			out := cmd.OutOrStdout()
			all := &report.Report{Version: report.Version, Evaluations: []report.Evaluation{*e}}
			return failed(view.Report(out, all, view.Detect(out, os.Getenv)))
		},
	}
}
