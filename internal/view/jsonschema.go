package view

import (
	"io"
	"maps"
	"slices"
	"strings"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// object is a JSON object under construction.
type object = map[string]any

// A string in the JSON syntax is a template: whole is one that is a single
// expression, which can have any type, and templateText one with an expression in it.
const (
	wholeExpression = `^\$\{[\s\S]*\}$`
	templateText    = `[$%]\{`
	identifier      = `^[\p{L}_][\p{L}\p{N}_-]*$`
)

// JSONSchema writes a JSON Schema (draft 2020-12) of pipeline files in HCL's JSON
// syntax. A block is an object with a member for each label; where it is repeated,
// and at any label, there can be a list of such objects.
func JSONSchema(w io.Writer, l Language) error {
	s := &jsonSchema{language: l, definitions: object{}}
	properties := object{"//": object{"description": "A comment."}}
	for _, word := range l.Words {
		if word.Form == plan.TopBlock {
			properties[word.Name] = s.word(word)
		}
	}
	for _, k := range l.Kinds {
		properties[k.Name] = s.labelled(k.Name, k.Doc, s.stage(k))
	}
	return writeJSON(w, object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "A pipeline of sslpipe, in the JSON syntax of HCL (*.hcl.json)",
		"type":                 "object",
		"properties":           properties,
		"additionalProperties": false,
		"$defs":                s.definitions,
	})
}

// jsonSchema gathers definitions that others refer to.
type jsonSchema struct {
	language    Language
	definitions object
}

// define adds a definition and returns a reference to it.
func (s *jsonSchema) define(name string, definition object) object {
	s.definitions[name] = definition
	return object{"$ref": "#/$defs/" + name}
}

// repeatable makes the schema of an object also that of a list of such objects.
// What it says of members is said of objects alone, and items of lists alone, so
// that both are in one schema and mistakes are found at their place.
func repeatable(definition object) object {
	out := maps.Clone(definition)
	out["type"] = []string{"object", "array"}
	one := maps.Clone(definition)
	one["type"] = "object"
	out["items"] = one
	return out
}

// labelled is a block whose label the author chooses.
func (s *jsonSchema) labelled(name, doc string, body object) object {
	return s.define(name, repeatable(object{
		"description": doc, "propertyNames": object{"pattern": identifier, "maxLength": 64},
		"additionalProperties": body,
	}))
}

// word is a block of the language itself.
func (s *jsonSchema) word(w plan.Word) object {
	switch {
	case len(w.Fields) == 0: // the author chooses the names
		return s.define(w.Name, repeatable(object{"description": w.Doc, "propertyNames": object{"pattern": identifier + "|^//$"}}))
	case w.Name == "module": // values of the module's variables are beside its source
		body := s.body(w.Fields, nil, nil)
		delete(body, "additionalProperties")
		return s.labelled(w.Name, w.Doc, s.define("module.body", repeatable(body)))
	case w.Labelled():
		return s.labelled(w.Name, w.Doc, s.define(w.Name+".body", repeatable(s.body(w.Fields, nil, nil))))
	}
	body := s.body(w.Fields, nil, nil)
	body["description"] = w.Doc
	return s.define(w.Name, repeatable(body))
}

// stage is the body of a stage: what its kind has, and what all stages have.
func (s *jsonSchema) stage(k plan.Kind) object {
	extra := object{}
	for _, w := range s.language.Words {
		switch {
		case w.Name == "dynamic":
			extra[w.Name] = s.dynamic(w)
		case w.Form == plan.StageAttribute:
			extra[w.Name] = object{"description": w.Doc}
		case w.Form == plan.StageBlock:
			extra[w.Name] = repeatable(object{"description": w.Doc, "additionalProperties": object{"type": []string{"array", "string"}, "pattern": wholeExpression}})
		}
	}
	body := s.body(k.Fields(), k.Families, extra)
	// What is missing can come from the base, and blocks from dynamic ones.
	if required, ok := body["required"]; ok {
		delete(body, "required")
		body["anyOf"] = []object{{"required": []string{"base"}}, {"required": []string{"dynamic"}}, {"required": required}}
	}
	return s.define(k.Name+".body", repeatable(body))
}

func (s *jsonSchema) dynamic(w plan.Word) object {
	body := s.body(w.Fields, nil, nil)
	body["properties"].(object)["content"] = object{"type": "object"}
	return s.labelled("dynamic", w.Doc, s.define("dynamic.body", repeatable(body)))
}

