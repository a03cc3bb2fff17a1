package hclspec

import (
	"io"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Syntax parses the native syntax of HCL within the limits of a pipeline file and
// says nothing of what its blocks mean; path appears in diagnostics. The File is
// never nil, so that diagnostics can show their source. Its Body is nil after an
// error.
func Syntax(src []byte, path string) (*hcl.File, hcl.Diagnostics) {
	if diags := checkSize(src, path); diags.HasErrors() {
		return &hcl.File{}, diags
	}
	file, diags := parseNative(src, path)
	if file == nil || diags.HasErrors() {
		return &hcl.File{Bytes: src}, diags
	}
	return file, diags
}

func checkSize(src []byte, path string) hcl.Diagnostics {
	if len(src) <= maxBytes {
		return nil
	}
	return hcl.Diagnostics{Errorf(hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos},
		"File too large", "A pipeline file may have at most %d bytes.", maxBytes)}
}

// parseNative parses the native syntax; the file is nil if it is beyond the limits.
func parseNative(src []byte, path string) (*hcl.File, hcl.Diagnostics) {
	if diags := checkLimits(src, path); diags.HasErrors() {
		return nil, diags
	}
	return hclsyntax.ParseConfig(src, path, hcl.InitialPos)
}

// ReadText reads no more than shows that a text is too large to be parsed.
func ReadText(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, maxBytes+1))
}
