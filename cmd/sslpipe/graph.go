package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/schema"
	"sslpipe/internal/view"
)

// drawings are the forms of a graph.
var drawings = map[string]func(w io.Writer, g view.Graph) error{
	"tree": func(w io.Writer, g view.Graph) error {
		return view.GraphTree(w, g, view.Detect(w, os.Getenv))
	},
	"dot":     view.GraphDOT,
	"mermaid": view.GraphMermaid,
	"json":    view.GraphJSON,
}

func drawingNames() []string { return slices.Sorted(maps.Keys(drawings)) }

// graphFlags are the flags of graph.
type graphFlags struct {
	pipelineFlags
	form          string
	units, status bool
}

func graphCommand(s *settings) *cobra.Command {
	flags := graphFlags{form: "tree"}
	cmd := &cobra.Command{
		Use:   "graph PIPELINE.hcl...",
		Short: "Draw what reads what",
		Long: `Draws the stages of a pipeline and what each reads of others: as a tree with what
nobody reads at the root, or for Graphviz, Mermaid or a program. Each connection
is named after the attribute that reads and the output that is read.`,
		Example: `  sslpipe graph pipelines/rotation.hcl
  sslpipe graph pipelines/rotation.hcl --format dot | dot -Tsvg > rotation.svg`,
		Args: takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error { return s.graph(cmd, flags, args) },
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.form, "format", flags.form, "tree, dot, mermaid or json")
	cmd.Flags().BoolVar(&flags.units, "units", false, "draw units instead of stages")
	cmd.Flags().BoolVar(&flags.status, "status", false, "tell what is cached")
	return cmd
}

func (s *settings) graph(cmd *cobra.Command, flags graphFlags, args []string) error {
	draw, ok := drawings[flags.form]
	if !ok {
		return fmt.Errorf("there is no format %q: use %s.%s", flags.form, strings.Join(drawingNames(), ", "), schema.DidYouMean(flags.form, drawingNames()))
	}
	p, err := flags.inspect(cmd, s, args)
	if err != nil {
		return err
	}
	var cached func(string) bool
	if flags.status {
		store, err := s.store()
		if err != nil {
			return err
		}
		cached = func(fingerprint string) bool {
			_, found, err := store.Lookup(fingerprint)
			return found && err == nil
		}
	}
	g := view.StageGraph(p, cached)
	if flags.units {
		g = view.UnitGraph(p, cached)
	}
	return failed(draw(cmd.OutOrStdout(), g))
}
