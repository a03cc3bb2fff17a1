package plan

import (
	"fmt"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// HCL cannot be stopped while it evaluates an expression. So what can make much of
// little there, loops and templates, is led through functions that count and that
// fail when it becomes too much. Functions of the language have limits of their own.
const (
	// maxRounds limits the elements that the loops of an expression go through,
	// and with it how long it takes and how many mistakes it can have; maxAllRounds
	// limits those of a pipeline, which then take some seconds.
	maxRounds    = 20_000
	maxAllRounds = 300_000
	// penalty is added for an expression with too many rounds.
	penalty = maxAllRounds / 8
	// maxJoined limits the bytes that the templates of an expression join.
	maxJoined    = 4 << 20
	maxAllJoined = 64 << 20
	// maxResult limits the values that an expression comes to, before they are
	// looked at in whatever way.
	maxResult = 200_000
)

// The names of functions that count. They are no names that a file can write.
const (
	roundsName = "for elements"
	textName   = "template parts"
)

var counters = []string{roundsName, textName}

// counted leads an expression through a counter.
func counted(name string, expr hclsyntax.Expression) hclsyntax.Expression {
	if call, ok := expr.(*hclsyntax.FunctionCallExpr); ok && call.Name == name {
		return expr
	}
	at := expr.Range()
	return &hclsyntax.FunctionCallExpr{Name: name, Args: []hclsyntax.Expression{expr},
		NameRange: at, OpenParenRange: at, CloseParenRange: at}
}

// work is what expressions have done.
type work struct {
	rounds, allRounds int
	joined, allJoined int
}

// begin starts to count for the next expression.
func (w *work) begin() { w.rounds, w.joined = 0, 0 }

// end reports an expression that did too much, or came to too large a value. Only a few
// can, since HCL goes on with the loops around the place.
func (w *work) end(v cty.Value) error {
	err := w.check()
	if w.rounds > maxRounds {
		w.allRounds += penalty
	}
	if err != nil || v == cty.NilVal {
		return err
	}
	return within(v, maxResult, maxJoined)
}

func (w *work) check() error {
	switch {
	case w.rounds > maxRounds:
		return fmt.Errorf("the loops in it go through more than %d elements", maxRounds)
	case w.allRounds > maxAllRounds:
		return fmt.Errorf("with it the loops of the pipeline go through more than %d elements", maxAllRounds)
	case w.joined > maxJoined:
		return fmt.Errorf("it makes more than %d bytes of text", maxJoined)
	case w.allJoined > maxAllJoined:
		return fmt.Errorf("with it the pipeline makes more than %d bytes of text", maxAllJoined)
	}
	return nil
}

// addCounters adds the functions that count.
func (w *work) addCounters(functions map[string]function.Function) {
	functions[roundsName] = w.counter(func(v cty.Value) {
		if v.CanIterateElements() {
			w.rounds += v.LengthInt()
			w.allRounds += v.LengthInt()
		}
	})
	functions[textName] = w.counter(func(v cty.Value) {
		if v.Type() == cty.String {
			w.joined += len(v.AsString())
			w.allJoined += len(v.AsString())
		}
	})
}

// counter is a function that returns its argument, and fails when it has become too
// much.
func (w *work) counter(add func(cty.Value)) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "value", Type: cty.DynamicPseudoType,
			AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true}},
		Type: func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if err := w.check(); err != nil { // HCL goes on with the loop around this
				return cty.NilVal, err
			}
			if v, _ := args[0].Unmark(); v.IsKnown() && !v.IsNull() {
				add(v)
			}
			return args[0], w.check()
		},
	})
}
