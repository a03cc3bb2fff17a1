package view

import (
	"fmt"
	"strconv"
	"strings"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// DescribeKind describes a kind of stage: attributes, blocks and outputs.
func DescribeKind(k plan.Kind) Description {
	d := Description{Title: k.Name, Doc: k.Doc, Sections: fieldSections(k.Fields(), k.Families)}
	outputs := Section{Title: "Outputs"}
	for _, o := range k.Outputs {
		outputs.Items = append(outputs.Items, Item{Name: o.Name, Note: string(o.Type), Doc: o.Doc})
	}
	d.Sections = append(d.Sections, outputs)
	return d
}

// DescribeVariant describes one member of a family.
func DescribeVariant(f schema.Family, v schema.Variant) Description {
	return Description{
		Title:    fmt.Sprintf("%s %q", f.Name, v.Name),
		Doc:      v.Doc,
		Paper:    v.Paper,
		Cost:     v.Cost,
		Sections: fieldSections(schema.Fields(v.New()), nil),
	}
}

// DescribeFamily lists the members of a family.
func DescribeFamily(f schema.Family) Description {
	variants := Section{Title: "Variants"}
	for _, v := range f.Variants {
		var options []string
		for _, field := range schema.Fields(v.New()) {
			options = append(options, field.Name)
		}
		lines := []string{v.Doc, labelled("Cost", v.Cost), labelled("Options", strings.Join(options, ", "))}
		variants.Items = append(variants.Items, Item{Name: v.Name, Note: v.Paper, Doc: join("\n", lines...)})
	}
	return Description{Title: f.Name, Sections: []Section{variants}}
}

func fieldSections(fields []schema.Field, families map[string]schema.Family) []Section {
	attributes, blocks := Section{Title: "Attributes"}, Section{Title: "Blocks"}
	inner := []Section{}
	for _, f := range fields {
		switch f.Form {
		case schema.Attribute:
			attributes.Items = append(attributes.Items, Item{Name: f.Name, Note: attributeNote(f), Doc: f.Doc})
		case schema.Block:
			blocks.Items = append(blocks.Items, Item{Name: f.Name + " {}", Note: presence(f), Doc: f.Doc})
			for _, section := range fieldSections(f.Fields, families) {
				section.Title += " of " + f.Path
				inner = append(inner, section)
			}
		default:
			blocks.Items = append(blocks.Items, familyItem(f, families[f.Family]))
		}
	}
	return append([]Section{attributes, blocks}, inner...)
}

func familyItem(f schema.Field, family schema.Family) Item {
	item := Item{Name: f.Family + ` "..." {}`, Note: presence(f), Doc: f.Doc}
	if f.Form == schema.Ordered {
		item.Name, item.Note = f.Family, "blocks named by their kind, in order"
	} else if f.Many {
		item.Note += ", can be repeated"
	}
	if choice, ok := f.Default.(schema.Choice); ok {
		item.Note = fmt.Sprintf("default %q", choice.Name)
	} else if choice, ok := f.Default.(*schema.Choice); ok && choice != nil {
		item.Note = fmt.Sprintf("default %q", choice.Name)
	}
	if names := family.Names(); len(names) > 0 {
		item.Note += "; one of " + strings.Join(names, ", ")
	}
	return item
}

func presence(f schema.Field) string {
	if f.Required {
		return "required"
	}
	return "optional"
}

func attributeNote(f schema.Field) string {
	parts := []string{f.Type.String()}
	if len(f.Refs) > 0 {
		parts[0] += " to " + strings.Join(f.Refs, " or ")
	}
	switch {
	case f.Min != nil && f.Max != nil:
		parts = append(parts, fmt.Sprintf("from %s to %s", number(*f.Min), number(*f.Max)))
	case f.Min != nil:
		parts = append(parts, "at least "+number(*f.Min))
	case f.Max != nil:
		parts = append(parts, "at most "+number(*f.Max))
	}
	switch value := schema.Literal(f.Default); {
	case f.Required:
		parts = append(parts, "required")
	case value == "" || value == `""` || value == "[]" || value == "{}":
		parts = append(parts, "optional")
	default:
		parts = append(parts, "default "+value)
	}
	return strings.Join(parts, ", ")
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
