package plan

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// blocks decodes the blocks of one field; absent ones keep their default.
func (d *decoder) blocks(content *hclspec.Content, f schema.Field, config any, what, prefix string, at hcl.Range) bool {
	var found hcl.Blocks
	family := d.families[f.Family]
	for _, block := range content.Blocks {
		_, isVariant := family.Find(block.Type)
		if block.Type == f.Name && f.Form != schema.Ordered || f.Form == schema.Ordered && isVariant {
			found = append(found, block)
		}
	}
	if len(found) == 0 {
		if f.Required && !d.meant(content, f) {
			d.p.report(hclspec.Errorf(at, "Missing block", "%s needs a %s. %s", what, blockForm(f), f.Doc+variants(family)))
		}
		return !f.Required
	}
	ok := true
	if !f.Many {
		for _, extra := range found[1:] {
			d.p.report(hclspec.Errorf(extra.DefRange, "Duplicate block", "%s already has a block %s at %s.", what, f.Name, found[0].DefRange))
			ok = false
		}
		found = found[:1]
	}
	path := prefix + f.Path
	d.ranges[path] = found[0].DefRange
	if f.Form == schema.Block {
		return d.body(found[0].Body, f.Inner(config, true), f.Name, path+".", found[0].DefRange) && ok
	}
	return d.choices(found, f, family, config, path) && ok
}

func (d *decoder) meant(content *hclspec.Content, f schema.Field) bool {
	if f.Form != schema.Ordered {
		return content.Meant[f.Name]
	}
	for _, name := range d.families[f.Family].Names() {
		if content.Meant[name] {
			return true
		}
	}
	return false
}

// choices decodes blocks that name variants of a family.
func (d *decoder) choices(found hcl.Blocks, f schema.Field, family schema.Family, config any, path string) bool {
	var choices []schema.Choice
	ok := true
	for i, block := range found {
		itemPath := path
		if f.Many {
			itemPath = fmt.Sprintf("%s[%d]", path, i)
			d.ranges[itemPath] = block.DefRange
		}
		choice, fine := d.choice(block, f, family, itemPath)
		choices = append(choices, choice)
		ok = ok && fine
	}
	if ok {
		f.SetChoices(config, choices)
	}
	return ok
}

func (d *decoder) choice(block *hcl.Block, f schema.Field, family schema.Family, path string) (schema.Choice, bool) {
	name, at, what := block.Type, block.TypeRange, block.Type
	if f.Form == schema.Labelled {
		name, at = block.Labels[0], block.LabelRanges[0]
		what = fmt.Sprintf("%s %q", block.Type, name)
	}
	v, ok := family.Find(name)
	if !ok {
		d.p.report(hclspec.Errorf(at, "Unknown "+family.Name, "There is no %s %q.%s%s",
			family.Name, name, listed(family.Name+"s", family.Names()), schema.DidYouMean(name, family.Names())))
		return schema.Choice{}, false
	}
	config := v.New()
	ok = d.body(block.Body, config, what, path+".", block.DefRange)
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
