package plan

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// chosen is a block of a field, or its short form, with the layers of its body.
type chosen struct {
	name   string // of the variant
	block  string // the type of the block
	from   string // the address of the base that it comes from
	layers []layer
	at     hcl.Range // of the header
	nameAt hcl.Range
}

// blocks decodes the blocks of one field; absent ones keep their default.
func (d *decoder) blocks(content content, f schema.Field, config any, what, prefix string, at hcl.Range) bool {
	path := prefix + f.Path
	found, there, ok := d.short(content, f, path)
	switch {
	case !ok:
		return false
	case there && len(found) == 0: // null or an empty list
		if f.Required {
			d.p.report(hclspec.Errorf(d.ranges[path], "Missing value", "%s is required in %s. %s", f.Name, what, f.Doc+variants(d.families[f.Family])))
		}
		return !f.Required
	case !there:
		found, ok = d.collect(content, f, what, path, at)
	}
	if len(found) == 0 {
		if f.Required && !d.meant(content, f) && !d.lost() {
			d.p.report(hclspec.Errorf(at, "Missing block", "%s needs a %s. %s", what, blockForm(f), f.Doc+variants(d.families[f.Family])))
		}
		return !f.Required && ok
	}
	d.ranges[path] = found[0].at
	if f.Form == schema.Block {
		return d.body(found[0].layers, f.Inner(config, true), f.Name, path+".", found[0].at) && ok
	}
	return d.choices(found, f, config, path) && ok
}

// collect finds the blocks of a field in the nearest layer that has some. A single
// one is joined with those of the layers below that have the same label.
func (d *decoder) collect(content content, f schema.Field, what, path string, at hcl.Range) ([]chosen, bool) {
	var found []chosen
	ok := true
	for _, l := range content.layers {
		mine := d.ofField(l.blocks, f)
		switch {
		case len(mine) == 0:
		case found == nil:
			if !f.Many {
				ok = d.reportExtra(mine, f, what, l.from != "")
				mine = mine[:1]
			}
			for _, b := range mine {
				found = append(found, chosenFrom(b, f, l.from))
			}
		case !f.Many && (f.Form == schema.Block || mine[0].Labels[0] == found[0].name):
			found[0].layers = append(found[0].layers, layer{body: mine[0].Body, env: mine[0].env, from: l.from})
		}
		if found != nil && f.Many {
			break
		}
	}
	if found == nil && f.Form != schema.Ordered && d.setsInside(path) {
		if name := defaultChoice(f); f.Form == schema.Block || name != "" {
			empty := layer{body: hclspec.EmptyBody(at), env: content.layers[0].env}
			found = []chosen{{block: f.Name, name: name, layers: []layer{empty}, at: at, nameAt: at}}
		}
	}
	return found, ok
}

// defaultChoice is the variant that a field has without a block, or "".
func defaultChoice(f schema.Field) string {
	switch c := f.Default.(type) {
	case schema.Choice:
		return c.Name
	case *schema.Choice:
		if c != nil {
			return c.Name
		}
	}
	return ""
}

func chosenFrom(b placedBlock, f schema.Field, from string) chosen {
	c := chosen{name: b.Type, block: b.Type, from: from, at: b.Range, nameAt: b.TypeRange,
		layers: []layer{{body: b.Body, env: b.env, from: from}}}
	if f.Form == schema.Labelled {
		c.name, c.nameAt = b.Labels[0], b.LabelRanges[0]
	}
	return c
}

// ofField are the blocks that belong to a field.
func (d *decoder) ofField(blocks []placedBlock, f schema.Field) []placedBlock {
	family := d.families[f.Family]
	var out []placedBlock
	for _, b := range blocks {
		_, isVariant := family.Find(b.Type)
		if b.Type == f.Name && f.Form != schema.Ordered || f.Form == schema.Ordered && isVariant {
			out = append(out, b)
		}
	}
	return out
}

func (d *decoder) reportExtra(found []placedBlock, f schema.Field, what string, quiet bool) bool {
	for _, extra := range found[1:] {
		switch {
		case quiet:
		case extra.Range == found[0].Range:
			d.p.report(hclspec.Errorf(extra.Range, "Duplicate block", "%s can have one block %s, and this makes %d.", what, f.Name, len(found)))
		default:
			d.p.report(hclspec.Errorf(extra.Range, "Duplicate block", "%s already has a block %s at %s.", what, f.Name, found[0].Range))
		}
	}
	return len(found) == 1
}

func (d *decoder) meant(content content, f schema.Field) bool {
	if f.Form != schema.Ordered {
		return content.meant[f.Name]
	}
	return slices.ContainsFunc(d.families[f.Family].Names(), func(name string) bool { return content.meant[name] })
}

