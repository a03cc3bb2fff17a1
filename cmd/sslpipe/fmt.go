package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"sslpipe/internal/format"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/view"
)

const (
	// standardInput is the argument that means it.
	standardInput = "-"
	sourceEnding  = ".hcl"
	jsonEnding    = ".hcl.json"
)

func fmtCommand(*settings) *cobra.Command {
	f := formatter{files: map[string]*hcl.File{}}
	cmd := &cobra.Command{
		Use:   "fmt [PATH...]",
		Short: "Rewrite pipeline files in their one layout",
		Long: `Rewrites pipeline files in their one layout and prints the names of those that
changed. PATH is a file, a folder (its *.hcl files) or "-" (standard input to
standard output); without it the current folder is meant. Comments and meaning
stay. A file that does not parse is left as it is; so are *.hcl.json files.

The exit code is 2 if a file does not parse, and with --check 3 if one would
change.`,
		Example: `  sslpipe fmt
  sslpipe fmt --check --diff --recursive .
  sslpipe fmt - < rotation.hcl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			return f.format(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; exit with 3 if a file would change")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "write nothing; print what would change")
	cmd.Flags().BoolVarP(&f.recursive, "recursive", "r", false, "also files in folders below, but for hidden ones")
	return cmd
}

// formatter is one call of fmt.
type formatter struct {
	check, diff, recursive bool

	files   map[string]*hcl.File // that do not parse
	diags   hcl.Diagnostics
	changed bool // or would be
}

func (f *formatter) format(cmd *cobra.Command, args []string) error {
	var paths []string
	for _, arg := range args {
		found, err := f.find(arg)
		if err != nil {
			return err
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		if err := f.one(cmd, path); err != nil {
			return failed(err)
		}
	}
	if len(f.diags) > 0 {
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, f.files, f.diags, view.Detect(stderr, os.Getenv)); err != nil {
			return failed(err)
		}
		return exitError{code: exitMistake}
	}
	if f.check && f.changed {
		return exitError{code: exitChanges}
	}
	return nil
}

// find returns the files that an argument means, in the order of their names.
func (f *formatter) find(arg string) ([]string, error) {
	if arg == standardInput {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no file or folder %s", arg)
	case err != nil:
		return nil, failed(err)
	case info.IsDir():
		paths, err := f.findIn(arg)
		return paths, failed(err)
	case strings.HasSuffix(arg, sourceEnding):
		return []string{arg}, nil
	case strings.HasSuffix(arg, jsonEnding):
		return nil, nil
	}
	return nil, fmt.Errorf("%s is no pipeline file: their names end in %s", arg, sourceEnding)
}

func (f *formatter) findIn(dir string) ([]string, error) {
	var paths []string
	dir += string(filepath.Separator) // or a link to a folder would be one entry
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".")
		switch {
		case entry.IsDir() && (hidden || !f.recursive):
			return fs.SkipDir
		case entry.IsDir() || hidden || !strings.HasSuffix(path, sourceEnding):
			return nil
		}
		info, err := os.Stat(path) // of what a link leads to
		if err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// one formats one file, or standard input.
func (f *formatter) one(cmd *cobra.Command, path string) error {
	name, src, err := readSource(cmd, path)
	if err != nil {
		return err
	}
	text, diags := format.Source(src, name)
	if diags.HasErrors() {
		f.files[name] = &hcl.File{Bytes: src}
		f.diags = append(f.diags, diags...)
		return nil
	}
	same := bytes.Equal(text, src)
	f.changed = f.changed || !same
	out := cmd.OutOrStdout()
	switch {
	case f.diff:
		return view.TextDiff(out, name, src, text, view.Detect(out, os.Getenv))
	case path == standardInput && !f.check:
		_, err = out.Write(text)
		return err
	case same:
		return nil
	case !f.check:
		err = rewrite(path, text)
	}
	if err == nil {
		_, err = fmt.Fprintln(out, name)
	}
	return err
}

func readSource(cmd *cobra.Command, path string) (name string, src []byte, err error) {
	in := cmd.InOrStdin()
	name = "standard input"
	if path != standardInput {
		file, err := os.Open(path)
		if err != nil {
			return "", nil, err
		}
		defer file.Close() //nolint:errcheck // nothing was written
		in, name = file, path
	}
	src, err = hclspec.ReadText(in)
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", name, err)
	}
	return name, src, nil
}

// rewrite replaces a file at once, with its permissions; of a link, the file that
// it leads to.
func rewrite(path string, text []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		err = renameio.WriteFile(target, text, 0o644, renameio.WithExistingPermissions(), renameio.WithTempDir(filepath.Dir(target)))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
