// Package functions holds what the expressions of a pipeline can call, with the
// documents and examples of each: cty's functions, some of our own, and two that look
// at the world outside.
//
// It refuses functions that give another value each time or that change anything, and
// arguments and results that are too large. It knows nothing of pipelines. A new
// function is a value in one of the lists of List.
package functions

import (
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// Function is something that expressions can call.
type Function struct {
	Name string
	// Group is the heading that documents list it under.
	Group string
	Doc   string
	// Example is an expression that calls the function, and Result its value,
	// as an expression too. For file and env they suppose a file classes.txt
	// with the lines cat and dog, and a variable USER that is ada.
	Example, Result string
	// Func has the parameters. It is without the limits of [In], and
	// where the function looks at the world it finds nothing there.
	Func function.Function

	// usage is how the function is called where cty's names of the parameters
	// do not say it.
	usage string
	// foresee returns how large the result will be, for a function that can make
	// much of little, or what forbids to compute it.
	foresee func(args []cty.Value) (size, error)
	// in returns the function in a world that it looks at.
	in func(World) function.Function
}

// List lists the functions. All but the last two are pure: the same
// arguments mean the same value.
//
// Not included: timestamp and uuid, which differ at every call and would make
// every plan a new one; functions that write or run anything.
var List = slices.Concat(stringFunctions, collectionFunctions, numberFunctions, encodingFunctions, conversionFunctions, worldFunctions)

// Parameter is a parameter of a function.
type Parameter struct {
	Name string
	// Type is its type for people: list of string.
	Type string
	// Rest is true for the last one of a function that takes any number of them.
	Rest bool
}

// Parameters returns the parameters of the function, in order.
func (f Function) Parameters() []Parameter {
	var all []Parameter
	for _, p := range f.Func.Params() {
		all = append(all, Parameter{Name: snake(p.Name), Type: typeName(p.Type)})
	}
	if p := f.Func.VarParam(); p != nil {
		all = append(all, Parameter{Name: snake(p.Name), Type: typeName(p.Type), Rest: true})
	}
	return all
}

// typeName names the type of a parameter.
func typeName(t cty.Type) string {
	switch {
	case t == cty.DynamicPseudoType:
		return "any value"
	case t.IsCapsuleType():
		return "expression"
	case t == cty.Bool:
		return "true or false"
	case t.IsCollectionType() && t.ElementType() == cty.DynamicPseudoType:
		return strings.Fields(t.FriendlyName())[0]
	}
	return t.FriendlyName()
}

// Usage is how the function is called: replace(str, substr, replace).
func (f Function) Usage() string {
	if f.usage != "" {
		return f.Name + "(" + f.usage + ")"
	}
	var names []string
	for _, p := range f.Parameters() {
		if p.Rest {
			p.Name += "..."
		}
		names = append(names, p.Name)
	}
	return f.Name + "(" + strings.Join(names, ", ") + ")"
}

// snake writes cty's inputMap as this language writes names: input_map.
func snake(name string) string {
	var out strings.Builder
	for _, r := range name {
		if r >= 'A' && r <= 'Z' {
			out.WriteByte('_')
			r += 'a' - 'A'
		}
		out.WriteRune(r)
	}
	return out.String()
}

// In returns the functions for expressions of one place in the world. They
// refuse arguments and results that are too large, and share a limit of what they
// may do in all, so that no file can make a plan take forever.
func In(w World) map[string]function.Function {
	m := &meter{}
	functions := make(map[string]function.Function, len(List))
	for _, f := range List {
		inner := f.Func
		if f.in != nil {
			inner = f.in(w)
		}
		functions[f.Name] = m.limited(inner, f.foresee)
	}
	return functions
}

func textParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.String}
}
