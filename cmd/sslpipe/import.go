package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"sslpipe/internal/bundle"
	"sslpipe/internal/durable"
	"sslpipe/internal/fetch"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/view"
)

func importCommand(s *settings) *cobra.Command {
	var list bool
	cmd := &cobra.Command{
		Use:   "import BUNDLE.tar.zst",
		Short: "Make a run of another person one of the runs here",
		Long: `Unpacks what sslpipe export wrote, checks every file against the manifest, and
puts it among the runs here, where show, report, compare and verify know it. Its
models are in the run's folder. Nothing of it becomes a stored result: what another
person computed is never used in place of a run here.`,
		Example: `  sslpipe import rotation.tar.zst
  sslpipe import --list rotation.tar.zst`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := openBundle(cmd.Context(), args[0])
			if err != nil {
				return refused(err)
			}
			defer b.file.Close() //nolint:errcheck // nothing was written
			out := cmd.OutOrStdout()
			if list {
				m, err := bundle.Read(b.reader(), b.size, nil)
				if err != nil {
					return refused(fmt.Errorf("%s: %w", args[0], err))
				}
				return failed(view.BundleList(out, m, b.size, b.digest, view.Detect(out, os.Getenv)))
			}
			dir, fresh, err := s.importRun(b)
			if err != nil {
				return refused(fmt.Errorf("import %s: %w", args[0], err))
			}
			return failed(view.Imported(out, filepath.Base(dir), dir, fresh))
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "check the bundle and list what is in it; import nothing")
	return cmd
}

// refused gives an error its exit code: a bundle that cannot be used is the mistake of
// who named it.
func refused(err error) error {
	if _, ok := errors.AsType[exitError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*bundle.RefusedError](err); ok || errors.Is(err, fs.ErrNotExist) {
		return exitError{code: exitMistake, err: err}
	}
	return interruptedOrFailed(err)
}

// openedBundle is a bundle's file with its digest.
type openedBundle struct {
	ctx    context.Context
	file   *os.File
	size   int64
	digest string
}

func openBundle(ctx context.Context, path string) (*openedBundle, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a pipe could be read only once
		return nil, exitError{code: exitMistake, err: fmt.Errorf("%s is no file", path)}
	}
	digest, err := fetch.SHA256(ctx, path, nil)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	return &openedBundle{ctx: ctx, file: file, size: info.Size(), digest: digest}, err
}

func (b *openedBundle) reader() io.Reader { return until{ctx: b.ctx, Reader: b.file} }

// importRun unpacks a bundle into a private folder and renames it to one of a run; fresh
// is false if the same bundle has been imported before, and then nothing is changed.
//
// Nothing goes into the store of results, nor where models are published: what a
// stranger says that a fingerprint gives must not be taken for what it gives.
func (s *settings) importRun(b *openedBundle) (dir string, fresh bool, err error) {
	if err := os.MkdirAll(s.runs(), 0o777); err != nil {
		return "", false, err
	}
	folders, err := report.Folders(s.runs())
	if err != nil {
		return "", false, err
	}
	for _, name := range folders {
		if run.IsImported(name) && strings.HasSuffix(name, "-"+b.digest[:12]) {
			return filepath.Join(s.runs(), name), false, nil
		}
	}
	private, err := run.NewScratch(s.runs())
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, private.Remove()) }()
	hash := sha256.New()
	m, err := bundle.Unpack(io.TeeReader(b.reader(), hash), b.size, private.Dir)
	if errors.Is(err, syscall.ENOSPC) {
		return "", false, fmt.Errorf("%w; nothing is left behind: free space there, or name another folder with --state", err)
	}
	if err != nil {
		return "", false, err
	}
	if hex.EncodeToString(hash.Sum(nil)) != b.digest {
		return "", false, errors.New("the file changed while it was read")
	}
	dir = filepath.Join(s.runs(), run.ImportedPrefix+m.Pipeline+"-"+b.digest[:12])
	if err := prepareImported(private.Dir, filepath.Base(dir), m); err != nil {
		return "", false, err
	}
	if err := os.Rename(private.Dir, dir); err != nil {
		return "", false, err
	}
	return dir, true, durable.SyncFolder(s.runs())
}

// prepareImported checks that what was unpacked is a run, and draws the forms of its
// report anew, so that no page that a stranger made is opened. Name is what the run is
// called here.
func prepareImported(dir, name string, m *bundle.Manifest) error {
	config, err := run.ReadConfig(dir)
	if err != nil {
		return &bundle.RefusedError{Reason: fmt.Sprintf("it holds no run: %v", err)}
	}
	if config.Pipeline != m.Pipeline {
		return &bundle.RefusedError{Reason: fmt.Sprintf("it is of the pipeline %q, and its configuration of %q", m.Pipeline, config.Pipeline)}
	}
	if _, err := run.ReadSources(dir); err != nil {
		return &bundle.RefusedError{Reason: fmt.Sprintf("it holds no pipeline: %v", err)}
	}
	if !m.Has(report.File) {
		return nil
	}
	return drawImported(dir, name)
}

func drawImported(dir, name string) (err error) {
	defer func() { // a document that no run writes can lack what the forms show
		if problem := recover(); problem != nil {
			err = &bundle.RefusedError{Reason: fmt.Sprintf("its report cannot be shown: %v", problem)}
		}
	}()
	r, err := report.Read(dir)
	if err != nil {
		return &bundle.RefusedError{Reason: err.Error()}
	}
	r.Run = name
	for _, form := range bundledForms {
		if form == "json" {
			continue
		}
		if err := writeForm(filepath.Join(dir, "report."+form), dir, r, dir, form); err != nil {
			return err
		}
	}
	return nil
}
