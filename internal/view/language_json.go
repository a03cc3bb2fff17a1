package view

import (
	"io"

	"sslpipe/internal/functions"
	"sslpipe/internal/schema"
)

// languageFormat is raised when a program that reads the JSON of the language would
// no longer understand it.
const languageFormat = 1

type languageJSON struct {
	Format    int            `json:"format"`
	Stages    []kindJSON     `json:"stages"`
	Families  []familyJSON   `json:"families"`
	Sources   []Source       `json:"sources"`
	Functions []functionJSON `json:"functions"`
	Words     []wordJSON     `json:"words"`
}

type kindJSON struct {
	Name    string       `json:"name"`
	Doc     string       `json:"doc"`
	Fields  []fieldJSON  `json:"fields"`
	Outputs []outputJSON `json:"outputs"`
	Example string       `json:"example"`
}

type outputJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Doc  string `json:"doc"`
}

type fieldJSON struct {
	Name string `json:"name"`
	// Form is attribute, block, labelled (a block that names a variant of the
	// family) or ordered (blocks called by their variant).
	Form     string      `json:"form"`
	Type     string      `json:"type,omitempty"`
	Doc      string      `json:"doc"`
	Required bool        `json:"required"`
	Many     bool        `json:"many,omitempty"`
	Default  any         `json:"default,omitempty"`
	Min      *float64    `json:"min,omitempty"`
	Max      *float64    `json:"max,omitempty"`
	Enum     []string    `json:"enum,omitempty"`
	Refs     []string    `json:"refs,omitempty"`
	File     bool        `json:"file,omitempty"`
	Family   string      `json:"family,omitempty"`
	Example  string      `json:"example,omitempty"`
	Fields   []fieldJSON `json:"fields,omitempty"`
}

type familyJSON struct {
	Name     string        `json:"name"`
	Form     string        `json:"form"`
	Variants []variantJSON `json:"variants"`
}

type variantJSON struct {
	Name    string      `json:"name"`
	Doc     string      `json:"doc"`
	Paper   string      `json:"paper,omitempty"`
	Cost    string      `json:"cost,omitempty"`
	Fields  []fieldJSON `json:"fields"`
	Example string      `json:"example"`
}

type functionJSON struct {
	Name       string          `json:"name"`
	Group      string          `json:"group"`
	Usage      string          `json:"usage"`
	Doc        string          `json:"doc"`
	Parameters []parameterJSON `json:"parameters"`
	Example    string          `json:"example"`
	Result     string          `json:"result"`
}

type parameterJSON struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Rest bool   `json:"rest,omitempty"`
}

type wordJSON struct {
	Name    string      `json:"name"`
	Form    string      `json:"form"`
	Doc     string      `json:"doc"`
	Fields  []fieldJSON `json:"fields"`
	Example string      `json:"example,omitempty"`
}

// LanguageJSON writes the language as data.
func LanguageJSON(w io.Writer, l Language) error {
	out := languageJSON{Format: languageFormat, Sources: l.Sources}
	for _, k := range l.Kinds {
		kind := kindJSON{Name: k.Name, Doc: k.Doc, Fields: fieldsJSON(k.Fields()), Example: exampleOfKind(k)}
		for _, o := range k.Outputs {
			kind.Outputs = append(kind.Outputs, outputJSON{o.Name, string(o.Type), o.Doc})
		}
		out.Stages = append(out.Stages, kind)
	}
	for _, f := range l.Families {
		out.Families = append(out.Families, l.familyJSON(f))
	}
	for _, f := range l.Functions {
		out.Functions = append(out.Functions, functionOf(f))
	}
	for _, w := range l.Words {
		out.Words = append(out.Words, wordJSON{Name: w.Name, Form: wordForms[w.Form], Doc: w.Doc, Fields: fieldsJSON(w.Fields), Example: w.Example})
	}
	return writeJSON(w, out)
}

func (l Language) familyJSON(f schema.Family) familyJSON {
	form := l.formOf(f.Name)
	out := familyJSON{Name: f.Name, Form: formNames[form]}
	for _, v := range f.Variants {
		out.Variants = append(out.Variants, variantJSON{Name: v.Name, Doc: v.Doc, Paper: v.Paper, Cost: v.Cost,
			Fields: fieldsJSON(schema.Fields(v.New())), Example: exampleOfVariant(form, f, v)})
	}
	return out
}

func functionOf(f functions.Function) functionJSON {
	out := functionJSON{Name: f.Name, Group: f.Group, Usage: f.Usage(), Doc: f.Doc, Example: f.Example, Result: f.Result}
	for _, p := range f.Parameters() {
		out.Parameters = append(out.Parameters, parameterJSON{Name: p.Name, Type: p.Type, Rest: p.Rest})
	}
	return out
}

var formNames = map[schema.Form]string{
	schema.Attribute: "attribute", schema.Block: "block", schema.Labelled: "labelled", schema.Ordered: "ordered",
}

func fieldsJSON(fields []schema.Field) []fieldJSON {
	out := []fieldJSON{}
	for _, f := range fields {
		field := fieldJSON{
			Name: f.Name, Form: formNames[f.Form], Doc: f.Doc, Required: f.Required, Many: f.Many, Default: defaultOf(f),
			Min: f.Min, Max: f.Max, Enum: f.Enum, Refs: f.Refs, File: f.File, Family: f.Family, Example: f.Example,
		}
		if f.Form == schema.Attribute {
			field.Type = f.Type.String()
		}
		if f.Form == schema.Block {
			field.Fields = fieldsJSON(f.Fields)
		}
		out = append(out, field)
	}
	return out
}

// defaultOf is the default of an attribute, or the name of the default variant; nil
// for none, and for one that says no more than that the attribute is absent.
func defaultOf(f schema.Field) any {
	switch v := f.Default.(type) {
	case schema.Choice:
		if v.Name == "" {
			return nil
		}
		return v.Name
	case *schema.Choice:
		if v == nil {
			return nil
		}
		return v.Name
	}
	if f.Form != schema.Attribute || f.Required || noDefault(f) {
		return nil
	}
	return f.Default
}

// noDefault tells whether an attribute's default is to be absent.
func noDefault(f schema.Field) bool {
	switch schema.Literal(f.Default) {
	case "", `""`, "[]", "{}":
		return true
	}
	return false
}
