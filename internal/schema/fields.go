package schema

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// Form is how a field is written in HCL.
type Form int

// The forms of a field.
const (
	Attribute Form = iota // name = value
	Block                 // name { ... }
	Labelled              // name "variant" { ... }
	Ordered               // variant { ... }, in the order written
)

// Field is one attribute or block of a configuration.
type Field struct {
	// Name is what HCL calls it; for Ordered, the name of the family.
	Name string
	// Path is the names from the configuration down to this field, joined by dots.
	Path string
	Form Form
	// Type is the type of an Attribute's value.
	Type Type
	Doc  string
	// Default is the value that New gives, as a Go value; nil if Required.
	Default  any
	Required bool
	// Many is true for a block that can be repeated.
	Many bool
	// Refs are the types of artifact that a reference may have.
	Refs []string
	// Family is the name of the family that a Labelled or Ordered block names
	// a variant of.
	Family string
	// Min and Max limit a number, or each number of a list; nil is no limit.
	Min, Max *float64
	// Enum are all legal values of a string, or of each string of a list; nil
	// is any. An attribute that is "" by default may be that too.
	Enum []string
	// Example is a typical value as HCL text, or the names of the variants that an
	// example of blocks has, separated by commas; "" for none.
	Example string
	// File is true for a path that must exist.
	File bool
	// Ignored is true if the field is not part of fingerprints.
	Ignored bool
	// Before is the value of a string with which the field is not part of fingerprints:
	// what was done before there was such a field. "" is none.
	Before string
	// Fields are the fields of a Block.
	Fields []Field

	index []int
}

// Fields describes the configuration that config points to; defaults are the
// values that it holds. A struct that HCL cannot express is a bug in the
// program and panics.
func Fields(config any) []Field {
	v := reflect.ValueOf(config)
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("schema: a configuration must be a pointer to a struct, not %T", config))
	}
	return fieldsOf(v.Elem(), "")
}

// A member is one field of a struct, with all that its tags say of it. Reading tags
// takes longer than all else that Fields does, so it is done once for each type.
type member struct {
	of    reflect.StructField
	field Field // without what depends on values, and on where the struct is
}

// members are those of types of struct: embedded ones, and those with tags for HCL.
var members sync.Map

func membersOf(t reflect.Type) []member {
	if known, ok := members.Load(t); ok {
		return known.([]member)
	}
	var all []member
	for sf := range t.Fields() {
		if sf.Anonymous && (!sf.IsExported() || sf.Type.Kind() != reflect.Struct) {
			panic(fmt.Sprintf("schema: only exported structs can be embedded, not %s in %s", sf.Type, t))
		}
		if !sf.IsExported() {
			continue
		}
		if f, ok := fieldOf(sf); ok || sf.Anonymous {
			all = append(all, member{of: sf, field: f})
		}
	}
	members.Store(t, all)
	return all
}

func fieldsOf(v reflect.Value, prefix string) []Field {
	enums := enumsOf(v)
	var fields []Field
	for _, m := range membersOf(v.Type()) {
		i := m.of.Index[0]
		if m.of.Anonymous {
			for _, f := range fieldsOf(v.Field(i), prefix) {
				f.index = append([]int{i}, f.index...)
				fields = append(fields, f)
			}
			continue
		}
		f := m.at(v.Field(i), prefix)
		if values, ok := enums[f.Name]; ok {
			f.Enum = values
		}
		fields = append(fields, f)
	}
	return fields
}

// at completes a field with what depends on its value and on where its struct is.
func (m member) at(v reflect.Value, prefix string) Field {
	f := m.field
	f.Path = prefix + f.Name
	if f.Form == Block {
		f.Fields = fieldsOf(structOf(m.of, v), f.Path+".")
	}
	if !f.Required && !v.IsZero() || f.Form == Attribute && !f.Required && !f.Type.Ref {
		f.Default = v.Interface()
	}
	return f
}

