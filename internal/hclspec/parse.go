package hclspec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/schema"
)

// maxFiles limits the files of one pipeline.
const maxFiles = 100

// Read returns the text of a file; a reader may hand out what an editor holds
// instead of what is on disk.
type Read func(path string) ([]byte, error)

// ReadFile reads a file from disk, one byte more at most than is accepted.
func ReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return ReadText(f)
}

// List names the files in a folder, without those that are folders, in the order of
// their names. Where the path is a file, the error is [syscall.ENOTDIR].
type List func(dir string) ([]string, error)

// ListFiles lists a folder on disk.
func ListFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Files are where pipelines are read from: a nil function is that of the disk.
type Files struct {
	Read Read
	List List
}

func (f Files) complete() Files {
	if f.Read == nil {
		f.Read = ReadFile
	}
	if f.List == nil {
		f.List = ListFiles
	}
	return f
}

// Load reads and parses a pipeline, which is what all files together declare; a
// path may be a folder, with the files that end in .hcl or .hcl.json. Kinds are the
// names of the kinds of stage. The Spec is never nil. If a file has syntax errors,
// these are the only diagnostics and the Spec is unreadable, since what follows
// from them is guesswork.
func Load(paths []string, kinds []string, from Files) (*Spec, hcl.Diagnostics) {
	from = from.complete()
	r := &reader{Spec: &Spec{Files: map[string]*hcl.File{}}, kinds: kinds, seen: map[string]hcl.Range{}}
	var diags hcl.Diagnostics
	for _, path := range paths {
		diags = append(diags, r.find(path, from)...)
	}
	var bodies []*Body
	for _, path := range r.Paths {
		body, more := parseFile(path, r.Files, from.Read)
		diags = append(diags, more...)
		bodies = append(bodies, body)
	}
	r.Unreadable = len(bodies) == 0 || slices.Contains(bodies, nil)
	if r.Unreadable {
		return r.Spec, diags
	}
	if len(paths) == 1 {
		if d := r.apart(bodies); d != nil {
			r.Unreadable = true
			return r.Spec, append(diags, d)
		}
	}
	for _, body := range bodies {
		diags = append(diags, r.readBlocks(body)...)
	}
	return r.Spec, diags
}

// apart reports a folder of pipelines that are not meant as one, which would have
// nearly everything twice.
func (r *reader) apart(bodies []*Body) *hcl.Diagnostic {
	var files []string
	var second hcl.Range
	for i, body := range bodies {
		if at, ok := body.pipelineBlock(); ok {
			if files = append(files, r.Paths[i]); len(files) == 2 {
				second = at
			}
		}
	}
	if len(files) < 2 {
		return nil
	}
	return Errorf(second, "Several pipelines", "A folder is one pipeline, and %d of its files have a pipeline block: %s. Name one of them, such as %s, or keep the block in one.",
		len(files), some(files), files[0])
}

// some lists the first of many names.
func some(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// find adds the files of a path.
func (r *reader) find(path string, from Files) hcl.Diagnostics {
	files := []string{path}
	dir := filepath.Dir(path)
	name := trimExtension(filepath.Base(path))
	switch inside, err := from.Folder(path); {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrNotExist): // reading it tells
	case err != nil:
		return hcl.Diagnostics{unreadable(path, err)}
	default:
		files = inside
		if len(files) == 0 {
			return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Cannot read pipeline file",
				Detail: fmt.Sprintf("The folder %s has no file that ends in .hcl or .hcl.json.", path)}}
		}
		dir = path
		if abs, err := filepath.Abs(path); err == nil {
			name = filepath.Base(abs)
		}
	}
	if r.Path == "" {
		r.Name, r.Path, r.Dir = name, path, dir
	}
	for _, f := range files {
		if !slices.Contains(r.Paths, f) {
			r.Paths = append(r.Paths, f)
		}
	}
	if len(r.Paths) > maxFiles {
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Too many files", Detail: fmt.Sprintf("A pipeline has at most %d files.", maxFiles)}}
	}
	return nil
}

