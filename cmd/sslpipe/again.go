package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sslpipe/internal/plan"
)

// again is the command line of a command on a pipeline once more, for a person to
// type. Sensitive values are left to that person.
func (f *pipelineFlags) again(cmd *cobra.Command, args []string, p *plan.Plan) string {
	words := []string{programName(), cmd.Name()}
	for _, a := range args {
		words = append(words, shellWord(a))
	}
	for _, g := range f.given {
		if g.File != "" {
			words = append(words, "--var-file", shellWord(g.File))
		} else {
			words = append(words, "--var", shellWord(shownGiven(g, p)))
		}
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch value := flag.Value.(type) {
		case givenFlag: // above, in their order
		case pflag.SliceValue:
			words = append(words, flagged("--"+flag.Name, value.GetSlice()))
		default:
			words = append(words, "--"+flag.Name)
			if flag.NoOptDefVal != value.String() {
				words = append(words, shellWord(value.String()))
			}
		}
	})
	return strings.Join(words, " ")
}

// shownGiven is NAME=VALUE of --var, where the value may be seen.
func shownGiven(g plan.Given, p *plan.Plan) string {
	name, _, _ := strings.Cut(g.Var, "=")
	for _, v := range p.Pipeline.Variables {
		if v.Name == name && v.Sensitive {
			return name + "=" + shownValue(v)
		}
	}
	return g.Var
}

// programName is how this program is called from here: ./sslpipe in a checkout.
func programName() string {
	if info, err := os.Stat("sslpipe"); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
		return "./sslpipe"
	}
	return "sslpipe"
}
