package hclspec

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// Reference is a name in an expression: var.epochs, pretrain.rotation.encoder.
type Reference struct {
	// Parts are the leading names; an index with a literal string counts as one.
	Parts []string
	// Ranges are the places of the parts.
	Ranges []hcl.Range
	// More is true if something that is not a name follows: var.list[0].
	More bool
	// Range is the place of the whole.
	Range hcl.Range
}

// String returns the names as they are written: pretrain.rotation.encoder.
func (r Reference) String() string { return strings.Join(r.Parts, ".") }

// References returns everything that an expression refers to, names that a for
// expression declares excepted.
func References(expr hcl.Expression) []Reference {
	traversals := expr.Variables()
	refs := make([]Reference, len(traversals))
	for i, t := range traversals {
		refs[i] = ReferenceTo(t)
	}
	return refs
}

// ReferenceTo is a traversal as a reference.
func ReferenceTo(t hcl.Traversal) Reference {
	r := Reference{Range: t.SourceRange()}
	for _, step := range t {
		name, ok := stepName(step)
		if !ok {
			r.More = true
			break
		}
		r.Parts = append(r.Parts, name)
		r.Ranges = append(r.Ranges, step.SourceRange())
	}
	return r
}

func stepName(step hcl.Traverser) (string, bool) {
	switch s := step.(type) {
	case hcl.TraverseRoot:
		return s.Name, true
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
