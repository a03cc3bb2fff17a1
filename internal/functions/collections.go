package functions

import (
	"errors"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const collections = "Lists, sets and maps"

var collectionFunctions = []Function{
	{Name: "alltrue", Group: collections, Doc: "Tells whether all elements of a list are true; those of an empty list are.", Func: every(true),
		Example: `alltrue([for n in [5, 20] : n > 0])`, Result: `true`},
	{Name: "anytrue", Group: collections, Doc: "Tells whether an element of a list is true.", Func: every(false),
		Example: `anytrue([for n in [5, 20] : n > 10])`, Result: `true`},
	{Name: "chunklist", Group: collections, Doc: "Cuts a list into lists of at most so many elements.", Func: stdlib.ChunklistFunc,
		Example: `chunklist([1, 2, 3], 2)`, Result: `[[1, 2], [3]]`},
	{Name: "coalesce", Group: collections, Doc: "Returns the first argument that is not null.", Func: stdlib.CoalesceFunc,
		Example: `coalesce(null, 3, 4)`, Result: `3`},
	{Name: "coalescelist", Group: collections, Doc: "Returns the first list that is not empty.", Func: stdlib.CoalesceListFunc,
		Example: `coalescelist([], [20])`, Result: `[20]`},
	{Name: "compact", Group: collections, Doc: "Leaves empty strings out of a list.", Func: stdlib.CompactFunc,
		Example: `compact(["duck", "", "fish"])`, Result: `["duck", "fish"]`},
	{Name: "concat", Group: collections, Doc: "Joins lists into one.", Func: stdlib.ConcatFunc,
		Example: `concat([1], [2, 3])`, Result: `[1, 2, 3]`},
	{Name: "contains", Group: collections, Doc: "Tells whether a list has a value in it.", Func: containsFunc,
		Example: `contains(["duck", "fish"], "fish")`, Result: `true`},
	{Name: "distinct", Group: collections, Doc: "Leaves repetitions out of a list.", Func: distinctFunc,
		Example: `distinct([5, 20, 5])`, Result: `[5, 20]`},
	{Name: "element", Group: collections, Doc: "Returns an element of a list by its number, from 0; beyond the end it starts again.", Func: stdlib.ElementFunc,
		Example: `element(["a", "b"], 3)`, Result: `"b"`},
	{Name: "flatten", Group: collections, Doc: "Joins the lists within a list, however deep, into one.", Func: stdlib.FlattenFunc,
		Example: `flatten([[1], [2, [3]]])`, Result: `[1, 2, 3]`},
	{Name: "index", Group: collections, Doc: "Returns an element of a list by its number, from 0, or of a map by its key; it is an error if there is none.", Func: stdlib.IndexFunc,
		Example: `index(["duck", "fish"], 1)`, Result: `"fish"`},
	{Name: "keys", Group: collections, Doc: "Lists the keys of a map, in the order of the alphabet.", Func: stdlib.KeysFunc,
		Example: `keys({ fish = 7, duck = 3 })`, Result: `["duck", "fish"]`},
	{Name: "length", Group: collections, Doc: "Counts the elements of a list, set or map. strlen counts characters.", Func: stdlib.LengthFunc,
		Example: `length([5, 20, 100])`, Result: `3`},
	{Name: "lookup", Group: collections, Doc: "Returns an element of a map by its key, or the default if it is not there.", Func: stdlib.LookupFunc,
		Example: `lookup({ duck = 3 }, "fish", 0)`, Result: `0`},
	{Name: "merge", Group: collections, Doc: "Joins maps into one; of equal keys the last counts.", Func: stdlib.MergeFunc,
		Example: `merge({ a = 1, b = 2 }, { b = 3 })`, Result: `{ a = 1, b = 3 }`},
	{Name: "range", Group: collections, Doc: "Lists numbers from a start (0 if there is none) up to, and without, a limit, by a step (1 or -1 if there is none). At most 1024.", Func: stdlib.RangeFunc,
		usage:   "[start,] limit[, step]",
		Example: `range(1, 10, 4)`, Result: `[1, 5, 9]`},
	{Name: "reverse", Group: collections, Doc: "Turns a list round.", Func: stdlib.ReverseListFunc,
		Example: `reverse([1, 2, 3])`, Result: `[3, 2, 1]`},
	{Name: "setintersection", Group: collections, Doc: "Returns the set of what is in all sets.", Func: stdlib.SetIntersectionFunc,
		Example: `setintersection(["a", "b"], ["b", "c"])`, Result: `["b"]`},
	{Name: "setproduct", Group: collections, Doc: "Lists every combination of one element of each list.", Func: stdlib.SetProductFunc, foresee: foreseeProduct,
		Example: `setproduct(["a", "b"], ["x"])`, Result: `[["a", "x"], ["b", "x"]]`},
	{Name: "setsubtract", Group: collections, Doc: "Returns the set of what is in the first and not in the second.", Func: stdlib.SetSubtractFunc,
		Example: `setsubtract(["a", "b"], ["b"])`, Result: `["a"]`},
	{Name: "setunion", Group: collections, Doc: "Returns the set of what is in any of the sets.", Func: stdlib.SetUnionFunc,
		Example: `setunion(["a", "b"], ["b", "c"])`, Result: `["a", "b", "c"]`},
	{Name: "slice", Group: collections, Doc: "Cuts a part out of a list, from one number, from 0, up to and without another.", Func: stdlib.SliceFunc,
		Example: `slice([5, 20, 100], 0, 2)`, Result: `[5, 20]`},
	{Name: "sort", Group: collections, Doc: "Sorts a list of strings by the alphabet.", Func: stdlib.SortFunc,
		Example: `sort(["fish", "duck"])`, Result: `["duck", "fish"]`},
	{Name: "values", Group: collections, Doc: "Lists the elements of a map, in the order of their keys.", Func: stdlib.ValuesFunc,
		Example: `values({ fish = 7, duck = 3 })`, Result: `[3, 7]`},
	{Name: "zipmap", Group: collections, Doc: "Makes a map of a list of keys and a list of as many values.", Func: stdlib.ZipmapFunc,
		Example: `zipmap(["duck", "fish"], [3, 7])`, Result: `{ duck = 3, fish = 7 }`},
}

// every is a function that tells whether all elements of a list are true, or for
// false whether any is.
func every(all bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Bool)}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			for it := args[0].ElementIterator(); it.Next(); {
				_, v := it.Element()
				if v.IsNull() {
					return cty.NilVal, function.NewArgErrorf(0, "an element is null")
				}
				if v.True() != all {
					return cty.BoolVal(!all), nil
				}
			}
			return cty.BoolVal(all), nil
		},
	})
}

