package lsp

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl-lang/lang"
	hclschema "github.com/hashicorp/hcl-lang/schema"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// bodies makes hcl-lang's schema of what the kinds and the words of the language
// say of themselves.
type bodies struct {
	words map[string]plan.Word
	note  func(schema.Field) string
}

func (b *bodies) file(kinds []plan.Kind) *hclschema.BodySchema {
	file := newBody()
	for name, word := range b.words {
		if word.Form == plan.TopBlock {
			file.Blocks[name] = b.word(word)
		}
	}
	for _, k := range kinds {
		body := b.body(k.Fields(), k.Families)
		b.addStageWords(body)
		file.Blocks[k.Name] = &hclschema.BlockSchema{
			Labels:      []*hclschema.LabelSchema{{Name: "name"}},
			Description: lang.Markdown(k.Doc),
			Body:        body,
		}
	}
	return file
}

func newBody() *hclschema.BodySchema {
	return &hclschema.BodySchema{Attributes: map[string]*hclschema.AttributeSchema{}, Blocks: map[string]*hclschema.BlockSchema{}}
}

// word describes a block of the language itself. Without fields it is one in which
// the author chooses the names.
func (b *bodies) word(w plan.Word) *hclschema.BlockSchema {
	block := &hclschema.BlockSchema{Description: lang.Markdown(wordDoc(w)), Body: b.body(w.Fields, nil)}
	if w.Labelled() {
		block.Labels = []*hclschema.LabelSchema{{Name: "name"}}
	}
	if len(w.Fields) == 0 {
		block.Body.AnyAttribute = &hclschema.AttributeSchema{Constraint: noted("any value")}
	}
	return block
}

func wordDoc(w plan.Word) string {
	if w.Example == "" {
		return w.Doc
	}
	return w.Doc + "\n\n```hcl\n" + strings.TrimSpace(w.Example) + "\n```"
}

// addStageWords adds what any stage takes to the body of one.
func (b *bodies) addStageWords(body *hclschema.BodySchema) {
	blocks := maps.Clone(body.Blocks)
	for name, w := range b.words {
		switch {
		case w.Form == plan.StageAttribute:
			body.Attributes[name] = &hclschema.AttributeSchema{Description: lang.Markdown(wordDoc(w)), Constraint: noted("optional")}
		case name == dynamicWord:
			body.Blocks[name] = b.dynamic(w, blocks)
		case w.Form == plan.StageBlock:
			body.Blocks[name] = b.word(w)
			body.Blocks[name].MaxItems = 1
		}
	}
}

// dynamic describes blocks that make others, whose type is their label.
func (b *bodies) dynamic(w plan.Word, blocks map[string]*hclschema.BlockSchema) *hclschema.BlockSchema {
	out := b.word(w)
	delete(out.Body.Blocks, contentWord)
	out.Labels = []*hclschema.LabelSchema{{Name: "block", IsDepKey: true, Completable: true}}
	out.DependentBody = map[hclschema.SchemaKey]*hclschema.BodySchema{}
	for name, block := range blocks {
		body := newBody()
		body.Description = block.Description
		body.Blocks[contentWord] = &hclschema.BlockSchema{Description: block.Description, MaxItems: 1, Body: block.Body}
		out.DependentBody[labelKey(name)] = body
	}
	return out
}

func labelKey(label string) hclschema.SchemaKey {
	return hclschema.NewSchemaKey(hclschema.DependencyKeys{Labels: []hclschema.LabelDependent{{Index: 0, Value: label}}})
}

// body describes a body by its fields. within are the families that it is a
// variant of, which are not described again inside of themselves.
func (b *bodies) body(fields []schema.Field, families map[string]schema.Family, within ...string) *hclschema.BodySchema {
	body := newBody()
	for _, f := range fields {
		switch f.Form {
		case schema.Attribute:
			body.Attributes[f.Name] = b.attribute(f)
		case schema.Block:
			body.Blocks[f.Name] = &hclschema.BlockSchema{Description: lang.Markdown(f.Doc), MaxItems: 1, Body: b.body(f.Fields, families, within...)}
		case schema.Labelled:
			body.Blocks[f.Name] = b.labelled(f, b.variants(f, families, within))
		case schema.Ordered:
			for name, variant := range b.variants(f, families, within) {
				body.Blocks[name] = &hclschema.BlockSchema{Description: variant.Description, Body: variant}
			}
		}
	}
	return body
}

// labelled describes blocks that name a variant by their label. Body must not be
// nil, or hcl-lang would accept anything in a block without a known label.
func (b *bodies) labelled(f schema.Field, variants map[string]*hclschema.BodySchema) *hclschema.BlockSchema {
	block := &hclschema.BlockSchema{
		Labels:        []*hclschema.LabelSchema{{Name: f.Family, IsDepKey: true, Completable: true}},
		Description:   lang.Markdown(f.Doc + "\n\n" + choices(f, variants)),
		Body:          newBody(),
		DependentBody: map[hclschema.SchemaKey]*hclschema.BodySchema{},
	}
	if !f.Many {
		block.MaxItems = 1
	}
	for name, variant := range variants {
		block.DependentBody[labelKey(name)] = variant
	}
	return block
}

// choices says what the label of a block can be.
func choices(f schema.Field, variants map[string]*hclschema.BodySchema) string {
	note := "Optional"
	if f.Required {
		note = "Required"
	}
	return note + "; one of " + strings.Join(slices.Sorted(maps.Keys(variants)), ", ")
}

// variants describes the variants of a family, by name.
func (b *bodies) variants(f schema.Field, families map[string]schema.Family, within []string) map[string]*hclschema.BodySchema {
	if slices.Contains(within, f.Family) {
		return nil
	}
	out := map[string]*hclschema.BodySchema{}
	for _, v := range families[f.Family].Variants {
		body := b.body(schema.Fields(v.New()), families, append(slices.Clone(within), f.Family)...)
		body.Detail, body.Description = f.Family, lang.Markdown(variantDoc(v))
		out[v.Name] = body
	}
	return out
}

func variantDoc(v schema.Variant) string {
	parts := []string{v.Doc}
	if v.Paper != "" {
		parts = append(parts, v.Paper)
	}
	if v.Cost != "" {
		parts = append(parts, "Cost: "+v.Cost)
	}
	return strings.Join(parts, "\n\n")
}

// attribute describes an attribute. Its constraint is just its note, since hcl-lang
// is not asked about values.
func (b *bodies) attribute(f schema.Field) *hclschema.AttributeSchema {
	return &hclschema.AttributeSchema{Description: lang.Markdown(f.Doc), Constraint: noted(b.note(f))}
}

// noted is a constraint that hcl-lang shows as a text.
func noted(note string) hclschema.Constraint {
	return hclschema.Reference{OfScopeId: "value", Name: note}
}
