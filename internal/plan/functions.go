package plan

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// functions are what expressions can call. All are pure: the same file means the
// same plan.
//
// Not included: timestamp and uuid, which differ at every call; setproduct and
// repeating functions, whose results grow out of proportion.
var functions = map[string]function.Function{
	"abs":      stdlib.AbsoluteFunc,
	"ceil":     stdlib.CeilFunc,
	"coalesce": stdlib.CoalesceFunc,
	"compact":  stdlib.CompactFunc,
	"concat":   stdlib.ConcatFunc,
	"contains": stdlib.ContainsFunc,
	"distinct": stdlib.DistinctFunc,
	"element":  stdlib.ElementFunc,
	"flatten":  stdlib.FlattenFunc,
	"floor":    stdlib.FloorFunc,
	"format":   stdlib.FormatFunc,
	"index":    stdlib.IndexFunc,
	"join":     stdlib.JoinFunc,
	"keys":     stdlib.KeysFunc,
	"length":   stdlib.LengthFunc,
	"log":      stdlib.LogFunc,
	"lookup":   stdlib.LookupFunc,
	"lower":    stdlib.LowerFunc,
	"max":      stdlib.MaxFunc,
	"merge":    stdlib.MergeFunc,
	"min":      stdlib.MinFunc,
	"pow":      stdlib.PowFunc,
	"range":    stdlib.RangeFunc,
	"replace":  stdlib.ReplaceFunc,
	"reverse":  stdlib.ReverseListFunc,
	"slice":    stdlib.SliceFunc,
	"sort":     stdlib.SortFunc,
	"split":    stdlib.SplitFunc,
	"strlen":   stdlib.StrlenFunc,
	"substr":   stdlib.SubstrFunc,
	"tobool":   stdlib.MakeToFunc(cty.Bool),
	"tonumber": stdlib.MakeToFunc(cty.Number),
	"tostring": stdlib.MakeToFunc(cty.String),
	"trim":     stdlib.TrimFunc,
	"upper":    stdlib.UpperFunc,
	"values":   stdlib.ValuesFunc,
	"zipmap":   stdlib.ZipmapFunc,
}
