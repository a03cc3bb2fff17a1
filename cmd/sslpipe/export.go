package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"sslpipe/internal/bundle"
	"sslpipe/internal/durable"
	"sslpipe/internal/report"
	"sslpipe/internal/view"
)

func exportCommand(s *settings) *cobra.Command {
	var force, withoutModels bool
	cmd := &cobra.Command{
		Use:   "export RUN BUNDLE.tar.zst",
		Short: "Write a run into one file, for another person to read and verify",
		Long: `Writes one file with all that another person needs: the files of the pipeline and
the values that it was run with (without sensitive ones), the resolved
configuration, the lock, the report, the curves of each unit and its SavedModels.
Data sets are not in it; their digests are. RUN is as in sslpipe report.

Times, speed, machines and paths are not in it, so two runs with the same results
give the same bytes: the sha256 that is printed names the result.`,
		Example: `  sslpipe export rotation rotation.tar.zst
  sslpipe export latest small.tar.zst --without-models`,
		Args: takes(2, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := report.Find(s.runs(), args[0])
			if err != nil {
				return exitError{code: exitMistake, err: err}
			}
			out := args[1]
			if _, err := os.Lstat(out); err == nil && !force {
				return exitError{code: exitMistake, err: fmt.Errorf("%s exists: choose another name, or --force to replace it", out)}
			}
			c, err := s.contentsOf(dir, !withoutModels)
			if err != nil {
				return err
			}
			written, err := writeBundle(cmd.Context(), out, c)
			if err != nil {
				return interruptedOrFailed(err)
			}
			return failed(view.Exported(cmd.OutOrStdout(), out, written))
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it exists")
	cmd.Flags().BoolVar(&withoutModels, "without-models", false, "leave the SavedModels out")
	return cmd
}

// writeBundle writes a file, which appears whole and on disk.
func writeBundle(ctx context.Context, path string, c *contents) (*bundle.Written, error) {
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	defer file.Cleanup() //nolint:errcheck // nothing to undo once it is renamed
	written, err := bundle.Write(until{ctx: ctx, Writer: file}, programText(), c.pipeline, c.entries)
	if err == nil {
		err = file.CloseAtomicallyReplace()
	}
	if err == nil {
		err = durable.SyncFolder(filepath.Dir(path))
	}
	if errors.Is(err, syscall.ENOSPC) {
		return nil, fmt.Errorf("write %s: %w; nothing is left behind: free space there, or name a file on another disk", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return written, nil
}

// until is a reader or writer that stops when its context ends.
type until struct {
	ctx context.Context
	io.Reader
	io.Writer
}

// Read implements io.Reader.
func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}

// Write implements io.Writer.
func (u until) Write(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Writer.Write(p)
}

// addFolder adds the files of a run's folder that are in a folder of it, which may be
// missing.
func (c *contents) addFolder(name string) error {
	root := filepath.Join(c.dir, name)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(c.dir, path)
		c.entries = append(c.entries, bundle.Copy(filepath.ToSlash(rel), path))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
