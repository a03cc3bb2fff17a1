package lsp

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/hclspec"
)

// name is something that a file declares and expressions refer to.
type name struct {
	// address is how it is referred to: var.epochs, local.layers, pretrain.rotation.
	address string
	// word is its own name, the last part of the address.
	word string
	// kind is the kind of block that declares it: variable, locals, matrix, module,
	// or a kind of stage.
	kind string
	// at is the place of its own name, whole that of the block or attribute.
	at, whole hcl.Range
	block     *hclsyntax.Block     // nil for an attribute
	attribute *hclsyntax.Attribute // nil for a block
	// scope is the only place in which it is known, for what a stage declares.
	scope *hcl.Range
}

// names returns what a file declares, in its order.
func (v *vocabulary) names(body *hclsyntax.Body) []name {
	var out []name
	for _, block := range body.Blocks {
		_, isStage := v.kind(block.Type)
		switch {
		case block.Type == "locals":
			out = append(out, attributeNames(block, "local", nil)...)
		case len(block.Labels) != 1:
		case block.Type == "variable":
			out = append(out, blockName(block, "var"))
		case isStage, block.Type == "module":
			out = append(out, blockName(block, block.Type))
			out = append(out, stageNames(block)...)
		}
	}
	return out
}

func blockName(block *hclsyntax.Block, root string) name {
	return name{
		address: root + "." + block.Labels[0], word: block.Labels[0], kind: block.Type,
		at: unquoted(block.LabelRanges[0]), whole: block.Range(), block: block,
	}
}

func attributeNames(block *hclsyntax.Block, root string, scope *hcl.Range) []name {
	var out []name
	for _, a := range block.Body.Attributes {
		out = append(out, name{
			address: root + "." + a.Name, word: a.Name, kind: block.Type,
			at: a.NameRange, whole: a.Range(), attribute: a, scope: scope,
		})
	}
	slices.SortFunc(out, func(a, b name) int { return a.at.Start.Byte - b.at.Start.Byte })
	return out
}

// stageNames returns what a stage declares for itself: matrix.x, each.key.
func stageNames(block *hclsyntax.Block) []name {
	var out []name
	scope := block.Range()
	for _, inner := range block.Body.Blocks {
		if inner.Type == matrixWord {
			out = append(out, attributeNames(inner, matrixWord, &scope)...)
		}
	}
	if a, ok := block.Body.Attributes["for_each"]; ok {
		for _, word := range []string{"key", "value"} {
			out = append(out, name{address: "each." + word, word: word, kind: "for_each", at: a.NameRange, whole: a.Range(), attribute: a, scope: &scope})
		}
	}
	return out
}

// unquoted is a range without the quotes around it.
func unquoted(r hcl.Range) hcl.Range {
	if r.End.Byte-r.Start.Byte < 2 {
		return r
	}
	r.Start.Byte, r.Start.Column = r.Start.Byte+1, r.Start.Column+1
	r.End.Byte, r.End.Column = r.End.Byte-1, r.End.Column-1
	return r
}

// covers tells whether a place is in a range or at its end, where a cursor stands
// behind the last letter.
func covers(r hcl.Range, offset int) bool { return r.Start.Byte <= offset && offset <= r.End.Byte }

// visible tells whether a name is known at a place.
func (n name) visible(offset int) bool { return n.scope == nil || covers(*n.scope, offset) }

// use is a reference to a name.
type use struct{ hclspec.Reference }

// address is that of the name.
func (u use) address() string { return u.Parts[0] + "." + u.Parts[1] }

// word is the place of the name's own word, without a dot or brackets around it.
func (u use) word(d *document) hcl.Range {
	r := u.Ranges[1]
	text := d.slice(r)
	trimmed := strings.TrimLeft(text, ".[\" \t")
	r.Start.Byte += len(text) - len(trimmed)
	r.End.Byte -= len(trimmed) - len(strings.TrimRight(trimmed, "\"] \t"))
	return r
}

// uses returns the references of a file to names, which have two parts.
func uses(body *hclsyntax.Body) []use {
	var out []use
	var read func(body *hclsyntax.Body)
	read = func(body *hclsyntax.Body) {
		for _, a := range body.Attributes {
			for _, ref := range hclspec.References(a.Expr) {
				if len(ref.Parts) >= 2 {
					out = append(out, use{ref})
				}
			}
		}
		for _, block := range body.Blocks {
			read(block.Body)
		}
	}
	read(body)
	slices.SortFunc(out, func(a, b use) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return out
}

// to tells whether a reference means a name.
func (u use) to(n name) bool {
	return u.address() == n.address && n.visible(u.Range.Start.Byte)
}
