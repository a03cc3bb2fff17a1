package hclspec

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ParseFile reads and parses a pipeline file; kinds are the names of the kinds of
// stage. The Spec is never nil.
func ParseFile(path string, kinds []string) (*Spec, hcl.Diagnostics) {
	src, err := readLimited(path)
	if err != nil {
		return &Spec{Path: path, Unreadable: true, Files: map[string]*hcl.File{}}, hcl.Diagnostics{{
			Severity: hcl.DiagError,
			Summary:  "Cannot read pipeline file",
			Detail:   fmt.Sprintf("Reading %s failed: %s.", path, reason(err)),
		}}
	}
	return Parse(src, path, kinds)
}

// readLimited reads one byte more than Parse accepts at most.
func readLimited(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse parses the text of a pipeline file; path appears in diagnostics. The Spec
// is never nil. If the text has syntax errors, these are the only diagnostics
// and the Spec is unreadable, since what follows from them is guesswork.
func Parse(src []byte, path string, kinds []string) (*Spec, hcl.Diagnostics) {
	spec := &Spec{Path: path, Unreadable: true, Files: map[string]*hcl.File{path: {Bytes: src}}}
	if len(src) > maxBytes {
		spec.Files[path].Bytes = nil
		return spec, hcl.Diagnostics{Errorf(hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos},
			"File too large", "A pipeline file may have at most %d bytes.", maxBytes)}
	}
	if diags := checkLimits(src, path); diags.HasErrors() {
		return spec, diags
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if file == nil || spoiled(diags) {
		return spec, diags
	}
	spec.Files[path] = file
	spec.Unreadable = false
	return spec, append(diags, spec.readBlocks(file.Body, kinds)...)
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
