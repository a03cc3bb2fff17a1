package lsp

import (
	"slices"

	hclschema "github.com/hashicorp/hcl-lang/schema"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// vocabulary is what a pipeline file can say.
type vocabulary struct {
	kinds []plan.Kind
	words map[string]plan.Word
	// file is the same as hcl-lang wants it.
	file *hclschema.BodySchema
}

// Words of the language that mean something to this package.
const (
	matrixWord  = "matrix"
	dynamicWord = "dynamic"
	contentWord = "content"
)

func newVocabulary(kinds []plan.Kind, note func(schema.Field) string) *vocabulary {
	v := &vocabulary{kinds: kinds, words: map[string]plan.Word{}}
	for _, w := range plan.Language() {
		v.words[w.Name] = w
	}
	v.file = (&bodies{words: v.words, note: note}).file(kinds)
	return v
}

func (v *vocabulary) kind(name string) (plan.Kind, bool) {
	i := slices.IndexFunc(v.kinds, func(k plan.Kind) bool { return k.Name == name })
	if i < 0 {
		return plan.Kind{}, false
	}
	return v.kinds[i], true
}

// fields returns what the innermost of some blocks can contain.
func (v *vocabulary) fields(blocks []openBlock) []schema.Field {
	if len(blocks) == 0 {
		return nil
	}
	kind, ok := v.kind(blocks[0].kind)
	if !ok {
		fields := v.words[blocks[0].kind].Fields
		for _, b := range blocks[1:] {
			fields = inner(fields, nil, b)
		}
		return fields
	}
	fields := kind.Fields()
	for i, b := range blocks[1:] {
		if b.kind == dynamicWord || b.kind == matrixWord {
			fields = v.words[b.kind].Fields
			continue
		}
		if outer := blocks[i]; outer.kind == dynamicWord && b.kind == contentWord && len(outer.labels) == 1 {
			b = openBlock{kind: outer.labels[0]}
			fields = v.fields(blocks[:i])
		}
		fields = inner(fields, kind.Families, b)
	}
	return fields
}

// inner returns the fields of a block within a body that has the given fields.
func inner(fields []schema.Field, families map[string]schema.Family, b openBlock) []schema.Field {
	for _, f := range fields {
		name := b.kind
		switch {
		case f.Form == schema.Block && f.Name == b.kind:
			return f.Fields
		case f.Form == schema.Labelled && f.Name == b.kind && len(b.labels) == 1:
			name = b.labels[0]
		case f.Form != schema.Ordered:
			continue
		}
		if variant, ok := families[f.Family].Find(name); ok {
			return schema.Fields(variant.New())
		}
	}
	return nil
}

// field finds the field of an attribute.
func (v *vocabulary) field(blocks []openBlock, attribute string) (schema.Field, bool) {
	fields := v.fields(blocks)
	i := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Form == schema.Attribute && f.Name == attribute })
	if i < 0 {
		return schema.Field{}, false
	}
	return fields[i], true
}

// variants returns what an attribute can be that is the short form of a block.
func (v *vocabulary) variants(blocks []openBlock, attribute string) []schema.Variant {
	if len(blocks) == 0 {
		return nil
	}
	kind, _ := v.kind(blocks[0].kind)
	for _, f := range v.fields(blocks) {
		if f.Form == schema.Labelled && f.Name == attribute {
			return kind.Families[f.Family].Variants
		}
	}
	return nil
}
