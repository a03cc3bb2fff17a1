package hclspec

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// maxJSONDepth limits how deeply JSON values are nested.
const maxJSONDepth = 200

// IsJSON tells whether a file is in HCL's JSON syntax, by its name.
func IsJSON(path string) bool { return strings.HasSuffix(path, ".json") }

// object is a JSON object that is read as a body.
type object struct {
	properties []property
	at         hcl.Range
	// problems are what is wrong with its form.
	problems hcl.Diagnostics
}

// property is a member of a JSON object. A block that is repeated has a list for
// its value.
type property struct {
	name string
	at   hcl.Range
	expr hcl.Expression
}

// parseJSON reads a file in JSON syntax.
func parseJSON(src []byte, path string) (*hcl.File, *Body, hcl.Diagnostics) {
	if diags := checkJSON(src, path); diags.HasErrors() {
		return nil, nil, diags
	}
	file, diags := hcljson.Parse(src, path)
	if file == nil || diags.HasErrors() {
		return nil, nil, withoutConsequences(diags)
	}
	attributes, diags := file.Body.JustAttributes()
	o := &object{at: file.Body.MissingItemRange(), problems: diags}
	for _, attr := range attributes {
		o.properties = append(o.properties, property{name: attr.Name, at: attr.NameRange, expr: attr.Expr})
	}
	o.sort()
	return file, &Body{object: o}, diags
}

// withoutConsequences leaves out what HCL says of the root value of a text that it
// could not parse.
func withoutConsequences(diags hcl.Diagnostics) hcl.Diagnostics {
	if len(diags) < 2 {
		return diags
	}
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool { return d.Summary == "Root value must be object" })
}

// checkJSON reports what would take too long, or too deep a recursion, to parse, and
// what is no UTF-8, which HCL's parser takes, and then loses its place by.
// Text that is not JSON is reported by the parser.
func checkJSON(src []byte, path string) hcl.Diagnostics {
	if at := invalidUTF8(src); at >= 0 {
		return hcl.Diagnostics{Errorf(placeOfByte(src, path, at+1), "Invalid character encoding",
			"Pipeline files are UTF-8, and this byte is none. Ensure that UTF-8 is selected in your editor.")}
	}
	tokens := json.NewDecoder(bytes.NewReader(src))
	tokens.UseNumber()
	for depth := 0; ; {
		tok, err := tokens.Token()
		if errors.Is(err, io.EOF) || err != nil {
			return nil
		}
		var problem [2]string
		switch t := tok.(type) {
		case json.Delim:
			if t == '{' || t == '[' {
				depth++
			} else {
				depth--
			}
			if depth > maxJSONDepth {
				problem = [2]string{"Expression too large", "JSON values are nested too deeply here."}
			}
		case json.Number:
			if !reasonable([]byte(strings.TrimPrefix(string(t), "-"))) {
				problem = [2]string{"Number too large", "This number has too many digits or too large an exponent."}
			}
		}
		if problem[0] != "" {
			return hcl.Diagnostics{Errorf(placeOfByte(src, path, int(tokens.InputOffset())), problem[0], "%s", problem[1])}
		}
	}
}

// invalidUTF8 is the place of the first byte that is no UTF-8, or -1.
func invalidUTF8(src []byte) int {
	for at := 0; at < len(src); {
		r, size := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// placeOfByte is the range of one byte before an offset.
func placeOfByte(src []byte, path string, offset int) hcl.Range {
	before := src[:max(0, offset-1)]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	start := hcl.Pos{Line: line, Column: column, Byte: len(before)}
	end := hcl.Pos{Line: line, Column: column + 1, Byte: min(len(src), len(before)+1)}
	return hcl.Range{Filename: path, Start: start, End: end}
}

func (o *object) sort() {
	slices.SortFunc(o.properties, func(a, b property) int { return cmp.Compare(a.at.Start.Byte, b.at.Start.Byte) })
}

// read returns the wanted attributes and blocks; which names are unknown is found
// by the caller, as in native syntax.
func (o *object) read(want Want, out *Content) hcl.Diagnostics {
	diags := slices.Clone(o.problems)
	for _, p := range o.members() {
		header, isBlock := want.Block(p.name)
		if slices.Contains(want.Attributes, p.name) && (!isBlock || !holdsObjects(p.expr)) {
			out.Attributes[p.name] = p.attribute(slices.Contains(want.Keywords, p.name))
			continue
		}
		if isBlock {
			blocks, more := p.blocks(header)
			diags = append(diags, more...)
			out.Blocks = append(out.Blocks, blocks...)
			continue
		}
		if len(want.Attributes) == 0 || holdsObjects(p.expr) && schema.Nearest(p.name, want.blockTypes()) != "" {
			diags = append(diags, want.unknownBlock(p.name, p.at, out.Meant))
			continue
		}
		diags = append(diags, want.unknownAttribute(p.name, p.at, out.Meant))
	}
	return diags
}

// members are the properties other than comments, which by HCL's convention are
// called "//".
func (o *object) members() []property {
	return slices.DeleteFunc(slices.Clone(o.properties), func(p property) bool { return p.name == "//" })
}

// holdsObjects tells a block from its short form: pretext = "rotation".
func holdsObjects(expr hcl.Expression) bool {
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		return slices.ContainsFunc(items, holdsObjects)
	}
	_, diags := hcl.ExprMap(expr)
	return !diags.HasErrors()
}

func (p property) attribute(keyword bool) *hcl.Attribute {
	return &hcl.Attribute{Name: p.name, NameRange: p.at, Range: hcl.RangeBetween(p.at, p.expr.Range()), Expr: nativeOf(p.expr, keyword)}
}

// blocks reads a property as blocks: an object for each label, and lists where
// there are several.
func (p property) blocks(header hcl.BlockHeaderSchema) ([]*Block, hcl.Diagnostics) {
	b := Block{Type: p.name, TypeRange: p.at, Range: p.at}
	return labelled(b, p.expr, len(header.LabelNames), blockForm(header))
}

func labelled(b Block, expr hcl.Expression, labels int, form string) (blocks []*Block, diags hcl.Diagnostics) {
	if items, listDiags := hcl.ExprList(expr); !listDiags.HasErrors() {
		for _, item := range items {
			inner, more := labelled(b, item, labels, form)
			blocks, diags = append(blocks, inner...), append(diags, more...)
		}
		return blocks, diags
	}
	o, ok := objectOf(expr)
	if !ok {
		return nil, hcl.Diagnostics{Errorf(expr.Range(), "Wrong form", "%s is a block here, in JSON an object: %s", form, jsonForm(b, labels))}
	}
	if labels == 0 {
		b.Body = &Body{object: o}
		return []*Block{&b}, nil
	}
	for _, p := range o.members() {
		named := b
		named.Labels = append(slices.Clone(b.Labels), p.name)
		named.LabelRanges = append(slices.Clone(b.LabelRanges), p.at)
		named.Range = p.at
		inner, more := labelled(named, p.expr, labels-1, form)
		blocks, diags = append(blocks, inner...), append(diags, more...)
	}
	return blocks, diags
}

// jsonForm is how the rest of a block is written in JSON.
func jsonForm(b Block, labels int) string {
	if labels == 0 && len(b.Labels) == 0 {
		return fmt.Sprintf("%q: { ... }.", b.Type)
	}
	if labels == 0 {
		return fmt.Sprintf("%q: { ... }.", b.Labels[len(b.Labels)-1])
	}
	return fmt.Sprintf(`%q: { "NAME": { ... } }.`, b.Type)
}

// objectOf returns the members of an object expression, in the order of the file.
func objectOf(expr hcl.Expression) (*object, bool) {
	pairs, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return nil, false
	}
	o := &object{at: expr.Range()}
	seen := map[string]hcl.Range{}
	for _, pair := range pairs {
		name := text(pair.Key)
		if first, ok := seen[name]; ok {
			o.problems = append(o.problems, Errorf(pair.Key.Range(), "Attribute redefined", "%s was already set at %s.", name, first))
			continue
		}
		seen[name] = pair.Key.Range()
		o.properties = append(o.properties, property{name: name, at: pair.Key.Range(), expr: pair.Value})
	}
	o.sort()
	return o, true
}

