package format_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// meaning writes down a parsed file without its positions, and without quotes and
// parentheses around a value that is the same without them.
func meaning(t testing.TB, src []byte) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig(src, "x.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%q", diags, src)
	}
	var out strings.Builder
	write(&out, reflect.ValueOf(file.Body))
	return out.String()
}

func write(out *strings.Builder, v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid:
		out.WriteString("nil")
		return
	case reflect.Interface:
		write(out, v.Elem())
		return
	case reflect.Map:
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
			fmt.Fprintf(out, "%s: ", key)
			write(out, v.MapIndex(key))
		}
		return
	case reflect.Slice:
		out.WriteString("[")
		for i := range v.Len() {
			write(out, v.Index(i))
			out.WriteString(",")
		}
		out.WriteString("]")
		return
	case reflect.Pointer:
		if v.IsNil() {
			out.WriteString("nil")
			return
		}
		writePointer(out, v)
		return
	case reflect.Struct:
		writeStruct(out, v)
		return
	}
	fmt.Fprintf(out, "%v", v)
}

func writePointer(out *strings.Builder, v reflect.Value) {
	switch node := v.Interface().(type) {
	case *hclsyntax.ParenthesesExpr:
		write(out, reflect.ValueOf(node.Expression))
	case *hclsyntax.TemplateWrapExpr:
		write(out, reflect.ValueOf(node.Wrapped))
	case *hclsyntax.Operation:
		fmt.Fprintf(out, "%p", node)
	case *hclsyntax.AnonSymbolExpr:
		out.WriteString("each")
	default:
		fmt.Fprintf(out, "%s", v.Type().Elem().Name())
		write(out, v.Elem())
	}
}

func writeStruct(out *strings.Builder, v reflect.Value) {
	if value, ok := reflect.TypeAssert[cty.Value](v); ok {
		fmt.Fprintf(out, "%#v", value)
		return
	}
	out.WriteString("{")
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Type == reflect.TypeFor[hcl.Range]() || f.Type == reflect.TypeFor[[]hcl.Range]() {
			continue
		}
		fmt.Fprintf(out, "%s=", f.Name)
		write(out, v.Field(i))
		out.WriteString(" ")
	}
	out.WriteString("}")
}

// comments are the comments of a text, in order, without the space at their ends.
func comments(src []byte) []string {
	tokens, _ := hclsyntax.LexConfig(src, "x.hcl", hcl.InitialPos)
	var all []string
	for _, tok := range tokens {
		if tok.Type != hclsyntax.TokenComment {
			continue
		}
		lines := strings.Split(string(tok.Bytes), "\n")
		for i, line := range lines {
			lines[i] = strings.TrimRight(line, " \t\r")
		}
		all = append(all, strings.TrimRight(strings.Join(lines, "\n"), "\n"))
	}
	return all
}
