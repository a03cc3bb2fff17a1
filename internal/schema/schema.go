// Package schema says what a pipeline file may contain, as data: the fields of
// configuration structs with their types, defaults and documentation, and the
// families of variants (pretext tasks, transforms, backbones ...) that a block
// can name. Decoding, describe, JSON Schema, documents and editor help all read
// it, so that nothing is described twice.
//
// It refuses to parse or evaluate HCL, and knows no stage and no variant: those
// are values elsewhere. To allow a new type of field, add it to typeOf and
// Field.Assign.
//
// # Struct tags
//
//	hcl:"epochs"            a required attribute; hcl:"epochs,optional" one with a default;
//	                        hcl:"early_stopping,block" on a struct or *struct, a plain block
//	doc:"Sentence."         documentation
//	ref:"encoder"           on Ref and []Ref: the types of artifact wanted, separated by commas
//	family:"pretext"        on Choice, *Choice, []Choice: blocks written  pretext "rotation" {}
//	blocks:"transform"      on []Choice: blocks named by variant, in order:  crop {} flip {}
//	required:"true"         the block must be there
//	min:"1" max:"10"        limits of a number, or of each number of a list
//	enum:"full,linear"      all legal values of a string, or of each string of a list; where
//	                        they are a list elsewhere in the program, see Enumerator
//	example:"0.35"          a typical value in HCL (strings without quotes), which documents
//	                        show; for blocks, the variants to show, separated by commas
//	file:"true"             on string: a path that must exist; fingerprints hold its content
//	fingerprint:"-"         does not change what a unit computes: counts and lists that
//	                        Expand turns into coordinates, retries
//	fingerprint:"float32"   on string: with this value it is not in fingerprints, since it
//	                        is what was done before there was such a field
//
// The fields of an embedded struct are fields of the struct around it: what the
// members of a family share is written once.
package schema

import "strings"

// Variant is one member of a family: a pretext task, transform, backbone,
// optimiser or schedule.
type Variant struct {
	Name string
	Doc  string
	// Paper is where the variant was published, if it was.
	Paper string
	// Cost is what it costs beside the others of its family, in a few words.
	Cost string
	// Version is raised when code changes what the same configuration computes.
	Version int
	// New returns a pointer to a configuration struct that holds the defaults.
	New func() any
}

// Family is a list of variants that blocks of one type can name.
type Family struct {
	Name     string
	Variants []Variant
}

// Find returns the variant of that name.
func (f Family) Find(name string) (Variant, bool) {
	for _, v := range f.Variants {
		if v.Name == name {
			return v, true
		}
	}
	return Variant{}, false
}

// Names returns the names of all variants, in the order of the list.
func (f Family) Names() []string {
	names := make([]string, len(f.Variants))
	for i, v := range f.Variants {
		names[i] = v.Name
	}
	return names
}

// Choice is a decoded block that names a variant: backbone "mobilenet_v2" { alpha = 0.5 }.
// Config is what the variant's New returned, filled in.
type Choice struct {
	Name    string
	Version int
	Config  any
}

// Ref is a decoded reference to an output of a stage. The zero Ref means that
// none was given.
type Ref struct {
	// Stage is the address of the stage: pretrain.rotation,
	// pretrain.ssl[simclr,0.5], module.probe.finetune.linear.
	Stage  string
	Output string
}

// String returns the reference as it is written in HCL; "" for none.
func (r Ref) String() string {
	if r == (Ref{}) {
		return ""
	}
	return r.Stage + "." + r.Output
}

// Kind returns the kind of the stage: pretrain.
func (r Ref) Kind() string {
	_, kind, _ := SplitAddress(r.Stage)
	return kind
}

// Name returns the name of the stage, behind those of the modules that it is in,
// with its place in a sweep: rotation, ssl[simclr,0.5], probe.linear.
func (r Ref) Name() string {
	modules, _, name := SplitAddress(r.Stage)
	return strings.Join(append(modules, name), ".")
}

// SplitAddress splits the address of a stage into the names of the modules that it
// is in, its kind, and its name with its place in a sweep.
func SplitAddress(address string) (modules []string, kind, name string) {
	head, _, _ := strings.Cut(address, "[")
	parts := strings.Split(head, ".")
	for len(parts) > 2 && parts[0] == "module" {
		modules, parts = append(modules, parts[1]), parts[2:]
	}
	kind, name, _ = strings.Cut(strings.Join(parts, "."), ".")
	return modules, kind, name + address[len(head):]
}

// Problem is a mistake in a configuration. Field is the path of the attribute
// or block that it is about ("optimizer.learning_rate", "transform[1].padding",
// "at[2]"); "" is the whole. Message is in sentences, for the author of the file.
type Problem struct {
	Field   string
	Message string
}

// Enumerator is implemented by configurations that have attributes of which the
// legal values are a list elsewhere in the program. Enums returns these lists by the
// names of the attributes.
type Enumerator interface {
	Enums() map[string][]string
}

// Validator is implemented by configurations that have rules beyond their
// types. Validate is called only on a configuration that decoded without error.
type Validator interface {
	Validate() []Problem
}
