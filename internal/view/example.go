package view

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// exampleOfKind is a stage with what it needs and what is typical, by the examples
// in its schema.
func exampleOfKind(k plan.Kind) string {
	return exampleBlock(fmt.Sprintf("%s %q", k.Name, k.Sample), k.Fields(), k.Families)
}

// exampleOfVariant is a block that names a variant.
func exampleOfVariant(form schema.Form, family schema.Family, v schema.Variant) string {
	head := v.Name
	if form == schema.Labelled {
		head = fmt.Sprintf("%s %q", family.Name, v.Name)
	}
	return exampleBlock(head, schema.Fields(v.New()), nil)
}

// formOf tells how blocks of a family are written.
func (l Language) formOf(family string) schema.Form {
	for _, k := range l.Kinds {
		for _, f := range k.Fields() {
			if f.Family == family {
				return f.Form
			}
		}
	}
	return schema.Labelled
}

func exampleBlock(head string, fields []schema.Field, families map[string]schema.Family) string {
	var lines, blocks []string
	for _, f := range fields {
		switch {
		case f.Form == schema.Attribute && f.Example != "":
			lines = append(lines, f.Name+" = "+f.Example)
		case f.Family != "" && f.Example != "":
			for name := range strings.SplitSeq(f.Example, ",") {
				v, _ := families[f.Family].Find(name)
				blocks = append(blocks, exampleOfVariant(f.Form, families[f.Family], v))
			}
		}
	}
	lines = append(lines, blocks...)
	switch {
	case len(lines) == 0:
		return head + " {}"
	case len(lines) == 1 && blocks == nil:
		return head + " { " + lines[0] + " }"
	}
	return string(hclwrite.Format([]byte(head + " {\n" + strings.Join(lines, "\n") + "\n}")))
}