// short decodes the short form of a block that names a variant: pretext = "simclr";
// there is false without it, and ok after a mistake. Null stands for the default, also
// where a base has a block, and is all that a plain block can be set to. Layers below
// that have a block of the same variant are joined with it.
func (d *decoder) short(content content, f schema.Field, path string) (found []chosen, there, ok bool) {
	if f.Form == schema.Ordered {
		return nil, false, true
	}
	src, there, fine := d.find(content, f, path)
	if !there || !fine {
		return nil, there, fine
	}
	if own := d.ofField(content.layers[0].blocks, f); src.from == "" && len(own) > 0 {
		d.p.report(hclspec.Errorf(own[0].Range, "Duplicate block", "%s is already set at %s. Keep one of them.", f.Name, src.expr.Range()))
		return nil, true, false
	}
	v, _, ok := d.evaluate(src, path)
	switch {
	case !ok || v.IsNull():
		return nil, true, ok
	case f.Form == schema.Block:
		d.p.report(notNull(f.Name, src.expr.Range()))
		return nil, true, false
	}
	if d.secret[path] {
		d.p.report(hclspec.Errorf(src.expr.Range(), "Invalid value", "A name cannot be made of a sensitive variable."))
		return nil, true, false
	}
	names := []cty.Value{v}
	if f.Many && (v.Type().IsTupleType() || v.Type().IsListType()) {
		names = v.AsValueSlice()
	}
	for _, name := range names {
		if name.IsNull() || name.Type() != cty.String {
			return nil, true, d.problem("Wrong type", schema.Problem{Field: path, Message: fmt.Sprintf(
				"%s must be the name of a %s, and this is %s. With options it is a block: %s \"name\" { ... }.", f.Name, f.Family, schema.Describe(name), f.Name)})
		}
		found = append(found, d.shortChoice(content, f, name.AsString(), src))
	}
	return found, true, true
}

// notNull reports a plain block that is set to something else than null.
func notNull(name string, at hcl.Range) *hcl.Diagnostic {
	if hclspec.IsJSON(at.Filename) {
		return hclspec.Errorf(at, "Wrong form", "%s is a block here, in JSON an object: %q: { ... }, or null to have none.", name, name)
	}
	return hclspec.Errorf(at, "Wrong form", "%s is a block here: write %s { ... } without an equals sign, or %s = null to have none.", name, name, name)
}

func (d *decoder) shortChoice(content content, f schema.Field, name string, src source) chosen {
	at := src.expr.Range()
	c := chosen{name: name, block: f.Name, from: src.from, at: at, nameAt: at}
	for _, l := range content.layers {
		for _, b := range d.ofField(l.blocks, f) {
			if b.Labels[0] == name {
				c.layers = append(c.layers, layer{body: b.Body, env: b.env, from: l.from})
			}
		}
	}
	if len(c.layers) == 0 {
		c.layers = []layer{{body: hclspec.EmptyBody(at), env: src.env}}
	}
	return c
}

// choices decodes blocks that name variants of a family.
func (d *decoder) choices(found []chosen, f schema.Field, config any, path string) bool {
	var choices []schema.Choice
	ok := true
	for i, c := range found {
		itemPath := path
		if f.Many {
			itemPath = fmt.Sprintf("%s[%d]", path, i)
			d.ranges[itemPath] = c.at
		}
		d.bases[itemPath] = c.from
		choice, fine := d.choice(c, f, itemPath)
		choices = append(choices, choice)
		ok = ok && fine
	}
	if ok {
		f.SetChoices(config, choices)
	}
	return ok
}

func (d *decoder) choice(c chosen, f schema.Field, path string) (schema.Choice, bool) {
	family := d.families[f.Family]
	what := c.block
	if f.Form == schema.Labelled {
		what = fmt.Sprintf("%s %q", c.block, c.name)
	}
	v, ok := family.Find(c.name)
	if !ok {
		d.p.report(hclspec.Errorf(c.nameAt, "Unknown "+family.Name, "There is no %s %q.%s%s",
			family.Name, c.name, listed(family.Name+"s", family.Names()), schema.DidYouMean(c.name, family.Names())))
		return schema.Choice{}, false
	}
	config := v.New()
	ok = d.body(c.layers, config, what, path+".", c.at)
	return schema.Choice{Name: v.Name, Version: v.Version, Config: config}, ok
}

func blockForm(f schema.Field) string {
	switch f.Form {
	case schema.Labelled:
		return fmt.Sprintf("%s block: %s \"name\" { ... }", f.Name, f.Name)
	case schema.Ordered:
		return f.Name + " block"
	}
	return fmt.Sprintf("%s block: %s { ... }", f.Name, f.Name)
}

func variants(family schema.Family) string {
	if family.Name == "" {
		return ""
	}
	return listed(family.Name+"s", family.Names())
}
