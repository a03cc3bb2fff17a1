package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/changes"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

// diffFlags are the flags of diff.
type diffFlags struct {
	pipelineFlags
	only []string
	json bool
}

func diffCommand(s *settings) *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff A.hcl B.hcl",
		Short: "Compare two pipeline files by what they mean",
		Long: `Compares two pipeline files stage by stage after their expressions are evaluated
and defaults are filled in. Comments, the order of blocks, spelled-out defaults,
names of stages and descriptions are no difference. A stage that only reads other
results is not listed; the last line says how many units would run again.

With --only the exit code is 3 if anything else differs than the attributes and
blocks that are named, so that it can be shown that only the pretext task does.`,
		Example: `  sslpipe diff pipelines/rotation.hcl pipelines/jigsaw.hcl
  sslpipe diff rotation.hcl jigsaw.hcl --only pretext --only epochs`,
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return s.diff(cmd, flags, args[0], args[1]) },
	}
	flags.add(cmd)
	cmd.Flags().StringArrayVar(&flags.only, "only", nil, "fail if another attribute or block differs than this one (repeatable)")
	cmd.Flags().BoolVar(&flags.json, "json", false, "print the difference as JSON")
	return cmd
}

func (s *settings) diff(cmd *cobra.Command, flags diffFlags, a, b string) error {
	if err := checkOnly(flags.only); err != nil {
		return err
	}
	before, errA := flags.inspect(cmd, s, []string{a})
	after, errB := flags.inspect(cmd, s, []string{b})
	if errA != nil || errB != nil {
		return firstError(errA, errB)
	}
	d, err := changes.Compare(before, after, plan.Digest)
	if err != nil {
		return failed(err)
	}
	compared := view.Compared{Before: a, After: b, Diff: d, Only: flags.only}
	if len(flags.only) > 0 {
		compared.Beside = d.Beside(flags.only)
	}
	out := cmd.OutOrStdout()
	if flags.json {
		err = view.ChangesJSON(out, compared)
	} else {
		err = view.Changes(out, compared, view.Detect(out, os.Getenv))
	}
	if err == nil && compared.Beside != nil && !compared.Beside.Equal() {
		return exitError{code: exitChanges}
	}
	return failed(err)
}

// firstError is the first that is one; what is wrong with files has been printed.
func firstError(all ...error) error {
	return all[slices.IndexFunc(all, func(err error) bool { return err != nil })]
}

// fieldNames are the attributes and blocks that the pipeline block or a stage can
// differ in.
func fieldNames() []string {
	names := []string{"seeds"}
	for _, kind := range stages.Kinds {
		for _, f := range kind.Fields() {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkOnly reports names that no stage has for an attribute or block.
func checkOnly(only []string) error {
	known := fieldNames()
	for _, path := range only {
		name, _, _ := strings.Cut(path, ".")
		name, _, _ = strings.Cut(name, "[")
		if name == "" {
			return errors.New("--only needs the name of an attribute or block")
		}
		if !slices.Contains(known, name) {
			return fmt.Errorf("--only %s: no stage has an attribute or block %q.%s", path, name, schema.DidYouMean(name, known))
		}
	}
	return nil
}
