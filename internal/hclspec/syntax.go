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
	unread := &hcl.File{Bytes: src}
	if len(src) > maxBytes {
		return &hcl.File{}, hcl.Diagnostics{Errorf(hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos},
			"File too large", "A pipeline file may have at most %d bytes.", maxBytes)}
	}
	if diags := checkLimits(src, path); diags.HasErrors() {
		return unread, diags
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if file == nil || diags.HasErrors() {
		return unread, diags
	}
	return file, diags
}

// ReadText reads no more than shows that a text is too large to be parsed.
func ReadText(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, maxBytes+1))
}
