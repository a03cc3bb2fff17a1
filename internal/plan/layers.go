package plan

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// content is what the layers of a body contain together: of each attribute the
// nearest, of blocks what each layer has.
type content struct {
	attributes map[string]attribute
	layers     []layerBlocks // the nearest first
	meant      map[string]bool
}

// attribute is an attribute with the layer that it is in.
type attribute struct {
	*hcl.Attribute
	env  env
	from string
}

type layerBlocks struct {
	layer
	blocks []placedBlock
}

// placedBlock is a block with what its expressions can name.
type placedBlock struct {
	*hclspec.Block
	env env
}

// maxDynamic limits the blocks that one dynamic block makes.
const maxDynamic = 1000

// stageWords are what every stage can have beside the attributes of its kind.
var (
	stageAttributes = []string{"base", "for_each"}
	stageBlocks     = []string{"matrix"}
	dynamicHeader   = hcl.BlockHeaderSchema{Type: "dynamic", LabelNames: []string{"block"}}
)

// want is what a body may contain: its fields, and the words of the language.
func (d *decoder) want(fields []schema.Field, what string, top bool) hclspec.Want {
	want := hclspec.Want{What: what, Keywords: []string{"base"}}
	for _, f := range fields {
		switch f.Form {
		case schema.Attribute:
			want.Attributes = append(want.Attributes, f.Name)
		case schema.Block:
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: f.Name})
		case schema.Labelled:
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: f.Name, LabelNames: []string{"name"}})
			want.Attributes = append(want.Attributes, f.Name)
			want.Hidden = append(want.Hidden, f.Name)
		case schema.Ordered:
			want.Noun = f.Family
			for _, name := range d.families[f.Family].Names() {
				want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: name})
			}
		}
	}
	if top && d.stage != nil {
		want.Attributes = append(want.Attributes, stageAttributes...)
		for _, name := range stageBlocks {
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: name})
		}
		want.Hidden = append(append(want.Hidden, stageAttributes...), stageBlocks...)
	}
	if len(want.Blocks) > 0 {
		want.Blocks = append(want.Blocks, dynamicHeader)
		want.Hidden = append(want.Hidden, dynamicHeader.Type)
	}
	return want
}

// read reads the layers of a body. Mistakes in the layers of a base are reported
// where the base is.
func (d *decoder) read(layers []layer, want hclspec.Want) (content, bool) {
	out := content{attributes: map[string]attribute{}, meant: map[string]bool{}}
	ok := true
	for _, l := range layers {
		found, diags := l.body.Read(want)
		if l.from == "" {
			d.p.report(diags...)
		}
		ok = ok && !diags.HasErrors()
		for name, attr := range found.Attributes {
			if _, nearer := out.attributes[name]; !nearer && !out.hasBlock(name) {
				out.attributes[name] = attribute{Attribute: attr, env: l.env, from: l.from}
			}
		}
		for name := range found.Meant {
			out.meant[name] = true
		}
		blocks, fine := d.expand(found.Blocks, l, want)
		ok = ok && fine
		out.layers = append(out.layers, layerBlocks{layer: l, blocks: blocks})
	}
	return out, ok
}

// hasBlock tells whether a nearer layer has a block of a type, which replaces the
// short form of a base.
func (c content) hasBlock(name string) bool {
	return slices.ContainsFunc(c.layers, func(l layerBlocks) bool {
		return slices.ContainsFunc(l.blocks, func(b placedBlock) bool { return b.Type == name })
	})
}

// expand replaces dynamic blocks by those that they make.
func (d *decoder) expand(found []*hclspec.Block, l layer, want hclspec.Want) ([]placedBlock, bool) {
	var out []placedBlock
	ok := true
	for _, block := range found {
		if block.Type != dynamicHeader.Type {
			out = append(out, placedBlock{Block: block, env: l.env})
			continue
		}
		e := expansion{d: d, block: block, env: l.env, quiet: l.from != ""}
		made, fine := e.run(want)
		out = append(out, made...)
		ok = ok && fine
	}
	return out, ok
}

// expansion makes blocks of one dynamic block.
type expansion struct {
	d     *decoder
	block *hclspec.Block
	env   env
	quiet bool
}

