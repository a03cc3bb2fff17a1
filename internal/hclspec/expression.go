package hclspec

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ParseExpression parses an expression from outside the file, such as the command
// line; at is its place, for diagnostics.
func ParseExpression(text string, at hcl.Range) (hcl.Expression, hcl.Diagnostics) {
	if diags := checkLimits([]byte(text), at.Filename); diags.HasErrors() {
		for _, d := range diags {
			d.Subject = &at
		}
		return nil, diags
	}
	return hclsyntax.ParseExpression([]byte(text), at.Filename, at.Start)
}
