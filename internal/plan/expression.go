package plan

import (
	"errors"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

const (
	// maxLoops limits how deeply for expressions can be nested, maxRounds how many
	// elements all for expressions of an expression go through: with it how long it
	// takes, and how many mistakes it can have.
	maxLoops  = 2
	maxRounds = 20_000
)

// countName is the name of a function that counts the elements that a for expression
// goes through. It is no name that a file can write.
const countName = "for elements"

// countRounds returns its argument, and fails when there have been too many.
func countRounds(rounds *int) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "elements", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if v, _ := args[0].Unmark(); v.IsKnown() && !v.IsNull() && v.CanIterateElements() {
				*rounds += v.LengthInt()
			}
			if *rounds > maxRounds {
				return cty.NilVal, errors.New("too many rounds")
			}
			return args[0], nil
		},
	})
}

// counted lets the elements that a for expression goes through be counted.
func counted(e *hclsyntax.ForExpr) {
	if call, ok := e.CollExpr.(*hclsyntax.FunctionCallExpr); ok && call.Name == countName {
		return
	}
	at := e.CollExpr.Range()
	e.CollExpr = &hclsyntax.FunctionCallExpr{Name: countName, Args: []hclsyntax.Expression{e.CollExpr},
		NameRange: at, OpenParenRange: at, CloseParenRange: at}
}

// checkExpression reports unknown functions, for which HCL suggests a different
// name every time, and loops that would take too long.
func (s *scope) checkExpression(expr hcl.Expression) hcl.Diagnostics {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		return nil
	}
	return hclsyntax.Walk(native, &expressionCheck{functions: s.functions})
}

// expressionCheck counts the for expressions around a node.
type expressionCheck struct {
	loops     int
	functions map[string]function.Function
}

// Enter implements hclsyntax.Walker.
func (c *expressionCheck) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch e := node.(type) {
	case *hclsyntax.ForExpr:
		counted(e)
		if c.loops++; c.loops == maxLoops+1 {
			return hcl.Diagnostics{hclspec.Errorf(e.Range(), "Expression too large", "At most %d for expressions can be nested.", maxLoops)}
		}
	case *hclsyntax.FunctionCallExpr:
		if _, ok := c.functions[e.Name]; !ok {
			names := slices.DeleteFunc(sortedKeys(c.functions), func(name string) bool { return name == countName })
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