// body is an object with fields, and with further properties.
func (s *jsonSchema) body(fields []schema.Field, families map[string]schema.Family, extra object) object {
	properties := object{"//": object{"description": "A comment."}}
	maps.Copy(properties, extra)
	var required []string
	for _, f := range fields {
		if f.Form == schema.Ordered {
			for _, v := range families[f.Family].Variants {
				properties[v.Name] = s.variant(f.Family, v)
			}
			continue
		}
		properties[f.Name] = s.field(f, families)
		if f.Required {
			required = append(required, f.Name)
		}
	}
	out := object{"properties": properties, "additionalProperties": false}
	if required != nil {
		out["required"] = required
	}
	return out
}

func (s *jsonSchema) field(f schema.Field, families map[string]schema.Family) object {
	switch f.Form {
	case schema.Attribute:
		return attributeSchema(f)
	case schema.Block:
		body := s.body(f.Fields, families, nil)
		body["description"] = f.Doc
		block := repeatable(body)
		if !f.Required { // null leaves out that of a base
			block["type"] = append(typesOf(block), "null")
		}
		return block
	}
	return s.choice(f, families[f.Family])
}

// choice is a block that names a variant: an object with a member for it, or in the
// short form its name.
func (s *jsonSchema) choice(f schema.Field, family schema.Family) object {
	properties := object{}
	for _, v := range family.Variants {
		properties[v.Name] = s.variant(family.Name, v)
	}
	one := object{"properties": properties, "additionalProperties": false, "minProperties": 1}
	if !f.Many {
		one["maxProperties"] = 1
	}
	short := []object{{"enum": family.Names()}, {"type": "string", "pattern": templateText}}
	blocks := []string{"object", "array"}
	if !f.Required { // null leaves the default
		blocks = append(blocks, "null")
	}
	out := repeatable(one)
	out["type"] = append(slices.Clone(blocks), "string")
	out["description"] = f.Doc
	out["anyOf"] = append([]object{{"type": blocks}}, short...)
	if name := defaultOf(f); name != nil {
		out["default"] = name
	}
	if f.Many {
		item := out["items"].(object)
		item["type"] = []string{"object", "string"}
		item["anyOf"] = append([]object{{"type": "object"}}, short...)
	}
	return out
}

func (s *jsonSchema) variant(family string, v schema.Variant) object {
	name := family + "." + v.Name
	if _, ok := s.definitions[name]; !ok {
		body := s.body(schema.Fields(v.New()), nil, nil)
		body["description"] = join("\n", v.Doc, v.Paper, labelled("Cost", v.Cost))
		return s.define(name, repeatable(body))
	}
	return object{"$ref": "#/$defs/" + name}
}

// attributeSchema says what an attribute takes. Limits are about numbers, the
// pattern about strings and items about lists, so all are in one schema.
func attributeSchema(f schema.Field) object {
	if f.Type.Any {
		return object{"description": f.Doc}
	}
	out := scalarSchema(f)
	switch {
	case f.Type.List:
		out = object{"type": []string{"array", "string"}, "items": out, "pattern": wholeExpression}
	case f.Type.Map:
		out = object{"type": []string{"object", "string"}, "additionalProperties": out, "pattern": wholeExpression}
	}
	if !f.Required { // null leaves the default
		out["type"] = append(typesOf(out), "null")
	}
	out["description"] = strings.TrimSpace(f.Doc + " (" + AttributeNote(f) + ")")
	if value := defaultOf(f); value != nil {
		out["default"] = value
	}
	return out
}

func typesOf(s object) []string { return slices.Clone(s["type"].([]string)) }

func scalarSchema(f schema.Field) object {
	out := object{}
	if f.Min != nil {
		out["minimum"] = *f.Min
	}
	if f.Max != nil {
		out["maximum"] = *f.Max
	}
	switch {
	case f.Type.Ref:
		return object{"type": []string{"string"}, "pattern": wholeExpression}
	case f.Type.Scalar == schema.String:
		out["type"] = []string{"string"}
		if f.Enum != nil {
			out["anyOf"] = enumSchema(f)
		}
		return out
	case f.Type.Scalar == schema.Bool:
		out["type"] = []string{"boolean", "string"}
	case f.Type.Scalar == schema.Int:
		out["type"] = []string{"integer", "string"}
	default:
		out["type"] = []string{"number", "string"}
	}
	out["pattern"] = wholeExpression
	return out
}

// enumSchema allows the legal values, null, and what is computed.
func enumSchema(f schema.Field) []object {
	values := []any{}
	for _, v := range f.Enum {
		values = append(values, v)
	}
	if f.Default == "" {
		values = append(values, "")
	}
	if !f.Required {
		values = append(values, nil)
	}
	return []object{{"enum": values}, {"type": "string", "pattern": templateText}}
}