// text is the text of a JSON string, "" for anything else. Without a context HCL
// takes strings literally.
func text(expr hcl.Expression) string {
	v, diags := expr.Value(nil)
	if diags.HasErrors() || v.Type() != cty.String || v.IsNull() || !v.IsKnown() {
		return ""
	}
	return v.AsString()
}

// nativeOf turns an expression of the JSON syntax into one of the native syntax,
// so that it is checked in the same way. Strings are templates; a keyword is an
// expression, with or without ${ } around it.
func nativeOf(expr hcl.Expression, keyword bool) hclsyntax.Expression {
	at := expr.Range()
	if items, diags := hcl.ExprList(expr); !diags.HasErrors() {
		list := &hclsyntax.TupleConsExpr{SrcRange: at, OpenRange: at}
		for _, item := range items {
			list.Exprs = append(list.Exprs, nativeOf(item, false))
		}
		return list
	}
	if o, ok := objectOf(expr); ok {
		out := &hclsyntax.ObjectConsExpr{SrcRange: at, OpenRange: at}
		for _, p := range o.properties {
			key := &hclsyntax.LiteralValueExpr{Val: cty.StringVal(p.name), SrcRange: p.at}
			out.Items = append(out.Items, hclsyntax.ObjectConsItem{KeyExpr: key, ValueExpr: nativeOf(p.expr, false)})
		}
		return out
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() {
		return &invalid{LiteralValueExpr: hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}, diags: diags}
	}
	if v.IsNull() || v.Type() != cty.String {
		return &hclsyntax.LiteralValueExpr{Val: v, SrcRange: at}
	}
	return template(v.AsString(), at, keyword)
}

// template parses the text of a JSON string.
func template(src string, at hcl.Range, keyword bool) hclsyntax.Expression {
	if !keyword && !strings.Contains(src, "${") && !strings.Contains(src, "%{") {
		return &hclsyntax.LiteralValueExpr{Val: cty.StringVal(src), SrcRange: at}
	}
	before := 1 // the quote
	parse := hclsyntax.ParseTemplate
	if keyword {
		parse = hclsyntax.ParseExpression
		if inner, ok := strings.CutPrefix(src, "${"); ok && strings.HasSuffix(inner, "}") {
			src, before = strings.TrimSuffix(inner, "}"), 3
		}
	}
	start := at.Start
	start.Byte, start.Column = start.Byte+before, start.Column+before
	diags := checkLimits([]byte(src), at.Filename)
	var expr hclsyntax.Expression
	if !diags.HasErrors() {
		expr, diags = parse([]byte(src), at.Filename, start)
	}
	if !diags.HasErrors() {
		return expr
	}
	for _, d := range diags { // escapes in the string move what comes after them
		d.Subject, d.Context = &at, nil
	}
	return &invalid{LiteralValueExpr: hclsyntax.LiteralValueExpr{Val: cty.DynamicVal, SrcRange: at}, diags: diags}
}

// invalid is an expression that could not be parsed. It says so when it is
// evaluated.
type invalid struct {
	hclsyntax.LiteralValueExpr
	diags hcl.Diagnostics
}

// Value implements hcl.Expression.
func (e *invalid) Value(*hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	return cty.DynamicVal, e.diags
}
