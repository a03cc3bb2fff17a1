package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sslpipe/internal/tfruntime"
)

func runtimeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "runtime",
		Short: "Show and install the TensorFlow libraries that do the computing",
		Long: `runtime shows which TensorFlow runtimes are installed. They lie in the folder
.deps of the checkout, or in the one that ` + depsVariable + ` names. run installs the CPU
runtime by itself when it needs it; the GPU runtime (some 2.4 GB to download) is
installed when it is asked for.`,
		Args: onlyCommands,
		RunE: func(cmd *cobra.Command, _ []string) error {
			root, err := depsRoot()
			if err != nil {
				return failed(err)
			}
			return failed(printRuntimes(cmd.OutOrStdout(), tfruntime.List(root)))
		},
	}
	cmd.AddCommand(&cobra.Command{
		Use:       "install cpu|gpu",
		Short:     "Download, verify and unpack a runtime, unless it is installed",
		Args:      cobra.MatchAll(takes(1, 1), cobra.OnlyValidArgs),
		ValidArgs: []string{tfruntime.CPU, tfruntime.GPU},
		RunE:      func(cmd *cobra.Command, args []string) error { return installRuntime(cmd, args[0]) },
	}, &cobra.Command{
		Use:   "verify",
		Short: "Compare every file of the installed runtimes with its digest",
		Args:  takes(0, 0),
		RunE:  func(cmd *cobra.Command, _ []string) error { return verifyRuntimes(cmd) },
	})
	return cmd
}

// installRuntime only says so where the runtime is installed already.
func installRuntime(cmd *cobra.Command, device string) error {
	root, err := depsRoot()
	if err != nil {
		return failed(err)
	}
	dir, err := tfruntime.Find(root, device)
	verb := "is installed"
	if err != nil {
		progress := newInstallProgress(cmd.ErrOrStderr())
		dir, err = tfruntime.Install(cmd.Context(), root, device, progress.report)
		progress.end()
		verb = "was installed"
	}
	if err == nil {
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "TensorFlow %s for %s %s in %s\n", tfruntime.Version, device, verb, dir)
	}
	return failed(err)
}

func verifyRuntimes(cmd *cobra.Command) error {
	root, err := depsRoot()
	if err != nil {
		return failed(err)
	}
	found := false
	for _, s := range tfruntime.List(root) {
		if !s.Installed && s.Problem == nil {
			continue
		}
		found = true
		progress := newInstallProgress(cmd.ErrOrStderr())
		err := tfruntime.Verify(cmd.Context(), root, s.Device, progress.report)
		progress.end()
		if err != nil {
			return failed(err)
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: every file is as it was installed from %s\n", s.Device, s.Source); err != nil {
			return failed(err)
		}
	}
	if !found {
		return failed(errors.New("no runtime is installed (sslpipe runtime install cpu)"))
	}
	return nil
}

// printRuntimes writes the table of runtimes and what there is to say of them.
func printRuntimes(w io.Writer, list []tfruntime.Status) error {
	var text bytes.Buffer
	table := tablewriter.NewTable(&text,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off), tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone))
	table.Header("device", "TensorFlow", "installed", "size", "folder")
	for _, s := range list {
		row := []string{s.Device, s.Version, "no", "", ""}
		if s.Installed {
			row = []string{s.Device, s.Version, "yes", megabytes(s.Bytes), s.Dir}
		}
		if err := table.Append(row); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(line, " \n"))
	}
	for _, s := range list {
		switch {
		case s.Problem != nil:
			fmt.Fprintf(w, "\n%s\n", s.Problem)
		case s.Installed && !s.Pinned:
			fmt.Fprintf(w, "\nThe runtime for %s comes from an archive of which no digest is pinned: %s\n", s.Device, s.Source)
		}
	}
	return nil
}

func megabytes(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// installProgress shows an installation: one line that changes on a terminal,
// else a line when a step begins and every ten seconds.
type installProgress struct {
	w        io.Writer
	terminal bool
	step     string // step and file of the last line
	shown    time.Time
}

func newInstallProgress(w io.Writer) *installProgress {
	file, ok := w.(*os.File)
	return &installProgress{w: w, terminal: ok && term.IsTerminal(int(file.Fd()))}
}

func (p *installProgress) report(r tfruntime.Progress) {
	if r.Note != "" {
		p.end()
		fmt.Fprintln(p.w, r.Note)
		return
	}
	step := r.Step + " " + r.File
	every := 10 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	if (step == p.step || p.terminal) && time.Since(p.shown) < every {
		return
	}
	p.step, p.shown = step, time.Now()
	line := strings.TrimSpace(step)
	if r.Total > 0 {
		line += fmt.Sprintf("  %d %% of %s", 100*r.Done/r.Total, megabytes(r.Total))
	}
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K"+line)
		return
	}
	fmt.Fprintln(p.w, line)
}

// end clears the line that changes.
func (p *installProgress) end() {
	if p.terminal && !p.shown.IsZero() {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
