package main

import (
	"github.com/spf13/cobra"

	"sslpipe/internal/plan"
)

// selectionFlags choose a part of a plan.
type selectionFlags struct{ selection plan.Selection }

func (f *selectionFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.selection.Only, "only", nil, "run only these stages")
	cmd.Flags().StringArrayVar(&f.selection.Exclude, "exclude", nil, "leave these stages out")
	cmd.Flags().StringArrayVar(&f.selection.Force, "force", nil, "run these stages though they are stored")
}

func (f *selectionFlags) choose(p *plan.Plan) (*plan.Chosen, error) { return p.Select(f.selection) }
