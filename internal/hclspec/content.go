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
	// Noun says what its blocks are if not just "block": "transform".
	Noun string
	// Unknown is the summary of an unknown block if not "Unknown " and the noun.
	Unknown string
}

// Content is what a body contains.
type Content struct {
	Attributes hcl.Attributes
	Blocks     hcl.Blocks
	// Meant are the attributes and blocks that something which was reported
	// was probably meant to be, so that their absence is not reported too.
	Meant map[string]bool
}

// ReadBody returns what a body contains, and an error for each thing in it that is
// not wanted or has the wrong number of labels, which says what is legal and the
// nearest name. Whether something is missing is left to the caller.
func ReadBody(body hcl.Body, want Want) (*Content, hcl.Diagnostics) {
	headers := &hcl.BodySchema{Blocks: want.Blocks}
	for _, name := range want.Attributes {
		headers.Attributes = append(headers.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, diags := body.Content(headers)
	out := &Content{Attributes: content.Attributes, Blocks: content.Blocks, Meant: map[string]bool{}}
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return out, diags
	}
	// HCL's own messages name neither what is legal nor, reliably, the nearest.
	diags = nil
	for _, attr := range native.Attributes {
		if !slices.Contains(want.Attributes, attr.Name) {
			diags = append(diags, want.unknownAttribute(attr, out.Meant))
		}
	}
	for _, block := range native.Blocks {
		if d := want.checkBlock(block, out.Meant); d != nil {
			diags = append(diags, d)
		}
	}
	return out, diags
}

func (w Want) unknownAttribute(attr *hclsyntax.Attribute, meant map[string]bool) *hcl.Diagnostic {
	if header, ok := w.block(attr.Name); ok {
		meant[attr.Name] = true
		return Errorf(attr.NameRange, "Wrong form", "%s is a block here: write %s { ... } without an equals sign.",
			attr.Name, blockForm(header))
	}
	meant[schema.Nearest(attr.Name, w.Attributes)] = true
	return Errorf(attr.NameRange, "Unknown attribute", "There is no attribute %q in %s.%s%s",
		attr.Name, w.What, legal("attributes", w.Attributes), schema.DidYouMean(attr.Name, w.Attributes))
}

func (w Want) checkBlock(block *hclsyntax.Block, meant map[string]bool) *hcl.Diagnostic {
	header, ok := w.block(block.Type)
	switch {
	case !ok:
		return w.unknownBlock(block, meant)
	case len(block.Labels) < len(header.LabelNames):
		meant[block.Type] = true
		return Errorf(block.TypeRange, "Missing name", "A %s block needs a name: %s { ... }.", block.Type, blockForm(header))
	case len(block.Labels) > len(header.LabelNames):
		meant[block.Type] = true
		return Errorf(block.LabelRanges[len(header.LabelNames)], "Unexpected name", "This name is one too many: write %s { ... }.", blockForm(header))
	}
	return nil
}

func (w Want) unknownBlock(block *hclsyntax.Block, meant map[string]bool) *hcl.Diagnostic {
	if slices.Contains(w.Attributes, block.Type) {
		meant[block.Type] = true
		return Errorf(block.TypeRange, "Wrong form", "%s is an attribute here: write %s = ... instead of a block.", block.Type, block.Type)
	}
	var types []string
	for _, h := range w.Blocks {
		types = append(types, h.Type)
	}
	noun := w.Noun
	if noun == "" {
		noun = "block"
	}
	summary := w.Unknown
	if summary == "" {
		summary = "Unknown " + noun
	}
	meant[schema.Nearest(block.Type, types)] = true
	return Errorf(block.TypeRange, summary, "There is no %s %q in %s.%s%s",
		noun, block.Type, w.What, legal(noun+"s", types), schema.DidYouMean(block.Type, types))
}

func (w Want) block(name string) (hcl.BlockHeaderSchema, bool) {
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
