package schema

import (
	"fmt"
	"reflect"
)

// Scalar is the type of a single value.
type Scalar int

// The scalar types.
const (
	Bool Scalar = iota
	String
	Int
	Float
)

// Type is the type of an attribute: a scalar or a reference, alone, in a list
// or in a map from strings.
type Type struct {
	Scalar Scalar
	// Ref is true for a reference to an artifact; Scalar is then meaningless.
	Ref  bool
	List bool
	Map  bool
	// Any is true for an expression of whatever type, which the language itself
	// reads; Scalar is then meaningless.
	Any bool
}

// Any is the Go type of an attribute that takes any expression, such as the
// default of a variable. It is for describing the language's own words, and
// cannot be decoded.
type Any struct{}

// String names the type for people: "list of whole numbers".
func (t Type) String() string {
	names := [...]string{Bool: "true or false", String: "string", Int: "whole number", Float: "number"}
	plurals := [...]string{Bool: "true or false", String: "strings", Int: "whole numbers", Float: "numbers"}
	one, many := names[t.Scalar], plurals[t.Scalar]
	switch {
	case t.Ref:
		one, many = "reference", "references"
	case t.Any:
		one = "expression"
	}
	switch {
	case t.List:
		return "list of " + many
	case t.Map:
		return "map of " + many
	}
	return one
}

// scalars are the Go types that hold a scalar.
var scalars = map[reflect.Type]Scalar{
	reflect.TypeFor[bool]():    Bool,
	reflect.TypeFor[string]():  String,
	reflect.TypeFor[int]():     Int,
	reflect.TypeFor[int64]():   Int,
	reflect.TypeFor[float64](): Float,
}

var (
	refType = reflect.TypeFor[Ref]()
	anyType = reflect.TypeFor[Any]()
)

// typeOf returns the type of an attribute's struct field; one that HCL cannot
// express is a bug in the program.
func typeOf(sf reflect.StructField) Type {
	t, out := sf.Type, Type{}
	switch {
	case t.Kind() == reflect.Slice:
		out.List, t = true, t.Elem()
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		out.Map, t = true, t.Elem()
	}
	if t == refType && !out.Map {
		out.Ref = true
		return out
	}
	if t == anyType && out == (Type{}) {
		out.Any = true
		return out
	}
	scalar, ok := scalars[t]
	if !ok {
		panic(fmt.Sprintf("schema: field %s has the type %s, which HCL cannot express", sf.Name, sf.Type))
	}
	out.Scalar = scalar
	return out
}