func (e expansion) report(diags ...*hcl.Diagnostic) {
	if !e.quiet {
		e.d.p.report(diags...)
	}
}

func (e expansion) run(want hclspec.Want) ([]placedBlock, bool) {
	name := e.block.Labels[0]
	if d := want.CheckBlock(name, e.block.LabelRanges[0]); d != nil || name == dynamicHeader.Type || slices.Contains(stageBlocks, name) {
		if d == nil {
			d = hclspec.Errorf(e.block.LabelRanges[0], "Invalid name", "A dynamic block cannot make %s blocks.", name)
		}
		e.report(d)
		return nil, false
	}
	content, diags := e.block.Body.Read(hclspec.Want{What: fmt.Sprintf("dynamic %q", name), Keywords: []string{"iterator"},
		Attributes: []string{"for_each", "iterator", "labels"}, Blocks: []hcl.BlockHeaderSchema{{Type: "content"}}})
	each, inner := content.Attributes["for_each"], content.Blocks
	if each == nil && !content.Meant["for_each"] {
		diags = append(diags, hclspec.Errorf(e.block.Range, "Missing attribute", "dynamic %q needs the attribute for_each, the elements to make blocks of.", name))
	}
	if len(inner) != 1 && !content.Meant["content"] {
		diags = append(diags, hclspec.Errorf(e.block.Range, "Missing block", "dynamic %q needs one content block, with what each block contains.", name))
	}
	e.report(diags...)
	if diags.HasErrors() || each == nil || len(inner) != 1 {
		return nil, false
	}
	iterator := name
	if attr := content.Attributes["iterator"]; attr != nil {
		if iterator = hcl.ExprAsKeyword(attr.Expr); iterator == "" {
			e.report(hclspec.Errorf(attr.Expr.Range(), "Invalid name", "iterator is a name without quotes: iterator = size."))
			return nil, false
		}
	}
	value, ok, diags := e.env.value(each.Expr)
	e.report(diags...)
	if !ok {
		return nil, false
	}
	value, _ = value.Unmark()
	if !value.CanIterateElements() || value.LengthInt() > maxDynamic {
		e.report(hclspec.Errorf(each.Expr.Range(), "Wrong type", "for_each must be a list, set, map or object with at most %d elements, and this is %s.", maxDynamic, schema.Describe(value)))
		return nil, false
	}
	return e.blocks(value, iterator, content.Attributes["labels"], inner[0])
}

func (e expansion) blocks(value cty.Value, iterator string, labels *hcl.Attribute, inner *hclspec.Block) ([]placedBlock, bool) {
	var out []placedBlock
	isSet := value.Type().IsSetType()
	for it := value.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if isSet {
			k = v
		}
		env := e.env.with(iterator, cty.ObjectVal(map[string]cty.Value{"key": k, "value": v}))
		made := hclspec.Block{Type: e.block.Labels[0], Body: inner.Body, Range: e.block.Range, TypeRange: e.block.LabelRanges[0]}
		if labels != nil {
			texts, ok := e.labels(env, labels)
			if !ok {
				return nil, false
			}
			for _, text := range texts {
				made.Labels = append(made.Labels, text)
				made.LabelRanges = append(made.LabelRanges, labels.Expr.Range())
			}
		}
		out = append(out, placedBlock{Block: &made, env: env})
	}
	return out, true
}

func (e expansion) labels(env env, attr *hcl.Attribute) ([]string, bool) {
	v, ok, diags := env.value(attr.Expr)
	e.report(diags...)
	if !ok {
		return nil, false
	}
	v, _ = v.UnmarkDeep()
	var texts []string
	good := !v.IsNull() && (v.Type().IsTupleType() || v.Type().IsListType())
	if good {
		for it := v.ElementIterator(); it.Next(); {
			if _, text := it.Element(); text.Type() == cty.String && !text.IsNull() {
				texts = append(texts, text.AsString())
				continue
			}
			good = false
		}
	}
	if !good {
		e.report(hclspec.Errorf(attr.Expr.Range(), "Wrong type", "labels must be a list of strings, and this is %s.", schema.Describe(v)))
	}
	return texts, good
}
