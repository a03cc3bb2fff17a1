package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Literal writes a value of a configuration, or of JSON, as it would be written in
// HCL: a bool, text, number, list, or map with its keys in order. Nothing is "".
func Literal(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return string(hclwrite.TokensForValue(cty.StringVal(v)).Bytes())
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case json.Number:
		return v.String()
	case Ref:
		return v.String()
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = Literal(v.Index(i).Interface())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		return literalMap(v)
	}
	return fmt.Sprint(value)
}

func literalMap(v reflect.Value) string {
	entries := make(map[string]string, v.Len())
	for it := v.MapRange(); it.Next(); {
		entries[it.Key().String()] = Literal(it.Value().Interface())
	}
	if len(entries) == 0 {
		return "{}"
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		parts = append(parts, key+" = "+entries[key])
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}
