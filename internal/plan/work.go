package plan

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

// HCL cannot be stopped while it evaluates, so how much an expression will do is
// reckoned before: one step for each part of it and for each value that it refers to,
// or four bytes of it, as often as the loops around it go round.
const (
	// maxSteps limits one expression, and with it the memory that it takes.
	maxSteps = 2_000_000
	// maxAllSteps limits all expressions of a pipeline together; so many take
	// some seconds.
	maxAllSteps = 10_000_000
	// bytesPerStep is how much text takes as long as one value.
	bytesPerStep = 4
	// stepsPerRound is what a round of a loop takes by itself.
	stepsPerRound = 8
)

// affordable reports an expression that would do too much.
func (e env) affordable(expr hcl.Expression, ctx *hcl.EvalContext) *hcl.Diagnostic {
	native, ok := expr.(hclsyntax.Expression)
	if !ok {
		return nil
	}
	w := &reckoning{ctx: ctx, times: 1}
	_ = hclsyntax.Walk(native, w)
	e.p.steps += min(w.steps, maxSteps)
	switch {
	case w.steps > maxSteps:
		return hclspec.Errorf(expr.Range(), "Expression too large", "This may take more than %d steps. Use smaller lists, or fewer loops within each other.", maxSteps)
	case e.p.steps > maxAllSteps:
		return hclspec.Errorf(expr.Range(), "Expression too large", "With this one the expressions of the pipeline take more than %d steps.", maxAllSteps)
	}
	return nil
}

// reckoning counts steps.
type reckoning struct {
	ctx   *hcl.EvalContext
	steps int
	// times is how often the current place is evaluated.
	times int
	loops []loop
}

// loop is a for expression around the current place.
type loop struct {
	expr *hclsyntax.ForExpr
	// rounds is how often it goes round, each time that it is evaluated, and values
	// how many values there are in what it goes through.
	rounds, values int
}

// Enter implements hclsyntax.Walker.
func (w *reckoning) Enter(node hclsyntax.Node) hcl.Diagnostics {
	if w.steps > maxSteps {
		return nil
	}
	switch n := node.(type) {
	case *hclsyntax.ForExpr:
		w.loops = append(w.loops, w.loop(n))
	case hclsyntax.ChildScope:
		w.times *= w.loops[len(w.loops)-1].rounds
		w.spend(stepsPerRound)
	case *hclsyntax.ScopeTraversalExpr:
		w.spend(w.size(n.Traversal))
	default:
		w.spend(1)
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (w *reckoning) Exit(node hclsyntax.Node) hcl.Diagnostics {
	if w.steps > maxSteps {
		return nil
	}
	switch node.(type) {
	case *hclsyntax.ForExpr:
		w.loops = w.loops[:len(w.loops)-1]
	case hclsyntax.ChildScope:
		w.times /= w.loops[len(w.loops)-1].rounds
	}
	return nil
}

func (w *reckoning) spend(steps int) { w.steps = min(w.steps+w.times*steps, maxSteps+1) }

// loop reckons how often a loop goes round.
func (w *reckoning) loop(expr *hclsyntax.ForExpr) loop {
	for _, t := range expr.CollExpr.Variables() {
		outer, inside := w.variable(t.RootName())
		if !inside {
			continue
		}
		// Through parts of what the outer loop goes through, or through something
		// made of them.
		if _, isPart := expr.CollExpr.(*hclsyntax.ScopeTraversalExpr); isPart {
			return loop{expr: expr, rounds: 1 + outer.values/outer.rounds, values: outer.values}
		}
		return loop{expr: expr, rounds: maxElements, values: maxElements}
	}
	v, diags := expr.CollExpr.Value(w.ctx)
	v, _ = v.Unmark()
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return loop{expr: expr, rounds: 1, values: 1} // HCL will report it
	}
	return loop{expr: expr, rounds: max(1, v.LengthInt()), values: stepsOf(v)}
}

// variable is the loop that declares a name.
func (w *reckoning) variable(name string) (loop, bool) {
	for _, l := range w.loops {
		if name == l.expr.KeyVar || name == l.expr.ValVar {
			return l, true
		}
	}
	return loop{}, false
}

// size is how many steps a reference takes. That of a variable of a loop takes as
// many as there are in what the loop goes through, divided by its rounds.
func (w *reckoning) size(t hcl.Traversal) int {
	if l, ok := w.variable(t.RootName()); ok {
		return 1 + l.values/l.rounds
	}
	v, diags := t.TraverseAbs(w.ctx)
	if diags.HasErrors() {
		return 1
	}
	return stepsOf(v)
}

// stepsOf counts the values within a value, or its text.
func stepsOf(v cty.Value) int {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return 1
	}
	if v.Type() == cty.String {
		return 1 + len(v.AsString())/bytesPerStep
	}
	if !v.CanIterateElements() {
		return 1
	}
	steps := 1
	for it := v.ElementIterator(); it.Next() && steps <= maxSteps; {
		_, e := it.Element()
		steps += stepsOf(e)
	}
	return steps
}
