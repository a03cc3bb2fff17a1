package functions

import (
	"errors"
	"math"
	"math/big"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const numbers = "Numbers"

var numberFunctions = []Function{
	{Name: "abs", Group: numbers, Doc: "Returns a number without its sign.", Func: stdlib.AbsoluteFunc,
		Example: `abs(-3)`, Result: `3`},
	{Name: "ceil", Group: numbers, Doc: "Rounds up to a whole number.", Func: stdlib.CeilFunc,
		Example: `ceil(2.1)`, Result: `3`},
	{Name: "floor", Group: numbers, Doc: "Rounds down to a whole number.", Func: stdlib.FloorFunc,
		Example: `floor(2.9)`, Result: `2`},
	{Name: "log", Group: numbers, Doc: "Returns the logarithm of a number above 0 to a base.", Func: stdlib.LogFunc, foresee: foreseeLog,
		Example: `log(8, 2)`, Result: `3`},
	{Name: "max", Group: numbers, Doc: "Returns the largest number. For a list, write max(list...).", Func: stdlib.MaxFunc,
		Example: `max(5, 100, 20)`, Result: `100`},
	{Name: "min", Group: numbers, Doc: "Returns the smallest number. For a list, write min(list...).", Func: stdlib.MinFunc,
		Example: `min([5, 100, 20]...)`, Result: `5`},
	{Name: "parseint", Group: numbers, Doc: "Reads a whole number that is written to a base from 2 to 62.", Func: stdlib.ParseIntFunc, foresee: foreseeParseInt,
		Example: `parseint("ff", 16)`, Result: `255`},
	{Name: "pow", Group: numbers, Doc: "Raises a number to a power.", Func: stdlib.PowFunc, foresee: foreseePow,
		Example: `pow(10, -3)`, Result: `0.001`},
	{Name: "signum", Group: numbers, Doc: "Returns -1, 0 or 1 by the sign of a number.", Func: stdlib.SignumFunc,
		Example: `signum(-0.5)`, Result: `-1`},
	{Name: "sum", Group: numbers, Doc: "Adds up a list of numbers.", Func: sumFunc,
		Example: `sum([1, 2, 3.5])`, Result: `6.5`},
}

var sumFunc = function.New(&function.Spec{
	Params: []function.Parameter{{Name: "list", Type: cty.List(cty.Number)}},
	Type:   function.StaticReturnType(cty.Number),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		total := cty.Zero
		for it := args[0].ElementIterator(); it.Next(); {
			_, v := it.Element()
			if v.IsNull() {
				return cty.NilVal, function.NewArgErrorf(0, "an element is null")
			}
			total = total.Add(v)
		}
		return total, nil
	},
})

// foreseeLog refuses what has no logarithm.
func foreseeLog(args []cty.Value) (size, error) {
	x, base := float(args[0]), float(args[1])
	switch {
	case x <= 0:
		return size{}, function.NewArgErrorf(0, "only numbers above 0 have a logarithm")
	case base <= 0 || base == 1:
		return size{}, function.NewArgErrorf(1, "the base must be above 0, and not 1")
	}
	return size{}, nil
}

// foreseePow refuses what is no number.
func foreseePow(args []cty.Value) (size, error) {
	if math.IsNaN(math.Pow(float(args[0]), float(args[1]))) {
		return size{}, errors.New("a number below 0 can only be raised to a whole power")
	}
	return size{}, nil
}

func float(v cty.Value) float64 {
	x, _ := v.AsBigFloat().Float64()
	return x
}

// maxNumberText is the longest text of a number that is read: it takes time by the
// square of its length.
const maxNumberText = 400

var errLongNumber = errors.New("this text is too long for a number")

func foreseeParseInt(args []cty.Value) (size, error) {
	if len(args[0].AsString()) > maxNumberText {
		return size{}, errLongNumber
	}
	if base, accuracy := args[1].AsBigFloat().Int64(); accuracy != big.Exact || base < 2 || base > 62 {
		return size{}, function.NewArgErrorf(1, "the base must be a whole number from 2 to 62")
	}
	return size{}, nil
}