// cty's own distinct compares every element with every other.
var distinctFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.DynamicPseudoType)}},
	Type:   func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
	Impl: func(args []cty.Value, t cty.Type) (cty.Value, error) {
		seen := map[int][]cty.Value{}
		var first []cty.Value
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			hash := v.Hash()
			if !slices.ContainsFunc(seen[hash], v.RawEquals) {
				seen[hash], first = append(seen[hash], v), append(first, v)
			}
		}
		if len(first) == 0 {
			return cty.ListValEmpty(t.ElementType()), nil
		}
		return cty.ListVal(first), nil
	},
})

// cty's own contains takes microseconds for each element.
var containsFunc = function.New(&function.Spec{
	Params: []function.Parameter{
		{Name: "list", Type: cty.DynamicPseudoType},
		{Name: "value", Type: cty.DynamicPseudoType, AllowNull: true},
	},
	Type: function.StaticReturnType(cty.Bool),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		if t := args[0].Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
			return cty.NilVal, function.NewArgErrorf(0, "a list or set is needed")
		}
		for it := args[0].ElementIterator(); it.Next(); {
			if _, v := it.Element(); v.RawEquals(args[1]) {
				return cty.True, nil
			}
		}
		return cty.False, nil
	},
})

func foreseeProduct(args []cty.Value) (size, error) {
	s := size{values: len(args)}
	for _, v := range args {
		if !v.CanIterateElements() {
			return size{}, errors.New("every argument must be a list or set")
		}
		s.values = min(s.values*v.LengthInt(), MaxElements+1)
	}
	return s, nil
}
