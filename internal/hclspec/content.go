package hclspec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/schema"
)

// Want is what a body may contain.
type Want struct {
	// What names the body in messages: pretrain "rotation".
	What       string
	Attributes []string
	Blocks     []hcl.BlockHeaderSchema
	// Keywords are attributes whose value is a name or type rather than text; in
	// JSON they are strings all the same.
	Keywords []string
	// Hidden are attributes and blocks that messages do not list, Short attributes
	// that they list as blocks, of which these are the short form.
	Hidden, Short []string
	// Noun says what its blocks are if not just "block": "transform".
	Noun string
	// Unknown is the summary of an unknown block if not "Unknown " and the noun.
	Unknown string
}

// Content is what a body contains.
type Content struct {
	Attributes map[string]*hcl.Attribute
	Blocks     []*Block
	// Meant are the attributes and blocks that something which was reported
	// was probably meant to be, so that their absence is not reported too.
	Meant map[string]bool
}

// Read returns what a body contains, and an error for each thing in it that is
// not wanted or has the wrong number of labels, which says what is legal and the
// nearest name. Whether something is missing is left to the caller.
func (b *Body) Read(want Want) (*Content, hcl.Diagnostics) {
	out := &Content{Attributes: map[string]*hcl.Attribute{}, Meant: map[string]bool{}}
	if b.object != nil {
		return out, b.object.read(want, out)
	}
	var diags hcl.Diagnostics
	for _, attr := range b.native.Attributes {
		if slices.Contains(want.Attributes, attr.Name) {
			out.Attributes[attr.Name] = attr.AsHCLAttribute()
			continue
		}
		diags = append(diags, want.unknownAttribute(attr.Name, attr.NameRange, out.Meant))
	}
	for _, block := range b.native.Blocks {
		if d := want.checkBlock(block, out.Meant); d != nil {
			diags = append(diags, d)
			continue
		}
		out.Blocks = append(out.Blocks, nativeBlock(block))
	}
	return out, diags
}

func (w Want) unknownAttribute(name string, at hcl.Range, meant map[string]bool) *hcl.Diagnostic {
	if header, ok := w.Block(name); ok {
		meant[name] = true
		return Errorf(at, "Wrong form", "%s is a block here: write %s { ... } without an equals sign.",
			name, blockForm(header))
	}
	meant[schema.Nearest(name, w.Attributes)] = true
	return Errorf(at, "Unknown attribute", "There is no attribute %q in %s.%s%s",
		name, w.What, legal("attributes", w.listed(w.Attributes, w.Short)), schema.DidYouMean(name, w.Attributes))
}

// listed are the names that messages list.
func (w Want) listed(names, but []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return slices.Contains(w.Hidden, name) || slices.Contains(but, name)
	})
}

func (w Want) checkBlock(block *hclsyntax.Block, meant map[string]bool) *hcl.Diagnostic {
	header, ok := w.Block(block.Type)
	switch {
	case !ok:
		return w.unknownBlock(block.Type, block.TypeRange, meant)
	case len(block.Labels) < len(header.LabelNames):
		meant[block.Type] = true
		return Errorf(block.TypeRange, "Missing name", "A %s block needs a name: %s { ... }.", block.Type, blockForm(header))
	case len(block.Labels) > len(header.LabelNames):
		meant[block.Type] = true
		return Errorf(block.LabelRanges[len(header.LabelNames)], "Unexpected name", "This name is one too many: write %s { ... }.", blockForm(header))
	}
	return nil
}

func (w Want) unknownBlock(name string, at hcl.Range, meant map[string]bool) *hcl.Diagnostic {
	if slices.Contains(w.Attributes, name) {
		meant[name] = true
		return Errorf(at, "Wrong form", "%s is an attribute here: write %s = ... instead of a block.", name, name)
	}
	types := w.blockTypes()
	noun := w.Noun
	if noun == "" {
		noun = "block"
	}
	summary := w.Unknown
	if summary == "" {
		summary = "Unknown " + noun
	}
	meant[schema.Nearest(name, types)] = true
	return Errorf(at, summary, "There is no %s %q in %s.%s%s",
		noun, name, w.What, legal(noun+"s", w.listed(types, nil)), schema.DidYouMean(name, types))
}

func (w Want) blockTypes() []string {
	var types []string
	for _, h := range w.Blocks {
		types = append(types, h.Type)
	}
	return types
}

// CheckBlock reports a block type that a body may not contain, or nil. It adds what
// was probably meant to meant.
func (w Want) CheckBlock(name string, at hcl.Range, meant map[string]bool) *hcl.Diagnostic {
	if _, ok := w.Block(name); ok {
		return nil
	}
	return w.unknownBlock(name, at, meant)
}

// Block is the header of a wanted block.
func (w Want) Block(name string) (hcl.BlockHeaderSchema, bool) {
	for _, h := range w.Blocks {
		if h.Type == name {
			return h, true
		}
	}
	return hcl.BlockHeaderSchema{}, false
}

func blockForm(h hcl.BlockHeaderSchema) string {
	if len(h.LabelNames) == 0 {
		return h.Type
	}
	return h.Type + ` "` + strings.Join(h.LabelNames, `" "`) + `"`
}

// legal lists what would have been allowed, with a leading space.
func legal(what string, names []string) string {
	if len(names) == 0 {
		return fmt.Sprintf(" It has no %s.", what)
	}
	return fmt.Sprintf(" Its %s are: %s.", what, strings.Join(names, ", "))
}
