package view

import (
	"fmt"
	"strconv"
	"strings"

	"sslpipe/internal/functions"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// DescribeKind describes a kind of stage: attributes, blocks and outputs.
func DescribeKind(k plan.Kind) Description {
	d := Description{Title: fmt.Sprintf("%s \"NAME\" { ... }", k.Name), Doc: k.Doc, Sections: fieldSections(k.Fields(), k.Families), Example: exampleOfKind(k)}
	outputs := Section{Title: "Outputs"}
	for _, o := range k.Outputs {
		outputs.Items = append(outputs.Items, Item{Name: o.Name, Note: string(o.Type), Doc: o.Doc})
	}
	d.Sections = append(d.Sections, outputs)
	return d
}

// describeVariant describes one member of a family.
func (l Language) describeVariant(f schema.Family, v schema.Variant) Description {
	form, title := l.formOf(f.Name), v.Name+" { ... }"
	if form == schema.Labelled {
		title = fmt.Sprintf("%s %q { ... }", f.Name, v.Name)
	}
	return Description{
		Title:    title,
		Doc:      v.Doc,
		Paper:    v.Paper,
		Cost:     v.Cost,
		Sections: fieldSections(schema.Fields(v.New()), nil),
		Example:  exampleOfVariant(form, f, v),
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

func describeSource(s Source) Description {
	channels := "colour"
	if s.Shape[2] == 1 {
		channels = "grey"
	}
	form := Item{Name: "images", Note: fmt.Sprintf("%d x %d, %s", s.Shape[0], s.Shape[1], channels)}
	if s.Text {
		form = Item{Name: "text", Note: "UTF-8"}
	}
	facts := Section{Title: "Facts", Items: []Item{
		form,
		{Name: "layout", Note: s.Layout},
		{Name: "licence", Note: s.License},
	}}
	return Description{Title: fmt.Sprintf("source = %q", s.Name), Doc: s.Doc, Sections: []Section{facts}, Example: s.Example}
}

func describeFunction(f functions.Function) Description {
	parameters := Section{Title: "Parameters"}
	for _, p := range f.Parameters() {
		if strings.Contains(f.Usage(), p.Name) { // else its name says nothing
			parameters.Items = append(parameters.Items, Item{Name: p.Name, Note: p.Type})
		}
	}
	return Description{Title: f.Usage(), Doc: f.Doc, Sections: []Section{parameters}, Example: f.Example + "\n# is " + f.Result}
}

func describeWord(w plan.Word) Description {
	d := Description{Title: w.Name, Doc: w.Doc, Sections: fieldSections(w.Fields, nil), Example: w.Example}
	switch {
	case w.Form == plan.TopBlock && w.Labelled():
		d.Title += ` "NAME" { ... }`
	case w.Form == plan.TopBlock || w.Form == plan.StageBlock || w.Form == plan.InnerBlock:
		d.Title += " { ... }"
	case w.Form == plan.StageAttribute:
		d.Title += " = ..."
	}
	if w.Name == "dynamic" {
		d.Title = `dynamic "BLOCK" { ... }`
	}
	return d
}

func fieldSections(fields []schema.Field, families map[string]schema.Family) []Section {
	attributes, blocks := Section{Title: "Attributes"}, Section{Title: "Blocks"}
	inner := []Section{}
	for _, f := range fields {
		switch f.Form {
		case schema.Attribute:
			attributes.Items = append(attributes.Items, Item{Name: f.Name, Note: AttributeNote(f), Doc: f.Doc})
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

// AttributeNote says in a few words what type, limits and default an attribute has:
// whole number, at least 1, default 64.
func AttributeNote(f schema.Field) string {
	parts := []string{f.Type.String()}
	if len(f.Refs) > 0 {
		parts[0] += " to " + strings.Join(f.Refs, " or ")
	}
	if len(f.Enum) > 0 {
		parts[0] += ": " + schema.Either(f.Enum)
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
