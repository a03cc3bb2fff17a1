// Package format gives pipeline files their one layout: indentation, aligned
// equals signs and comments, single blank lines, no space at the end of lines,
// one newline at the end of the file, and no quotes around what is a single
// interpolation.
//
// It works on bytes, and refuses to open files, to touch text that does not
// parse, and to change what a file means: text in heredocs keeps its spaces, blank
// lines and line ends, and every comment stays.
//
// A new rule is a pass in Source, and a case of the tests, which hold that a
// second formatting changes nothing and that the parsed file stays the same.
package format

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"sslpipe/internal/hclspec"
)

// Source returns the text of a pipeline file in its one layout; path appears in
// diagnostics. If the text does not parse, it returns the errors and src as it is.
func Source(src []byte, path string) ([]byte, hcl.Diagnostics) {
	file, diags := hclspec.Syntax(src, path)
	if diags.HasErrors() {
		return src, diags
	}
	text := unwrap(src, file.Body.(*hclsyntax.Body))
	return hclwrite.Format(tidy(text, path)), nil
}
