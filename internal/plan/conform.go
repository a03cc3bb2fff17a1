package plan

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// conform gives a value the type that its variable declares. Only the brackets
// are converted (HCL reads [1, 2] as a tuple, a type says list): the string "12"
// is not a number.
func conform(v cty.Value, want cty.Type) (cty.Value, error) {
	got := v.Type()
	switch {
	case got.Equals(want):
		return v, nil
	case v.IsNull():
		return cty.NilVal, fmt.Errorf("must not be null")
	case (want.IsListType() || want.IsSetType()) && (got.IsTupleType() || got.IsListType() || got.IsSetType()):
		return conformList(v, want)
	case want.IsTupleType() && got.IsTupleType() && got.Length() == want.Length():
		return conformTuple(v, want)
	case want.IsMapType() && (got.IsObjectType() || got.IsMapType()):
		return conformMap(v, want)
	case want.IsObjectType() && got.IsObjectType():
		return conformObject(v, want)
	}
	return cty.NilVal, fmt.Errorf("must be of type %s, and this is %s", typeexpr.TypeString(want), schema.Describe(v))
}

func conformList(v cty.Value, want cty.Type) (cty.Value, error) {
	elements := make([]cty.Value, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		e, err := conform(e, want.ElementType())
		if err != nil {
			return cty.NilVal, fmt.Errorf("element %d %w", len(elements), err)
		}
		elements = append(elements, e)
	}
	switch {
	case want.IsSetType() && len(elements) == 0:
		return cty.SetValEmpty(want.ElementType().WithoutOptionalAttributesDeep()), nil
	case want.IsSetType():
		return cty.SetVal(elements), nil
	case len(elements) == 0:
		return cty.ListValEmpty(want.ElementType().WithoutOptionalAttributesDeep()), nil
	}
	return cty.ListVal(elements), nil
}

func conformTuple(v cty.Value, want cty.Type) (cty.Value, error) {
	elements := v.AsValueSlice()
	for i, t := range want.TupleElementTypes() {
		e, err := conform(elements[i], t)
		if err != nil {
			return cty.NilVal, fmt.Errorf("element %d %w", i, err)
		}
		elements[i] = e
	}
	return cty.TupleVal(elements), nil
}

func conformMap(v cty.Value, want cty.Type) (cty.Value, error) {
	elements := v.AsValueMap()
	if len(elements) == 0 {
		return cty.MapValEmpty(want.ElementType().WithoutOptionalAttributesDeep()), nil
	}
	for _, key := range sortedKeys(elements) {
		e, err := conform(elements[key], want.ElementType())
		if err != nil {
			return cty.NilVal, fmt.Errorf("element %q %w", key, err)
		}
		elements[key] = e
	}
	return cty.MapVal(elements), nil
}

func conformObject(v cty.Value, want cty.Type) (cty.Value, error) {
	given, types := v.AsValueMap(), want.AttributeTypes()
	for _, name := range sortedKeys(given) {
		if _, ok := types[name]; !ok {
			return cty.NilVal, fmt.Errorf("has no attribute %q; its attributes are %v", name, sortedKeys(types))
		}
	}
	attributes := make(map[string]cty.Value, len(types))
	for _, name := range sortedKeys(types) {
		e, ok := given[name]
		if !ok && want.AttributeOptional(name) || ok && e.IsNull() && want.AttributeOptional(name) {
			attributes[name] = cty.NullVal(types[name].WithoutOptionalAttributesDeep())
			continue
		}
		if !ok {
			return cty.NilVal, fmt.Errorf("needs the attribute %q", name)
		}
		e, err := conform(e, types[name])
		if err != nil {
			return cty.NilVal, fmt.Errorf("attribute %q %w", name, err)
		}
		attributes[name] = e
	}
	return cty.ObjectVal(attributes), nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
