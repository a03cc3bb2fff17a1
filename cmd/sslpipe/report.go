package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/seal"
	"sslpipe/internal/view"
)

// formats are the forms of a report, by the ending of their files.
var formats = map[string]func(w io.Writer, r *report.Report, dir string) error{
	"txt":  func(w io.Writer, r *report.Report, _ string) error { return view.Report(w, r, view.Style{}) },
	"md":   func(w io.Writer, r *report.Report, _ string) error { return view.ReportMarkdown(w, r) },
	"csv":  func(w io.Writer, r *report.Report, _ string) error { return view.ReportCSV(w, r) },
	"tex":  func(w io.Writer, r *report.Report, _ string) error { return view.ReportLaTeX(w, r) },
	"json": writeJSON,
	"html": writeHTML,
}

func formatNames() []string { return slices.Sorted(maps.Keys(formats)) }

// writeJSON writes the document with its seal: whoever reads a report compares it.
func writeJSON(w io.Writer, r *report.Report, _ string) error {
	var text bytes.Buffer
	if err := view.ReportJSON(&text, r); err != nil {
		return err
	}
	_, err := w.Write(seal.Seal(text.Bytes()))
	return err
}

func writeHTML(w io.Writer, r *report.Report, dir string) error {
	pictures, err := picturesOf(r, dir)
	if err != nil {
		return err
	}
	return view.HTML(w, r, pictures)
}

// picturesOf reads the files of pictures that a report names. They are in its folder,
// and nowhere else: the report may be a stranger's.
func picturesOf(r *report.Report, dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	pictures := map[string][]byte{}
	for _, e := range r.Evaluations {
		for _, set := range e.Sets {
			if set.Pictures == nil {
				continue
			}
			data, err := root.ReadFile(set.Pictures.File)
			if err != nil {
				return nil, err
			}
			pictures[set.Pictures.File] = data
		}
	}
	return pictures, nil
}

// writeReport writes a report in every form, and its figures, into a run's folder.
// The figures can be those that an earlier run has drawn. What a killed process
// leaves half-written is in a folder that the next one removes.
func writeReport(dir string, r *report.Report, earlier bool) (err error) {
	scratch, err := run.NewScratch(filepath.Dir(dir))
	if err != nil {
		return fmt.Errorf("make a folder to write the report in: %w", err)
	}
	defer func() { err = errors.Join(err, scratch.Remove()) }()
	// The library that draws PDF writes its fonts to the folder for temporary files.
	if err := os.Setenv("TMPDIR", scratch.Dir); err != nil {
		return err
	}
	var group errgroup.Group
	for _, ending := range formatNames() {
		group.Go(func() error { return writeForm(filepath.Join(dir, "report."+ending), scratch.Dir, r, dir, ending) })
	}
	group.Go(func() error { return writeFigures(dir, scratch.Dir, r, earlier) })
	return group.Wait()
}

// writeForm writes one form of a report to a file, which appears whole; until then
// it is in the folder scratch.
func writeForm(path, scratch string, r *report.Report, dir, ending string) error {
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithTempDir(scratch))
	if err != nil {
		return err
	}
	defer file.Cleanup() //nolint:errcheck // nothing to undo once it is renamed
	// Flush returns the first error of any write, also one that a form overlooked.
	w := bufio.NewWriter(file)
	err = formats[ending](w, r, dir)
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return file.CloseAtomicallyReplace()
}

func reportCommand(s *settings) *cobra.Command {
	var form, out string
	cmd := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report of a run again, or one form of it to a file",
		Long: `Writes report.html, .md, .csv, .tex, .json and .txt and the figures of a run
into its folder again, from the report.json that is there: nothing is run. RUN
is the name of a run's folder or a beginning of it, the name of a pipeline (its
newest run), a path, or "latest", which is meant without it.`,
		Example: `  sslpipe report
  sslpipe report rotation --format tex --out table.tex
  sslpipe report rotation --format csv`,
		Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := formats[form]; form != "" && !ok {
				return fmt.Errorf("there is no format %q: use %s", form, strings.Join(formatNames(), ", "))
			}
			if out != "" && form == "" {
				return errors.New("--out needs --format")
			}
			r, dir, err := s.readRun(append(args, report.Latest)[0])
			if err != nil {
				return err
			}
			switch {
			case out != "":
				return failed(writeForm(out, filepath.Dir(out), r, dir, form))
			case form != "":
				return failed(formats[form](cmd.OutOrStdout(), r, dir))
			}
			if err := writeReport(dir, r, false); err != nil {
				return failed(err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(dir, "report.html"))
			return failed(err)
		},
	}
	cmd.Flags().StringVar(&form, "format", "", "one form only: csv, html, json, md, tex or txt")
	cmd.Flags().StringVar(&out, "out", "", "file to write that form to; without it, standard output")
	return cmd
}

// readRun finds a run and reads its report.
func (s *settings) readRun(name string) (*report.Report, string, error) {
	dir, err := report.Find(s.runs(), name)
	if err != nil {
		return nil, "", exitError{code: exitMistake, err: err}
	}
	r, err := report.Read(dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("run %s has no report: it was not finished, or has no evaluate stage; see sslpipe runs", filepath.Base(dir))
		return nil, "", exitError{code: exitMistake, err: err}
	}
	return r, dir, failed(err)
}
