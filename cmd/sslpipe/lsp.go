package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"sslpipe/internal/dataset"
	"sslpipe/internal/format"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/lsp"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

func lspCommand(*settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lsp",
		Short: "Help an editor with pipeline files: a language server over stdin and stdout",
		Long: `Speaks the Language Server Protocol over stdin and stdout, for an editor to start:
completion, explanations, mistakes while typing, definitions, references, renaming,
formatting and outline. docs/editors.md shows the settings of VS Code, Neovim and
Helix.`,
		Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			err := lsp.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), log, lspOptions())
			if errors.Is(err, context.Canceled) {
				return exitError{code: exitInterrupted}
			}
			return failed(err)
		},
	}
	cmd.Flags().Bool("stdio", true, "use stdin and stdout, the only way there is; for editors that say so")
	return cmd
}

func lspOptions() lsp.Options {
	return lsp.Options{
		Kinds:    stages.Kinds,
		Note:     view.AttributeNote,
		ValueDoc: valueDoc,
		Plan: func(paths []string, read hclspec.Read) (*plan.Plan, hcl.Diagnostics) {
			return plan.Load(paths, stages.Kinds, plan.Options{Lookup: os.LookupEnv, Read: read, Digest: undigested})
		},
		Format: format.Source,
	}
}

// undigested spares an editor or a shell the reading of data sets: what they show
// does not depend on the content of files.
func undigested(string) (string, error) { return "", nil }

// valueDoc describes data sets that are known by name.
func valueDoc(f schema.Field, value string) string {
	set, ok := dataset.FindKnown(value)
	if !ok || f.Name != "source" {
		return ""
	}
	return fmt.Sprintf("%s\n\nLicence: %s", set.Doc, set.License)
}
