package functions

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/customdecode"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const encodings = "Encodings"

var encodingFunctions = []Function{
	{Name: "csvdecode", Group: encodings, Doc: "Reads CSV: a list with an object for each line, by the names in the first line.", Func: stdlib.CSVDecodeFunc, foresee: foreseeCSV,
		Example: `csvdecode("name,label\nduck,3\n")`, Result: `[{ name = "duck", label = "3" }]`},
	{Name: "jsondecode", Group: encodings, Doc: "Reads JSON.", Func: stdlib.JSONDecodeFunc, foresee: foreseeJSON,
		Example: `jsondecode("[5, 20]")`, Result: `[5, 20]`},
	{Name: "jsonencode", Group: encodings, Doc: "Writes a value as JSON.", Func: stdlib.JSONEncodeFunc,
		Example: `jsonencode({ labels = [5, 20] })`, Result: `"{\"labels\":[5,20]}"`},
}

const conversions = "Conversions and errors"

var conversionFunctions = []Function{
	{Name: "can", Group: conversions, Doc: "Tells whether an expression has a value: whether it can be evaluated without an error.", Func: canFunc,
		Example: `can(regex("^[a-z]+$", "cifar10"))`, Result: `false`},
	{Name: "tobool", Group: conversions, Doc: `Turns "true" and "false" into true and false.`, Func: stdlib.MakeToFunc(cty.Bool),
		Example: `tobool("true")`, Result: `true`},
	{Name: "tolist", Group: conversions, Doc: "Turns a set or a tuple into a list, whose elements have one type.", Func: stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		Example: `tolist([1, 2])`, Result: `[1, 2]`},
	{Name: "tomap", Group: conversions, Doc: "Turns an object into a map, whose elements have one type.", Func: stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
		Example: `tomap({ a = 1 })`, Result: `{ a = 1 }`},
	{Name: "tonumber", Group: conversions, Doc: "Turns the text of a number into the number.", Func: stdlib.MakeToFunc(cty.Number), foresee: foreseeNumber,
		Example: `tonumber("1e-3")`, Result: `0.001`},
	{Name: "toset", Group: conversions, Doc: "Turns a list into a set: without repetitions and without an order.", Func: stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		Example: `toset(["b", "a", "b"])`, Result: `["a", "b"]`},
	{Name: "tostring", Group: conversions, Doc: "Turns a number or true or false into its text.", Func: stdlib.MakeToFunc(cty.String),
		Example: `tostring(0.5)`, Result: `"0.5"`},
	{Name: "try", Group: conversions, Doc: "Returns the value of the first expression that has one.", Func: tryFunc,
		Example: `try({ a = 1 }.b, "none")`, Result: `"none"`},
}

// HCL's own try and can evaluate an expression twice, so that nested ones would
// take exponential time.
var tryFunc = function.New(&function.Spec{
	VarParam: &function.Parameter{Name: "expressions", Type: customdecode.ExpressionClosureType},
	Type:     function.StaticReturnType(cty.DynamicPseudoType),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		var first hcl.Diagnostics
		for _, arg := range args {
			v, diags := customdecode.ExpressionClosureFromVal(arg).Value()
			if !diags.HasErrors() {
				return v, nil
			}
			if first == nil {
				first = diags
			}
		}
		if first == nil {
			return cty.NilVal, fmt.Errorf("there is no expression to try")
		}
		return cty.NilVal, fmt.Errorf("no expression has a value; of the first: %s", strings.TrimSuffix(first[0].Detail, "."))
	},
})

var canFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "expression", Type: customdecode.ExpressionClosureType}},
	Type:   function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		_, diags := customdecode.ExpressionClosureFromVal(args[0]).Value()
		return cty.BoolVal(!diags.HasErrors()), nil
	},
})

// foreseeNumber limits the text of a number.
func foreseeNumber(args []cty.Value) (size, error) {
	if v := args[0]; v.Type() == cty.String && !v.IsNull() && len(v.AsString()) > maxNumberText {
		return size{}, errLongNumber
	}
	return size{}, nil
}

// foreseeCSV counts what separates values.
func foreseeCSV(args []cty.Value) (size, error) {
	text := args[0].AsString()
	return size{values: strings.Count(text, ",") + 2*strings.Count(text, "\n")}, nil
}

const maxJSONDepth = 100

// foreseeJSON counts values and looks for depths that would exhaust the stack and
// numbers that would take long to read.
func foreseeJSON(args []cty.Value) (size, error) {
	s, depth, digits, quoted := size{values: 1}, 0, 0, false
	text := args[0].AsString()
	for i := 0; i < len(text); i++ {
		c := text[i]
		if digits++; quoted || c < '0' || c > '9' {
			digits = 0
		}
		switch {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
			s.values++
		case c == ']' || c == '}':
			depth--
		case c == ',':
			s.values++
		}
		switch {
		case depth > maxJSONDepth:
			return s, fmt.Errorf("the JSON is nested deeper than %d", maxJSONDepth)
		case digits > maxNumberText:
			return s, errLongNumber
		}
	}
	return s, nil
}
