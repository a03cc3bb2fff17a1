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
			want.Attributes = append(want.Attributes, f.Name) // for null
			want.Short = append(want.Short, f.Name)
		case schema.Labelled:
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: f.Name, LabelNames: []string{"name"}})
			want.Attributes = append(want.Attributes, f.Name)
			want.Short = append(want.Short, f.Name)
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
		blocks, fine := d.expand(found.Blocks, l, want, out.meant)
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

// expand replaces dynamic blocks by those that they make. What one with a mistake was
// meant to make is noted.
func (d *decoder) expand(found []*hclspec.Block, l layer, want hclspec.Want, meant map[string]bool) ([]placedBlock, bool) {
	var out []placedBlock
	ok := true
	for _, block := range found {
		if block.Type != dynamicHeader.Type {
			out = append(out, placedBlock{Block: block, env: l.env})
			continue
		}
		e := expansion{d: d, block: block, env: l.env, quiet: l.from != ""}
		made, fine := e.run(want, meant)
		if !fine {
			meant[block.Labels[0]] = true
		}
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

func (e expansion) run(want hclspec.Want, meant map[string]bool) ([]placedBlock, bool) {
	name := e.block.Labels[0]
	if d := want.CheckBlock(name, e.block.LabelRanges[0], meant); d != nil || name == dynamicHeader.Type || slices.Contains(stageBlocks, name) {
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
	iterator, ok := e.iterator(content.Attributes["iterator"])
	if !ok {
		return nil, false
	}
	value, ok, diags := e.env.value(each.Expr)
	e.report(diags...)
	if !ok {
		return nil, false
	}
	plain, _ := value.Unmark()
	if plain.IsNull() || !plain.CanIterateElements() {
		e.report(hclspec.Errorf(each.Expr.Range(), "Wrong type", "for_each must be a list, set, map or object, and this is %s.", schema.Describe(plain)))
		return nil, false
	}
	if n := plain.LengthInt(); n > maxDynamic {
		e.report(hclspec.Errorf(each.Expr.Range(), "Value too large", "A dynamic block makes at most %d blocks, and this makes %d.", maxDynamic, n))
		return nil, false
	}
	header, _ := want.Block(name)
	return e.blocks(value, iterator, content.Attributes["labels"], len(header.LabelNames), inner[0])
}

// iterator is the name under which the content sees the element.
func (e expansion) iterator(attr *hcl.Attribute) (string, bool) {
	if attr == nil {
		return e.block.Labels[0], true
	}
	name := hcl.ExprAsKeyword(attr.Expr)
	switch {
	case name == "":
		e.report(hclspec.Errorf(attr.Expr.Range(), "Invalid name", "iterator is a name without quotes: iterator = size."))
	case slices.Contains(reservedKinds, name) || slices.Contains(e.d.p.names, name):
		e.report(hclspec.Errorf(attr.Expr.Range(), "Invalid name", "%s has a meaning of its own, so an element cannot be called that.", name))
		name = ""
	}
	return name, name != ""
}

func (e expansion) blocks(value cty.Value, iterator string, labels *hcl.Attribute, wanted int, inner *hclspec.Block) ([]placedBlock, bool) {
	var out []placedBlock
	value, marks := value.Unmark()
	isSet := value.Type().IsSetType()
	for it := value.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if isSet {
			k = v
		}
		env := e.env.with(iterator, cty.ObjectVal(map[string]cty.Value{"key": k.WithMarks(marks), "value": v.WithMarks(marks)}))
		made := hclspec.Block{Type: e.block.Labels[0], Body: inner.Body, Range: e.block.Range, TypeRange: e.block.LabelRanges[0]}
		var ok bool
		if made.Labels, ok = e.labels(env, labels, wanted); !ok {
			return nil, false
		}
		for range made.Labels {
			made.LabelRanges = append(made.LabelRanges, labels.Expr.Range())
		}
		out = append(out, placedBlock{Block: &made, env: env})
	}
	return out, true
}

// labels evaluates the labels of one block, of which there must be as many as are
// wanted.
func (e expansion) labels(env env, attr *hcl.Attribute, wanted int) ([]string, bool) {
	name := e.block.Labels[0]
	switch {
	case attr == nil && wanted == 0:
		return nil, true
	case attr == nil:
		e.report(hclspec.Errorf(e.block.Range, "Missing attribute", "A %s block has a name, so dynamic %q needs the attribute labels, a list with one string.", name, name))
		return nil, false
	}
	v, ok, diags := env.value(attr.Expr)
	e.report(diags...)
	if !ok {
		return nil, false
	}
	v, marks := v.UnmarkDeep()
	texts, good := stringsOf(v)
	_, secret := marks[sensitive{}]
	switch {
	case !good:
		e.report(hclspec.Errorf(attr.Expr.Range(), "Wrong type", "labels must be a list of strings, such as [\"name\"]."))
	case secret:
		e.report(hclspec.Errorf(attr.Expr.Range(), "Invalid value", "A name cannot be made of a sensitive variable."))
	case wanted == 0 && len(texts) > 0:
		e.report(hclspec.Errorf(attr.Expr.Range(), "Unexpected name", "A %s block has no name.", name))
	case len(texts) != wanted:
		e.report(hclspec.Errorf(attr.Expr.Range(), "Unexpected name", "A %s block has one name, and these are %d.", name, len(texts)))
	}
	return texts, good && !secret && len(texts) == wanted
}

// stringsOf returns the elements of a list of strings.
func stringsOf(v cty.Value) ([]string, bool) {
	if v.IsNull() || !v.Type().IsTupleType() && !v.Type().IsListType() {
		return nil, false
	}
	var texts []string
	for it := v.ElementIterator(); it.Next(); {
		_, text := it.Element()
		if text.Type() != cty.String || text.IsNull() {
			return nil, false
		}
		texts = append(texts, text.AsString())
	}
	return texts, true
}
