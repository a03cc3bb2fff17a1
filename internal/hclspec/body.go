package hclspec

import (
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Body is what a block or a file contains, written in HCL's native syntax or in
// its JSON syntax, in which attributes and blocks look the same until it is known
// which are wanted.
type Body struct {
	native *hclsyntax.Body
	object *object
}

// Block is a block with its body.
type Block struct {
	Type   string
	Labels []string
	Body   *Body
	// Range is the place of the header, the others those of its parts.
	Range       hcl.Range
	TypeRange   hcl.Range
	LabelRanges []hcl.Range
}

// EmptyBody returns a body without anything, at a place.
func EmptyBody(at hcl.Range) *Body {
	return &Body{native: &hclsyntax.Body{SrcRange: at, EndRange: at}}
}

// Range is the place of the body with its braces.
func (b *Body) Range() hcl.Range {
	if b.object != nil {
		return b.object.at
	}
	return b.native.SrcRange
}

// Attributes returns everything in a body of which all names are free, such as
// locals, in the order of the file, and an error for each block.
func (b *Body) Attributes(what string) ([]*hcl.Attribute, hcl.Diagnostics) {
	var out []*hcl.Attribute
	if b.object != nil {
		for _, p := range b.object.members() {
			out = append(out, p.attribute(false))
		}
		return out, b.object.problems
	}
	var diags hcl.Diagnostics
	for _, block := range b.native.Blocks {
		diags = append(diags, Errorf(block.TypeRange, "Wrong form", "There are no blocks in %s: write %s = ...", what, block.Type))
	}
	for _, attr := range b.native.Attributes {
		out = append(out, attr.AsHCLAttribute())
	}
	slices.SortFunc(out, func(a, b *hcl.Attribute) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) })
	return out, diags
}

// References returns everything that any expression in the body refers to,
// whether or not its attribute or block is known, in the order of the file. In
// JSON the base of a stage is a reference, though it is written as text.
func (b *Body) References() []Reference {
	var refs []Reference
	if b.object != nil {
		for _, p := range b.object.members() {
			refs = append(refs, References(p.attribute(p.name == "base").Expr)...)
		}
		return refs
	}
	for _, attr := range b.native.Attributes {
		refs = append(refs, References(attr.Expr)...)
	}
	for _, block := range b.native.Blocks {
		inner := Body{native: block.Body}
		refs = append(refs, inner.References()...)
	}
	slices.SortStableFunc(refs, func(a, b Reference) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) })
	return refs
}

func nativeBlock(b *hclsyntax.Block) *Block {
	return &Block{Type: b.Type, Labels: b.Labels, Body: &Body{native: b.Body},
		Range: b.DefRange(), TypeRange: b.TypeRange, LabelRanges: b.LabelRanges}
}

// pipelineBlock is the place of the first pipeline block of a file.
func (b *Body) pipelineBlock() (hcl.Range, bool) {
	if b.object != nil {
		for _, p := range b.object.properties {
			if p.name == "pipeline" {
				return p.at, true
			}
		}
		return hcl.Range{}, false
	}
	for _, block := range b.native.Blocks {
		if block.Type == "pipeline" {
			return block.DefRange(), true
		}
	}
	return hcl.Range{}, false
}
