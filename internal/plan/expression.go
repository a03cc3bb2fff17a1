package plan

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// maxLoops limits how deeply for expressions can be nested.
const maxLoops = 2

// checkExpression reports unknown functions, for which HCL suggests a different
// name every time, and loops that would take too long.
func (s *scope) checkExpression(expr hcl.Expression) hcl.Diagnostics {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		return nil
	}
	return hclsyntax.Walk(native, &expressionCheck{functions: s.functions})
}

// expressionCheck counts the for expressions around a node, and unknown functions.
type expressionCheck struct {
	loops     int
	unknown   int
	functions map[string]function.Function
}

// Enter implements hclsyntax.Walker.
func (c *expressionCheck) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch e := node.(type) {
	case *hclsyntax.ForExpr:
		e.CollExpr = counted(roundsName, e.CollExpr)
		if c.loops++; c.loops == maxLoops+1 {
			return hcl.Diagnostics{hclspec.Errorf(e.Range(), "Expression too large", "At most %d for expressions can be nested.", maxLoops)}
		}
	case *hclsyntax.SplatExpr:
		e.Source = counted(roundsName, e.Source)
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) > 1 { // otherwise it is the part itself
			for i, part := range e.Parts {
				e.Parts[i] = counted(textName, part)
			}
		}
	case *hclsyntax.FunctionCallExpr:
		if _, ok := c.functions[e.Name]; !ok && c.unknown <= maxDiagnostics {
			c.unknown++
			names := slices.DeleteFunc(sortedKeys(c.functions), func(name string) bool { return slices.Contains(counters, name) })
			return hcl.Diagnostics{hclspec.Errorf(e.NameRange, "Unknown function", "There is no function %q.%s%s",
				e.Name, listed("functions", names), schema.DidYouMean(e.Name, names))}
		}
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (c *expressionCheck) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if _, ok := node.(*hclsyntax.ForExpr); ok {
		c.loops--
	}
	return nil
}