// fieldOf reads the tags of one struct field; ok is false if it has none for HCL.
func fieldOf(sf reflect.StructField) (f Field, ok bool) {
	name, option, _ := strings.Cut(sf.Tag.Get("hcl"), ",")
	family, blocks := sf.Tag.Get("family"), sf.Tag.Get("blocks")
	f = Field{
		Doc:      sf.Tag.Get("doc"),
		Required: sf.Tag.Get("required") == "true",
		File:     sf.Tag.Get("file") == "true",
		Ignored:  sf.Tag.Get("fingerprint") == "-",
		Before:   strings.TrimPrefix(sf.Tag.Get("fingerprint"), "-"),
		Min:      limit(sf, "min"),
		Max:      limit(sf, "max"),
		Example:  sf.Tag.Get("example"),
		index:    sf.Index,
	}
	if values := sf.Tag.Get("enum"); values != "" {
		f.Enum = strings.Split(values, ",")
	}
	if refs := sf.Tag.Get("ref"); refs != "" {
		f.Refs = strings.Split(refs, ",")
	}
	switch {
	case family != "":
		f.Form, f.Name, f.Family, f.Many = Labelled, family, family, isChoices(sf)
	case blocks != "":
		f.Form, f.Name, f.Family, f.Many = Ordered, blocks, blocks, isChoices(sf)
	case name == "":
		return Field{}, false
	case option == "block":
		f.Form, f.Name = Block, name
	default:
		f.Name, f.Type, f.Required = name, typeOf(sf), option != "optional"
		if f.Example != "" && f.Type == (Type{Scalar: String}) {
			f.Example = strconv.Quote(f.Example)
		}
	}
	return f, true
}

// enumsOf returns the lists of legal values that a configuration has elsewhere.
func enumsOf(v reflect.Value) map[string][]string {
	if !v.CanAddr() {
		return nil
	}
	if e, ok := reflect.TypeAssert[Enumerator](v.Addr()); ok {
		return e.Enums()
	}
	return nil
}

// limit reads a number from a tag.
func limit(sf reflect.StructField, tag string) *float64 {
	text, ok := sf.Tag.Lookup(tag)
	if !ok {
		return nil
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("schema: field %s has the %s %q, which is not a number", sf.Name, tag, text))
	}
	return &x
}

var (
	choiceType  = reflect.TypeFor[Choice]()
	choicesType = reflect.TypeFor[[]Choice]()
	choicePtr   = reflect.TypeFor[*Choice]()
)

// isChoices tells whether a field of blocks can be repeated.
func isChoices(sf reflect.StructField) bool {
	ordered := sf.Tag.Get("blocks") != ""
	if sf.Type != choicesType && (ordered || sf.Type != choiceType && sf.Type != choicePtr) {
		panic(fmt.Sprintf("schema: field %s of type %s cannot hold blocks", sf.Name, sf.Type))
	}
	return sf.Type == choicesType
}

// structOf returns the struct behind a plain block; a new one if it is absent.
func structOf(sf reflect.StructField, v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct {
		return v
	}
	if v.Kind() != reflect.Pointer || sf.Type.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("schema: field %s of type %s cannot be a block", sf.Name, sf.Type))
	}
	if v.IsNil() {
		return reflect.New(sf.Type.Elem()).Elem()
	}
	return v.Elem()
}

// Get returns the field's value in config, a pointer to the struct that the
// field was made from.
func (f Field) Get(config any) any { return f.in(config).Interface() }

func (f Field) in(config any) reflect.Value {
	return reflect.ValueOf(config).Elem().FieldByIndex(f.index)
}

// Choices returns the variants that a Labelled or Ordered field holds; an absent
// one is left out.
func (f Field) Choices(config any) []Choice {
	switch v := f.Get(config).(type) {
	case []Choice:
		return v
	case *Choice:
		if v != nil {
			return []Choice{*v}
		}
	case Choice:
		if v.Name != "" {
			return []Choice{v}
		}
	}
	return nil
}

// SetChoices stores what a Labelled or Ordered field decoded to; a field that is
// not Many takes the first.
func (f Field) SetChoices(config any, choices []Choice) {
	v := f.in(config)
	switch v.Type() {
	case choicesType:
		v.Set(reflect.ValueOf(choices))
	case choicePtr:
		v.Set(reflect.ValueOf(&choices[0]))
	default:
		v.Set(reflect.ValueOf(choices[0]))
	}
}

// RefsIn returns the references that an attribute holds; an absent one is left out.
func (f Field) RefsIn(config any) []Ref {
	switch v := f.Get(config).(type) {
	case []Ref:
		return v
	case Ref:
		if v != (Ref{}) {
			return []Ref{v}
		}
	}
	return nil
}

// SetRefs stores the references of an attribute; one that is not a list takes
// the first, and none leaves it absent.
func (f Field) SetRefs(config any, refs []Ref) {
	switch v := f.in(config); {
	case f.Type.List:
		v.Set(reflect.ValueOf(refs))
	case len(refs) > 0:
		v.Set(reflect.ValueOf(refs[0]))
	default:
		v.SetZero()
	}
}

// Inner returns a pointer to the struct of a plain Block: nil if it is absent
// and create is false.
func (f Field) Inner(config any, create bool) any {
	v := f.in(config)
	if v.Kind() == reflect.Struct {
		return v.Addr().Interface()
	}
	if v.IsNil() {
		if !create {
			return nil
		}
		v.Set(reflect.New(v.Type().Elem()))
	}
	return v.Interface()
}
