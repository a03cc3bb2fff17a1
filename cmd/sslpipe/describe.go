package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/backbone"
	"sslpipe/internal/dataset"
	"sslpipe/internal/nn"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/stages"
	"sslpipe/internal/transform"
	"sslpipe/internal/view"
)

// families lists what describe knows besides the kinds of stage.
var families = []schema.Family{pretext.Kinds, backbone.Kinds, transform.Kinds, nn.Optimizers, nn.Schedules}

func describeCommand(*settings) *cobra.Command {
	return &cobra.Command{
		Use:   "describe [WORD [NAME]]",
		Short: "Explain a stage, pretext task, backbone, transform, optimiser, schedule or data set",
		Example: `  sslpipe describe
  sslpipe describe pretrain
  sslpipe describe pretext rotation`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: completeWords,
		RunE: func(cmd *cobra.Command, args []string) error {
			descriptions, err := describe(args)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			return failed(view.Describe(out, view.Detect(out, os.Getenv), descriptions...))
		},
	}
}

// describe returns the text about a word: all kinds and families for none, one
// of them, or one member of a family.
func describe(args []string) ([]view.Description, error) {
	if len(args) == 0 {
		return []view.Description{overview()}, nil
	}
	if i := slices.IndexFunc(families, func(f schema.Family) bool { return f.Name == args[0] }); i >= 0 {
		return describeFamily(families[i], args[1:])
	}
	if len(args) == 1 {
		for _, k := range stages.Kinds {
			if k.Name == args[0] {
				return []view.Description{view.DescribeKind(k)}, nil
			}
		}
		if args[0] == dataWord {
			return []view.Description{describeData()}, nil
		}
	}
	return nil, fmt.Errorf("there is nothing to describe under %q; known are %s.%s",
		strings.Join(args, " "), strings.Join(words(), ", "), schema.DidYouMean(args[0], words()))
}

const dataWord = "source"

func describeFamily(f schema.Family, names []string) ([]view.Description, error) {
	if len(names) == 0 {
		return []view.Description{view.DescribeFamily(f)}, nil
	}
	v, ok := f.Find(names[0])
	if !ok {
		return nil, fmt.Errorf("there is no %s %q; known are %s.%s",
			f.Name, names[0], strings.Join(f.Names(), ", "), schema.DidYouMean(names[0], f.Names()))
	}
	return []view.Description{view.DescribeVariant(f, v)}, nil
}

func words() []string {
	var all []string
	for _, k := range stages.Kinds {
		all = append(all, k.Name)
	}
	for _, f := range families {
		all = append(all, f.Name)
	}
	return append(all, dataWord)
}

func overview() view.Description {
	kinds := view.Section{Title: "Stages"}
	for _, k := range stages.Kinds {
		kinds.Items = append(kinds.Items, view.Item{Name: k.Name, Doc: k.Doc})
	}
	blocks := view.Section{Title: "Families"}
	for _, f := range families {
		blocks.Items = append(blocks.Items, view.Item{Name: f.Name, Doc: strings.Join(f.Names(), ", ")})
	}
	blocks.Items = append(blocks.Items, view.Item{Name: dataWord, Doc: strings.Join(dataset.KnownNames(), ", ")})
	return view.Description{
		Title: "sslpipe describe WORD [NAME]", Doc: "Explains a word of the pipeline language.",
		Sections: []view.Section{kinds, blocks},
	}
}

func describeData() view.Description {
	known := view.Section{Title: "Known data sets"}
	for _, set := range dataset.Known {
		known.Items = append(known.Items, view.Item{Name: set.Name, Note: "licence: " + set.License, Doc: set.Doc})
	}
	return view.Description{Title: dataWord, Doc: "Data sets that a download stage knows by name.", Sections: []view.Section{known}}
}

func completeWords(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return words(), cobra.ShellCompDirectiveNoFileComp
	}
	for _, f := range families {
		if len(args) == 1 && f.Name == args[0] {
			return f.Names(), cobra.ShellCompDirectiveNoFileComp
		}
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