func trimExtension(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".hcl")
}

// Folder returns the pipeline files of a folder, in the order of their names.
// Values (*.auto.hcl) and locks (*.lock.hcl) are not among them.
func (f Files) Folder(dir string) ([]string, error) {
	return f.list(dir, func(name string) bool {
		stem := trimExtension(name)
		return stem != name && name != stem+".json" && !strings.HasSuffix(stem, ".auto") && !strings.HasSuffix(stem, ".lock")
	})
}

// AutoFiles returns the files of values that a pipeline in a folder takes without
// being told: *.auto.hcl and *.auto.hcl.json, in the order of their names.
func (f Files) AutoFiles(dir string) ([]string, error) {
	return f.list(dir, func(name string) bool {
		return strings.HasSuffix(name, ".auto.hcl") || strings.HasSuffix(name, ".auto.hcl.json")
	})
}

func (f Files) list(dir string, keep func(name string) bool) ([]string, error) {
	names, err := f.complete().List(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, name := range names {
		if !strings.HasPrefix(name, ".") && keep(name) {
			files = append(files, filepath.Join(dir, name))
		}
	}
	return files, nil
}

// parseFile parses one file and keeps its source; the body is nil after an error.
func parseFile(path string, files map[string]*hcl.File, read Read) (*Body, hcl.Diagnostics) {
	src, err := read(path)
	if err != nil {
		return nil, hcl.Diagnostics{unreadable(path, err)}
	}
	files[path] = &hcl.File{Bytes: src}
	if diags := checkSize(src, path); diags.HasErrors() {
		files[path].Bytes = nil
		return nil, diags
	}
	if IsJSON(path) {
		file, body, diags := parseJSON(src, path)
		keepWithin(diags, src)
		if body != nil {
			files[path] = file
		}
		return body, diags
	}
	file, diags := parseNative(src, path)
	if file == nil || spoiled(diags) {
		return nil, diags
	}
	files[path] = file
	return &Body{native: file.Body.(*hclsyntax.Body)}, diags
}

// keepWithin moves ranges into the source: HCL's scanner for JSON expects more behind
// the end of a text.
func keepWithin(diags hcl.Diagnostics, src []byte) {
	for _, d := range diags {
		for _, r := range []*hcl.Range{d.Subject, d.Context} {
			if r != nil {
				r.Start.Byte, r.End.Byte = min(r.Start.Byte, len(src)), min(r.End.Byte, len(src))
			}
		}
	}
}

// LoadValues reads a file of values for variables: NAME = VALUE.
func LoadValues(path string, files map[string]*hcl.File, read Read) ([]*hcl.Attribute, hcl.Diagnostics) {
	if read == nil {
		read = ReadFile
	}
	body, diags := parseFile(path, files, read)
	if body == nil {
		return nil, diags
	}
	attributes, more := body.Attributes("a file of values")
	return attributes, append(diags, more...)
}

// Parse is Load for the text of a single file that has been read; path appears in
// diagnostics.
func Parse(src []byte, path string, kinds []string) (*Spec, hcl.Diagnostics) {
	return Load([]string{path}, kinds, Files{Read: func(string) ([]byte, error) { return src, nil }})
}

func unreadable(path string, err error) *hcl.Diagnostic {
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		hint = schema.NearestFile(path)
	}
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "Cannot read pipeline file",
		Detail: fmt.Sprintf("Reading %s failed: %s.%s", path, reason(err), hint)}
}

// spoiled tells whether a file has syntax errors that make the rest of it
// unreliable. An attribute that is set twice does not.
func spoiled(diags hcl.Diagnostics) bool {
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Summary != "Attribute redefined" {
			return true
		}
	}
	return false
}

// reason is an error without the operation and path, which the message has.
func reason(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err
	}
	return err
}
