package lsp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/functions"
	"sslpipe/internal/schema"
)

// values offers what the value of an attribute can be made of.
func (s *Server) values(d *document, at place, offset int) []completionItem {
	c := &valueCompletion{Server: s, document: d, at: at, offset: offset}
	c.field, c.known = s.words.field(at.blocks, at.attribute)
	c.variants = s.words.variants(at.blocks, at.attribute)
	switch {
	case len(at.blocks) == 0: // nothing has a value there
	case at.blocks[len(at.blocks)-1].kind == "variable":
		c.types()
	case at.quoted:
		c.listed()
	case len(at.names) > 0:
		c.parts()
	default:
		c.listed()
		c.literals()
		c.outputs()
		c.declared()
		c.functions()
	}
	return c.items
}

// valueCompletion gathers what fits at a place in a value.
type valueCompletion struct {
	*Server
	*document
	at     place
	offset int
	field  schema.Field
	known  bool // whether field is
	// variants are those that the attribute names, if it is a block's short form.
	variants []schema.Variant
	items    []completionItem
}

// add offers something. Group decides the order, before the label.
func (c *valueCompletion) add(group, label string, kind int, detail, doc string) *completionItem {
	c.items = append(c.items, completionItem{
		Label: label, Kind: kind, Detail: detail, SortText: group + label,
		TextEdit: &textEdit{Range: c.span(c.at.start, c.at.end), NewText: label},
	})
	item := &c.items[len(c.items)-1]
	if doc != "" {
		item.Documentation = markdown(doc)
	}
	return item
}

// listed offers the values that are known by name.
func (c *valueCompletion) listed() {
	for _, v := range c.variants {
		c.text("1", v.Name, variantDoc(v))
	}
	for i, value := range c.field.Enum {
		c.text(fmt.Sprintf("0%03d", i), value, c.options.ValueDoc(c.field, value))
	}
}

// text offers a text, in quotes where it needs them.
func (c *valueCompletion) text(group, text, doc string) {
	item := c.add(group, text, itemEnum, "", doc)
	if !c.at.quoted {
		item.TextEdit.NewText = fmt.Sprintf("%q", text)
		item.FilterText = text
	}
}

// typeForms are the types of variables, as they are most often written.
var typeForms = []string{"string", "number", "bool", "list(string)", "list(number)", "map(string)", "map(number)"}

// types offers the types of a variable, the other attributes of which are literal.
func (c *valueCompletion) types() {
	if c.at.attribute != "type" || c.at.quoted {
		return
	}
	for i, t := range typeForms {
		c.add(fmt.Sprint(i), t, itemClass, "", "")
	}
}

func (c *valueCompletion) literals() {
	if t := c.field.Type; c.known && !t.Ref && !t.Any && t.Scalar == schema.Bool {
		c.add("0", "true", itemValue, "", "")
		c.add("0", "false", itemValue, "", "")
	}
}

// outputs offers the outputs of stages that the attribute can refer to; a stage
// with one output stands for it.
func (c *valueCompletion) outputs() {
	if c.at.attribute == "base" {
		c.bases()
	}
	if !c.known || !c.field.Type.Ref {
		return
	}
	for _, n := range c.Server.declared(c.document) {
		kind, ok := c.words.kind(n.kind)
		if !ok || c.inside(n) {
			continue
		}
		for _, o := range kind.Outputs {
			if !slices.Contains(c.field.Refs, string(o.Type)) {
				continue
			}
			label := n.address + "." + o.Name
			if len(kind.Outputs) == 1 {
				label = n.address
			}
			c.add("1", label, itemRef, string(o.Type), o.Doc)
		}
	}
}

// inside tells whether the place is in the block that declares a name.
func (c *valueCompletion) inside(n found) bool {
	return n.document == c.document && n.block != nil && covers(n.whole, c.offset)
}

// bases offers the other stages of the kind.
func (c *valueCompletion) bases() {
	for _, n := range c.Server.declared(c.document) {
		if n.kind == c.at.blocks[0].kind && !c.inside(n) {
			c.add("1", n.address, itemRef, n.kind, "")
		}
	}
}

// declared offers variables, locals and what the stage repeats over.
func (c *valueCompletion) declared() {
	for _, n := range c.Server.declared(c.document) {
		if _, isStage := c.words.kind(n.kind); isStage || !n.visible(c.offset) {
			continue
		}
		if n.kind == "module" {
			for _, output := range c.moduleOutputs(n) {
				c.add("2", n.address+"."+output, itemModule, "output", "")
			}
			continue
		}
		c.add("2", n.address, itemVariable, c.summary(n), description(n))
	}
}

func (c *valueCompletion) functions() {
	for _, f := range functions.List {
		item := c.add("3", f.Name, itemFunction, f.Usage(), functionDoc(f))
		item.TextEdit.NewText = f.Name + "("
		if c.snippets {
			item.InsertTextFormat, item.TextEdit.NewText = snippetFormat, f.Name+"($0)"
		}
	}
}

// parts offers what can follow the names and dots before the place.
func (c *valueCompletion) parts() {
	prefix := strings.Join(c.at.names, ".") + "."
	for _, n := range c.Server.declared(c.document) {
		if !n.visible(c.offset) {
			continue
		}
		if rest, ok := strings.CutPrefix(n.address, prefix); ok {
			c.add("1", rest, itemVariable, c.summary(n), description(n))
		}
		if n.address+"." == prefix {
			c.outputsOf(n)
		}
	}
}

// outputsOf offers the outputs of a stage that fit, and all those of a module.
func (c *valueCompletion) outputsOf(n found) {
	if n.kind == "module" {
		for _, output := range c.moduleOutputs(n) {
			c.add("1", output, itemProperty, "output", "")
		}
	}
	kind, _ := c.words.kind(n.kind)
	for _, o := range kind.Outputs {
		if !c.known || !c.field.Type.Ref || slices.Contains(c.field.Refs, string(o.Type)) {
			c.add("1", o.Name, itemProperty, string(o.Type), o.Doc)
		}
	}
}

// summary says in a few words what a name is.
func (s *Server) summary(n found) string {
	switch n.kind {
	case "variable":
		parts := []string{source(n.document, n.block.Body.Attributes["type"])}
		if value := source(n.document, n.block.Body.Attributes["default"]); value != "" {
			parts = append(parts, "default "+value)
		}
		return strings.Join(parts, ", ")
	case "locals", matrixWord, "for_each":
		return source(n.document, n.attribute)
	}
	return n.kind
}

// source is the text of an attribute's value, on one line.
func source(d *document, a *hclsyntax.Attribute) string {
	if a == nil {
		return ""
	}
	return oneLine(d.slice(a.Expr.Range()))
}

// maxOneLine is the longest text that is shown of a value, in characters.
const maxOneLine = 60

func oneLine(text string) string {
	letters := []rune(strings.Join(strings.Fields(text), " "))
	if len(letters) > maxOneLine {
		return string(letters[:maxOneLine-1]) + "…"
	}
	return string(letters)
}

// description is what a variable says of itself.
func description(n found) string {
	if n.kind != "variable" || n.block.Body.Attributes["description"] == nil {
		return ""
	}
	text, _ := literalText(n.block.Body.Attributes["description"].Expr)
	return text
}
