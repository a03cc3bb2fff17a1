package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"
)

// Load plans again what the sources were made of. No file is read from disk but
// data: of that, the digests are taken as they were, so that a unit that reads it has
// to see to it (see [Sources.CheckData]). Of the options, Given has the sensitive
// values, Lookup is asked for these alone, and Runtime counts; what reads files is
// replaced.
func (s *Sources) Load(kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	if diags := s.checkGiven(o); diags.HasErrors() {
		return &Plan{}, diags
	}
	root := absolute(s.Root)
	at := func(name string) string { return absoluteIn(root, name) }
	r := replay{Sources: s, root: root}
	again := Options{Sets: s.Sets, Runtime: o.Runtime, Workers: s.Workers, Read: r.read, List: r.list, Dir: at(s.Dir), Digest: r.digest,
		Find: func(path string) error { _, err := r.digest(path); return err }}
	for _, g := range s.Given {
		if g.File != "" {
			g.File = at(g.File)
		}
		again.Given = append(again.Given, g)
	}
	again.Given = append(again.Given, o.Given...)
	again.Lookup = func(name string) (string, bool) {
		if value, ok := s.Environment[name]; ok {
			return value, true
		}
		variable, isVariable := strings.CutPrefix(name, EnvironmentPrefix)
		if o.Lookup == nil || !isVariable || !slices.Contains(s.Sensitive, variable) {
			return "", false
		}
		return o.Lookup(name)
	}
	var paths []string
	for _, name := range s.Pipelines {
		paths = append(paths, at(name))
	}
	return Load(paths, kinds, again)
}

// checkGiven reports why the plan cannot be made again, and values that are given
// though nothing but the sensitive ones is open.
func (s *Sources) checkGiven(o Options) hcl.Diagnostics {
	var diags hcl.Diagnostics
	report := func(summary, format string, args ...any) {
		diags = append(diags, &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...)})
	}
	if len(s.Pipelines) == 0 {
		report("Missing pipeline", "No pipeline is recorded here.")
	}
	for _, reason := range s.Withheld {
		report("Sensitive value", "This cannot be planned again, since sensitive values are never stored. %s", reason)
	}
	given := map[string]bool{}
	for _, g := range o.Given {
		name, _, _ := strings.Cut(g.Var, "=")
		if g.File == "" && !slices.Contains(s.Sensitive, name) {
			report("Unexpected value", "Only sensitive variables are given again, since all others are recorded, and var.%s is not one.", name)
		}
		given[name] = true
	}
	for _, name := range s.Sensitive {
		inEnvironment := false
		if o.Lookup != nil {
			_, inEnvironment = o.Lookup(EnvironmentPrefix + name)
		}
		if files := slices.ContainsFunc(o.Given, func(g Given) bool { return g.File != "" }); !given[name] && !inEnvironment && !files {
			report("Missing value for variable", "var.%s is sensitive, so its value is not stored and must be given again: --var %s=VALUE.", name, name)
		}
	}
	return diags
}

// ErrChangedData is matched by the error for data that is not what it was.
var ErrChangedData = errors.New("the data has changed")

// CheckData compares the data that a configuration names with what it was, by
// reading all of it. It is what a unit of a plan by [Sources.Load] needs before it
// runs.
func (s *Sources) CheckData(config any) error {
	r := replay{Sources: s, root: absolute(s.Root)}
	for _, file := range dataFiles(config) {
		want, err := r.digest(file)
		if err != nil {
			return err
		}
		got, err := Digest(file)
		if errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no file or folder %s, whose digest was %.12s: put the data there", file, want)
		}
		if err != nil {
			return fmt.Errorf("read data: %w", err)
		}
		if got != want {
			return fmt.Errorf("%w: %s has the digest %.12s, and it was %.12s", ErrChangedData, file, got, want)
		}
	}
	return nil
}

// replay hands out sources at the absolute paths below a folder.
type replay struct {
	*Sources
	root string
}

// absoluteIn is the path of a name in a folder.
func absoluteIn(root, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

func (r replay) read(path string) ([]byte, error) {
	if text, ok := r.Files[nameIn(r.root, path)]; ok {
		return text, nil
	}
	return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
}

func (r replay) list(dir string) ([]string, error) {
	name := nameIn(r.root, dir)
	if _, isFile := r.Files[name]; isFile {
		return nil, syscall.ENOTDIR
	}
	var names []string
	for file := range r.Files {
		if path.Dir(file) == name {
			names = append(names, path.Base(file))
		}
	}
	if len(names) == 0 {
		return nil, &fs.PathError{Op: "list", Path: dir, Err: fs.ErrNotExist}
	}
	slices.Sort(names)
	return names, nil
}

func (r replay) digest(file string) (string, error) {
	for _, name := range []string{nameIn(r.root, file), filepath.ToSlash(file)} {
		if sum, ok := r.Data[name]; ok {
			return sum, nil
		}
	}
	return "", &fs.PathError{Op: "find", Path: file, Err: fs.ErrNotExist}
}
