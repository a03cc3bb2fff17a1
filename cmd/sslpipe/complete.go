package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/stages"
)

// Completion looks at what is on the command line and at files that it names. It
// prints nothing, starts nothing, and offers less where a file is broken.

const noFiles = cobra.ShellCompDirectiveNoFileComp

// completions is what the arguments of each command are.
var completions = map[string]func(*settings) cobra.CompletionFunc{
	"run":      completePipeline,
	"plan":     completePipeline,
	"validate": completePipeline,
	"lock":     completePipeline,
	"eval":     completePipeline,
	"graph":    completePipeline,
	"diff":     completePipelines(2),
	"fmt":      completeSources,
	"init":     completeFolder,
	"preview":  completePreview,
	"show":     completeRuns(1),
	"report":   completeRuns(1),
	"compare":  completeRuns(-1),
	"export":   completeRuns(1),
	"import":   completeBundle,
}

// flagValues are the values of flags that have a few.
var flagValues = map[string][]string{
	"graph --format":  drawingNames(),
	"report --format": formatNames(),
}

// addCompletion says for each command what a shell can offer for its arguments and
// flags.
func addCompletion(root *cobra.Command, s *settings) {
	offer(root, "device", cobra.FixedCompletions(devices, noFiles))
	for _, cmd := range root.Commands() {
		if of, ok := completions[cmd.Name()]; ok {
			cmd.ValidArgsFunction = of(s)
		}
		if cmd.Flags().Lookup("var") != nil {
			offer(cmd, "var", completeVariable)
		}
		if cmd.Name() == "diff" {
			offer(cmd, "only", completeField)
		}
		for flag, values := range flagValues {
			if name, ok := strings.CutPrefix(flag, cmd.Name()+" --"); ok {
				offer(cmd, name, cobra.FixedCompletions(values, noFiles))
			}
		}
	}
}

// offer sets what a flag can be. A flag that is not there is a bug in the program.
func offer(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// pipelineFiles lets the shell offer folders and the files with these endings.
func pipelineFiles(endings ...string) ([]string, cobra.ShellCompDirective) {
	return endings, cobra.ShellCompDirectiveFilterFileExt
}

func completeBundle(*settings) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, noFiles
		}
		return pipelineFiles("zst")
	}
}

func completePipeline(s *settings) cobra.CompletionFunc { return completePipelines(1)(s) }

// completePipelines offers files for some arguments and nothing after them.
func completePipelines(n int) func(*settings) cobra.CompletionFunc {
	return func(*settings) cobra.CompletionFunc {
		return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= n {
				return nil, noFiles
			}
			return pipelineFiles("hcl", "hcl.json")
		}
	}
}

func completeSources(*settings) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return pipelineFiles("hcl")
	}
}

// completePreview offers a file, and after it the stages that preview draws.
func completePreview(*settings) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return pipelineFiles("hcl", "hcl.json")
		case 1:
			return addressesIn(cmd, args[0], "pretrain."), noFiles
		}
		return nil, noFiles
	}
}

// addressesIn returns the addresses of stages in a file that begin with a text, in
// the order of the plan; of a file that cannot be planned, as they are declared.
func addressesIn(cmd *cobra.Command, path, begin string) []string {
	p, diags := plan.Load([]string{path}, stages.Kinds, plan.Options{Given: givenBy(cmd), Lookup: os.LookupEnv, Digest: undigested})
	var addresses []string
	for _, stage := range p.Stages {
		addresses = append(addresses, stage.Address)
	}
	if diags.HasErrors() {
		for _, stage := range specOf(path).Stages {
			addresses = append(addresses, stage.Address())
		}
	}
	return slices.DeleteFunc(addresses, func(a string) bool { return !strings.HasPrefix(a, begin) })
}

func specOf(path string) *hclspec.Spec {
	spec, _ := hclspec.Load([]string{path}, plan.KindNames(stages.Kinds), hclspec.Files{})
	return spec
}

func completeField(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return fieldNames(), noFiles
}

// completeVariable offers NAME= for the variables of the pipeline on the command
// line, with what they are for; a value is the person's.
func completeVariable(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(typed, "=") {
		return nil, cobra.ShellCompDirectiveDefault // it may be a file
	}
	if len(args) == 0 {
		return nil, noFiles
	}
	var names []string
	for _, v := range specOf(args[0]).Variables {
		about := ""
		if v.Description != nil {
			if text, diags := v.Description.Expr.Value(nil); !diags.HasErrors() && text.Type() == cty.String && text.IsKnown() && !text.IsNull() {
				about = text.AsString()
			}
		}
		names = append(names, cobra.CompletionWithDesc(v.Name+"=", strings.Join(strings.Fields(about), " ")))
	}
	return names, noFiles | cobra.ShellCompDirectiveNoSpace
}

// completeRuns offers the runs that have a report, the newest first, for some arguments;
// -1 is any number.
func completeRuns(n int) func(*settings) cobra.CompletionFunc {
	return func(s *settings) cobra.CompletionFunc {
		return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if n >= 0 && len(args) >= n || s.load(cmd.Flags()) != nil {
				return nil, noFiles
			}
			folders, _ := report.Folders(s.runs()) // none where there are none
			var names []string
			for _, folder := range slices.Backward(folders) {
				if _, err := os.Stat(filepath.Join(s.runs(), folder, report.File)); err == nil && !slices.Contains(args, folder) {
					names = append(names, folder)
				}
			}
			if len(names) > 0 {
				names = append([]string{report.Latest}, names...)
			}
			return names, noFiles | cobra.ShellCompDirectiveKeepOrder
		}
	}
}

// completeFolder leaves folders and archives to the shell.
func completeFolder(*settings) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
}
