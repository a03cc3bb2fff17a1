// Package hclspec turns the HCL text of pipeline files into a Spec: their blocks,
// names, bodies and source ranges, and what their expressions refer to. It reads
// HCL's native syntax and its JSON syntax.
//
// It evaluates nothing, decodes no stage, and knows no kind of stage: their names
// are given to it, so that a misspelt one gets the nearest. What blocks mean is
// package plan's business.
//
// A new block of the language is a case in blocks.go and a type here.
package hclspec

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// Spec is a parsed pipeline: one file, several, or those of a folder.
type Spec struct {
	// Name is that of the first file or of the folder, without extension.
	Name string
	// Path is the first path, as it was given.
	Path string
	// Dir is the folder of the first file.
	Dir string
	// Paths are the files, in the order in which they were read.
	Paths []string
	// Unreadable is true if a file could not be parsed; only Files is set.
	Unreadable bool
	Pipeline   *Block
	Store      *Block
	Cluster    *Block
	Variables  []*Variable
	Locals     []*hcl.Attribute
	Modules    []*Module
	Outputs    []*NamedOutput
	// Stages are in the order of the files. Their kinds are known and their
	// addresses unique.
	Stages []*Stage
	// Misspelt are stages of no known kind, and others that could not be read.
	// They have been reported, so that nothing more is said of references to them.
	Misspelt []*Stage
	// Files are the sources that diagnostics point into.
	Files map[string]*hcl.File
}

// Variable is a variable block. Attributes are nil where the file does not set them.
type Variable struct {
	Name        string
	Type        *hcl.Attribute
	Default     *hcl.Attribute
	Description *hcl.Attribute
	Sensitive   *hcl.Attribute
	Validations []*Validation
	// Misspelt is true if a default is there, but not under this name.
	Misspelt bool
	// Range is the place of the header, NameRange that of the name.
	Range     hcl.Range
	NameRange hcl.Range
}

// Validation is a validation block of a variable.
type Validation struct {
	Condition *hcl.Attribute
	Message   *hcl.Attribute
	Range     hcl.Range
}

// Module is a module block: a pipeline in a file or folder of its own, with values
// for its variables.
type Module struct {
	Name   string
	Source *hcl.Attribute
	// Values are those of the module's variables, in the order of the file.
	Values    []*hcl.Attribute
	Range     hcl.Range
	NameRange hcl.Range
}

// NamedOutput is an output block of a module.
type NamedOutput struct {
	Name        string
	Value       *hcl.Attribute
	Description *hcl.Attribute
	Range       hcl.Range
	NameRange   hcl.Range
}

// Stage is a stage block: kind "name" { ... }.
type Stage struct {
	Kind string
	Name string
	Body *Body
	// Range is the place of the header, NameRange that of the name.
	Range     hcl.Range
	NameRange hcl.Range
}

// Address returns kind.name.
func (s *Stage) Address() string { return s.Kind + "." + s.Name }

// Errorf makes an error about a place in a file. The summary is a few words
// without a period; the detail is in sentences.
func Errorf(subject hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  &subject,
	}
}

// Warningf makes a warning about a place in a file.
func Warningf(subject hcl.Range, summary, format string, args ...any) *hcl.Diagnostic {
	d := Errorf(subject, summary, format, args...)
	d.Severity = hcl.DiagWarning
	return d
}
