package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/plan"
	"sslpipe/internal/run"
)

// selectionFlags are the flags of every command that can take a part of a
// pipeline.
type selectionFlags struct {
	plan.Selection
}

// patternHelp is the part of a command's long text that explains the flags.
const patternHelp = `--only, --from, --until and --exclude choose a part of the pipeline; given together,
they narrow each other. Their patterns are addresses, in which * stands for any
text and ? for one character: pretrain.* is a stage with all its units, and with
brackets it is units, as in '*[*seed=0*]'. What is not chosen is used where it is
stored.`

func (f *selectionFlags) add(cmd *cobra.Command) {
	for _, flag := range []struct {
		patterns *[]string
		name     string
		help     string
	}{
		{&f.Only, "only", "stages or units, and nothing else (repeatable)"},
		{&f.From, "from", "stages or units, and what needs them (repeatable)"},
		{&f.Until, "until", "stages or units, and what they need (repeatable)"},
		{&f.Exclude, "exclude", "stages or units to leave out (repeatable)"},
		{&f.Force, "force", "stages or units to run though they are stored (repeatable)"},
	} {
		cmd.Flags().StringArrayVar(flag.patterns, flag.name, nil, flag.help)
		offer(cmd, flag.name, completeAddress)
	}
}

// choose returns the part of p that the flags name; nil is all of it.
func (f *selectionFlags) choose(p *plan.Plan) (*plan.Chosen, error) {
	c, err := p.Select(f.Selection)
	if err != nil {
		return nil, exitError{code: exitMistake, err: err}
	}
	return c, nil
}

// completeAddress offers the stages of the pipeline on the command line.
func completeAddress(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, noFiles
	}
	return addressesIn(cmd, args[0], typed), noFiles
}

// advise says which flag brings what a run did not find.
func (f *selectionFlags) advise(err error) string {
	left, ok := errors.AsType[*run.LeftOutError](err)
	if !ok {
		return ""
	}
	var missing []string
	for _, u := range left.Missing {
		if address := u.Stage.Address; !slices.Contains(missing, address) {
			missing = append(missing, address)
		}
	}
	last := left.Blocked[len(left.Blocked)-1].Stage.Address
	switch {
	case len(f.Only) > 0:
		return fmt.Sprintf("Add %s, or run all that is needed: --until %s instead of --only.", flagged("--only", missing), shellWord(last))
	case len(f.From) > 0 && len(f.Exclude) == 0:
		return fmt.Sprintf("Start further up, with %s.", flagged("--from", missing))
	}
	return fmt.Sprintf("Do not leave out %s, or run it first with %s.", strings.Join(missing, ", "), flagged("--until", missing))
}

func flagged(flag string, values []string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = flag + " " + shellWord(v)
	}
	return strings.Join(words, " ")
}
