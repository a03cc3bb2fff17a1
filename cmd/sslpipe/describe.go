package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"sslpipe/internal/backbone"
	"sslpipe/internal/dataset"
	"sslpipe/internal/functions"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/stages"
	"sslpipe/internal/tokenizer"
	"sslpipe/internal/transform"
	"sslpipe/internal/view"
)

// language is all that a pipeline file can say.
func language() view.Language {
	l := view.Language{
		Kinds:     stages.Kinds,
		Families:  []schema.Family{pretext.Kinds, backbone.Kinds, transform.Kinds, nn.Optimizers, nn.Schedules, tokenizer.Kinds},
		Functions: functions.List,
		Words:     plan.Language(),
	}
	for _, s := range dataset.Known {
		stage := "images"
		if dataset.IsText(s.Layout) {
			stage = "texts"
		}
		l.Sources = append(l.Sources, view.Source{Name: s.Name, Doc: s.Doc, License: s.License, Layout: s.Layout, Shape: s.Shape, Text: dataset.IsText(s.Layout),
			Example: fmt.Sprintf("download %q { source = %q }", stage, s.Name)})
	}
	return l
}

func describeCommand(*settings) *cobra.Command {
	var asJSON, asJSONSchema, asMarkdown bool
	cmd := &cobra.Command{
		Use:   "describe [TOPIC] [WORD]",
		Short: "Explain a word of the pipeline language, with an example",
		Long: `Explains a stage, pretext task, backbone, transform, optimiser, schedule, data
set, function or word of the language: what it does, its paper, attributes with
types, limits and defaults, and an example. Without a word it lists all words.

The whole language is written by --json as data, by --json-schema as JSON Schema
with which editors complete pipeline files in JSON (*.hcl.json), and by
--markdown as the reference in docs/language.md.`,
		Example: `  sslpipe describe
  sslpipe describe pretrain
  sslpipe describe rotation
  sslpipe describe function range
  sslpipe describe --json-schema > sslpipe.schema.json`,
		Args: takes(0, 2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return language().Names(), cobra.ShellCompDirectiveNoFileComp
			}
			return language().NamesIn(args[0]), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			l, out := language(), cmd.OutOrStdout()
			whole := asJSON || asJSONSchema || asMarkdown
			switch {
			case whole && len(args) > 0:
				return fmt.Errorf("--json, --json-schema and --markdown describe the whole language: leave out %q", args[0])
			case asJSON:
				return failed(view.LanguageJSON(out, l))
			case asJSONSchema:
				return failed(view.JSONSchema(out, l))
			case asMarkdown:
				return failed(view.LanguageMarkdown(out, l))
			}
			description, err := l.Describe(args)
			if err != nil {
				return err
			}
			return failed(view.Describe(out, view.Detect(out, os.Getenv), description))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write the whole language as JSON")
	cmd.Flags().BoolVar(&asJSONSchema, "json-schema", false, "write a JSON Schema for pipeline files in JSON")
	cmd.Flags().BoolVar(&asMarkdown, "markdown", false, "write the language reference in Markdown")
	cmd.MarkFlagsMutuallyExclusive("json", "json-schema", "markdown")
	return cmd
}
