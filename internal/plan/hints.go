package plan

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// addHints says better what HCL says of an expression that fails.
func addHints(expr hcl.Expression, ctx *hcl.EvalContext, diags hcl.Diagnostics) {
	addNames(expr, ctx, diags)
	for _, d := range diags {
		// A stack trace follows where cty's arithmetic panics, as that of 1/0 % 10 does. Calls
		// of functions are package functions' concern.
		if before, _, found := strings.Cut(d.Detail, "panic in function implementation:"); found {
			d.Detail = before + "it is not defined for these numbers."
		}
	}
}

// addNames completes what HCL says of an attribute or key that an object does not
// have: it does not say which there are.
func addNames(expr hcl.Expression, ctx *hcl.EvalContext, diags hcl.Diagnostics) {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		return
	}
	for _, d := range diags {
		if d.Subject == nil || d.Summary != "Unsupported attribute" && d.Summary != "Invalid index" {
			continue
		}
		w := &failing{at: *d.Subject, ctx: ctx}
		_ = hclsyntax.Walk(native, w)
		if w.found {
			d.Detail += listed("names in it", w.names) + schema.DidYouMean(w.name, w.names)
		}
	}
}

// failing finds the object that a failing step at a place was to be taken from.
type failing struct {
	at    hcl.Range
	ctx   *hcl.EvalContext
	found bool
	name  string
	names []string
}

// Enter implements hclsyntax.Walker.
func (w *failing) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch n := node.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		for i, step := range n.Traversal {
			if i > 0 && step.SourceRange() == w.at {
				v, diags := n.Traversal[:i].TraverseAbs(w.ctx)
				w.note(v, diags, step)
			}
		}
	case *hclsyntax.RelativeTraversalExpr:
		for i, step := range n.Traversal {
			if step.SourceRange() == w.at {
				v, diags := n.Source.Value(w.ctx)
				if !diags.HasErrors() {
					v, diags = n.Traversal[:i].TraverseRel(v)
				}
				w.note(v, diags, step)
			}
		}
	case *hclsyntax.IndexExpr:
		if n.BracketRange == w.at || n.SrcRange == w.at {
			v, diags := n.Collection.Value(w.ctx)
			key, more := n.Key.Value(w.ctx)
			w.note(v, append(diags, more...), hcl.TraverseIndex{Key: key})
		}
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (w *failing) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }

func (w *failing) note(v cty.Value, diags hcl.Diagnostics, step hcl.Traverser) {
	v, marks := v.Unmark()
	_, secret := marks[sensitive{}]
	if diags.HasErrors() || secret || v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return
	}
	w.found, w.names = true, sortedKeys(v.AsValueMap())
	switch s := step.(type) {
	case hcl.TraverseAttr:
		w.name = s.Name
	case hcl.TraverseIndex:
		if key, _ := s.Key.Unmark(); !key.IsNull() && key.Type() == cty.String {
			w.name = key.AsString()
		}
	}
}
