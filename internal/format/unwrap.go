package format

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// edit replaces the bytes [start, end) by text.
type edit struct {
	start, end int
	text       string
}

// unwrap writes "${x}" as x, where it stands alone as a value. As the key of an
// object or beside an operator it would mean something else without its quotes.
func unwrap(src []byte, body *hclsyntax.Body) []byte {
	var edits []edit
	_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
		for _, value := range values(node) {
			edits = append(edits, unwrapping(src, value)...)
		}
		return nil
	})
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(src[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(src[at:])
	return out.Bytes()
}

// values are the expressions of a node that end where they end on the page,
// whatever is in them.
func values(node hclsyntax.Node) []hclsyntax.Expression {
	switch n := node.(type) {
	case *hclsyntax.Attribute:
		return []hclsyntax.Expression{n.Expr}
	case *hclsyntax.TupleConsExpr:
		return n.Exprs
	case *hclsyntax.FunctionCallExpr:
		return n.Args
	case *hclsyntax.ParenthesesExpr:
		return []hclsyntax.Expression{n.Expression}
	case *hclsyntax.TemplateWrapExpr:
		return []hclsyntax.Expression{n.Wrapped}
	case *hclsyntax.ObjectConsExpr:
		all := make([]hclsyntax.Expression, len(n.Items))
		for i, item := range n.Items {
			all[i] = item.ValueExpr
		}
		return all
	}
	return nil
}

// unwrapping are the edits that take the quotes away from one value: none if it
// has none, or parentheses in their place if line breaks would end it.
func unwrapping(src []byte, value hclsyntax.Expression) []edit {
	wrap, ok := value.(*hclsyntax.TemplateWrapExpr)
	if !ok {
		return nil
	}
	start, end := wrap.SrcRange.Start.Byte, wrap.SrcRange.End.Byte
	from, to := start+len(`"${`), end-len(`}"`)
	if !bytes.HasPrefix(src[start:end], []byte(`"${`)) {
		return nil // a heredoc of which only the interpolation is left
	}
	if src[from] == '~' {
		from++
	}
	if src[to-1] == '~' {
		to--
	}
	inside := src[from:to]
	text := bytes.TrimSpace(inside)
	if len(text) < len(inside) && !bytes.ContainsAny(text, "\n#/") {
		from += bytes.Index(inside, text)
		to = from + len(text)
	}
	if bytes.IndexByte(src[from:to], '\n') < 0 || bracketed(wrap.Wrapped, from, to) {
		return []edit{{start, from, ""}, {to, end, ""}}
	}
	return []edit{{start, from, "("}, {to, end, ")"}}
}

// bracketed tells whether an expression fills [from, to) and has all its line
// breaks within its own brackets.
func bracketed(e hclsyntax.Expression, from, to int) bool {
	switch e := e.(type) {
	case *hclsyntax.TupleConsExpr, *hclsyntax.ObjectConsExpr, *hclsyntax.ForExpr, *hclsyntax.ParenthesesExpr:
	case *hclsyntax.FunctionCallExpr:
		if e.NameRange.Start.Line != e.OpenParenRange.Start.Line {
			return false
		}
	default:
		return false
	}
	return e.Range().Start.Byte == from && e.Range().End.Byte == to
}
