package schema

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Assign stores a value in the field of config, which must be an attribute that
// is not a reference. The value must be known, unmarked and not null. Nothing is
// converted: the string "12" is not a number. What does not fit is reported with
// the path of the attribute, or of the element of a list or map, and then
// nothing is stored.
func (f Field) Assign(config any, v cty.Value) []Problem {
	target := f.in(config)
	switch {
	case f.Type.List:
		return f.assignList(target, v)
	case f.Type.Map:
		return f.assignMap(target, v)
	}
	if message := setScalar(target, f.Type.Scalar, v); message != "" {
		return []Problem{{Field: f.Path, Message: f.Name + " " + message}}
	}
	return nil
}

func (f Field) assignList(target reflect.Value, v cty.Value) []Problem {
	t := v.Type()
	if !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return []Problem{{Field: f.Path, Message: f.Name + " " + f.mismatch(v, "Write it in brackets: [ ... ].")}}
	}
	list := reflect.MakeSlice(target.Type(), 0, v.LengthInt())
	var problems []Problem
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		item := reflect.New(target.Type().Elem()).Elem()
		if message := setScalar(item, f.Type.Scalar, element); message != "" {
			problems = append(problems, Problem{
				Field:   fmt.Sprintf("%s[%d]", f.Path, list.Len()),
				Message: fmt.Sprintf("%s[%d] %s", f.Name, list.Len(), message),
			})
		}
		list = reflect.Append(list, item)
	}
	if problems == nil {
		target.Set(list)
	}
	return problems
}

func (f Field) assignMap(target reflect.Value, v cty.Value) []Problem {
	if t := v.Type(); !t.IsObjectType() && !t.IsMapType() {
		return []Problem{{Field: f.Path, Message: f.Name + " " + f.mismatch(v, "Write it in braces: { name = ... }.")}}
	}
	entries := reflect.MakeMap(target.Type())
	var problems []Problem
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		item := reflect.New(target.Type().Elem()).Elem()
		if message := setScalar(item, f.Type.Scalar, element); message != "" {
			problems = append(problems, Problem{
				Field:   f.Path + "." + key.AsString(),
				Message: fmt.Sprintf("%s of %s %s", key.AsString(), f.Name, message),
			})
		}
		entries.SetMapIndex(reflect.ValueOf(key.AsString()).Convert(target.Type().Key()), item)
	}
	if problems == nil {
		target.Set(entries)
	}
	return problems
}

func (f Field) mismatch(v cty.Value, hint string) string {
	return fmt.Sprintf("must be a %s, and this is %s. %s", f.Type, Describe(v), hint)
}

// setScalar stores a value, or says what is wrong with it.
func setScalar(target reflect.Value, want Scalar, v cty.Value) string {
	if v.IsNull() {
		return "must not be null."
	}
	switch {
	case want == Bool && v.Type() == cty.Bool:
		target.SetBool(v.True())
		return ""
	case want == String && v.Type() == cty.String:
		target.SetString(v.AsString())
		return ""
	case want == Int && v.Type() == cty.Number:
		return setInt(target, v.AsBigFloat())
	case want == Float && v.Type() == cty.Number:
		x, _ := v.AsBigFloat().Float64()
		if math.IsInf(x, 0) {
			return "is too large."
		}
		target.SetFloat(x)
		return ""
	}
	return fmt.Sprintf("must be %s, and this is %s.%s", article(Type{Scalar: want}.String()), Describe(v), unquote(want, v))
}

func setInt(target reflect.Value, x *big.Float) string {
	if !x.IsInt() {
		return fmt.Sprintf("must be a whole number, not %s.", x.Text('g', 10))
	}
	i, accuracy := x.Int64()
	if accuracy != big.Exact || target.OverflowInt(i) {
		return "is too large."
	}
	target.SetInt(i)
	return ""
}

// unquote says how to write a value that is right but for its quotes.
func unquote(want Scalar, v cty.Value) string {
	if v.Type() != cty.String {
		if want == String {
			return " Write it in quotes."
		}
		return ""
	}
	text := v.AsString()
	_, numberErr := strconv.ParseFloat(text, 64)
	if isNumber := want == Int || want == Float; isNumber && numberErr == nil || want == Bool && (text == "true" || text == "false") {
		return fmt.Sprintf(" Write %s without quotes.", text)
	}
	return ""
}

// Describe names the type of a value for people: "a string".
func Describe(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType() || t.IsListType() || t.IsSetType():
		return "a list"
	case t.IsCapsuleType():
		return "a reference to an output of a stage"
	case isStage(t):
		return "a reference to a stage"
	}
	return "an object"
}

// isStage tells whether a value is what kind.name means: an object of references.
func isStage(t cty.Type) bool {
	if !t.IsObjectType() || len(t.AttributeTypes()) == 0 {
		return false
	}
	for _, attribute := range t.AttributeTypes() {
		if !attribute.IsCapsuleType() {
			return false
		}
	}
	return true
}

func article(noun string) string {
	if noun == (Type{Scalar: Bool}).String() {
		return noun
	}
	return "a " + noun
}

// CheckLimits reports numbers of an attribute outside its Min and Max, and strings
// that are not in its Enum.
func (f Field) CheckLimits(config any) []Problem {
	if f.Min == nil && f.Max == nil && f.Enum == nil {
		return nil
	}
	v := f.in(config)
	if !f.Type.List {
		return f.checkLimit(f.Path, f.Name, v)
	}
	var problems []Problem
	for i := range v.Len() {
		problems = append(problems, f.checkLimit(fmt.Sprintf("%s[%d]", f.Path, i), fmt.Sprintf("%s[%d]", f.Name, i), v.Index(i))...)
	}
	return problems
}

func (f Field) checkLimit(path, name string, v reflect.Value) []Problem {
	var message string
	switch {
	case f.Enum != nil:
		message = f.checkEnum(name, v.String())
	case v.CanInt():
		message = f.checkNumber(name, float64(v.Int()))
	case v.CanFloat():
		message = f.checkNumber(name, v.Float())
	}
	if message == "" {
		return nil
	}
	return []Problem{{Field: path, Message: message}}
}

func (f Field) checkNumber(name string, x float64) string {
	switch {
	case f.Min != nil && x < *f.Min:
		return fmt.Sprintf("%s must be at least %v, not %v.", name, *f.Min, x)
	case f.Max != nil && x > *f.Max:
		return fmt.Sprintf("%s must be at most %v, not %v.", name, *f.Max, x)
	}
	return ""
}

func (f Field) checkEnum(name, got string) string {
	if got == "" && f.Default == "" || slices.Contains(f.Enum, got) {
		return ""
	}
	return fmt.Sprintf("%s must be %s, not %q.%s", name, Either(f.Enum), got, DidYouMean(got, f.Enum))
}

// Either lists alternatives in quotes: "full", "linear" or "knn".
func Either(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	last := len(quoted) - 1
	if last < 1 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
