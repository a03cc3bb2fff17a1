package hclspec

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ParsePart parses as much of a text as makes sense, for an editor in which it is
// being written. Its body is an *hclsyntax.Body, empty if the text is beyond the
// limits of the language or in JSON. Mistakes are Parse's to report.
func ParsePart(src []byte, path string) *hcl.File {
	if !IsJSON(path) && !checkSize(src, path).HasErrors() {
		if file, _ := parseNative(src, path); file != nil {
			return file
		}
	}
	start := hcl.Range{Filename: path, Start: hcl.InitialPos, End: hcl.InitialPos}
	return &hcl.File{Bytes: src, Body: &hclsyntax.Body{SrcRange: start, EndRange: start}}
}
