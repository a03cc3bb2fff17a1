// Package hclspec turns the HCL text of a pipeline file into a Spec: its blocks,
// their names, bodies and source ranges, and what their expressions refer to.
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

// Spec is a parsed pipeline file.
type Spec struct {
	// Path is the path of the file, as it was given.
	Path string
	// Unreadable is true if the file could not be parsed; only Files is set.
	Unreadable bool
	Pipeline   *Block
	Variables  []*Variable
	Locals     []*hcl.Attribute
	// Stages are in the order of the file. Their kinds are known and their
	// addresses unique.
	Stages []*Stage
	// Misspelt are blocks that name no known kind and have been reported, so
	// that nothing more is said of references to them.
	Misspelt []*Stage
	// Files are the sources that diagnostics point into.
	Files map[string]*hcl.File
}

// Block is a block without labels.
type Block struct {
	Body hcl.Body
	// Range is the place of the header.
	Range hcl.Range
}

// Variable is a variable block. Type, Default and Description are nil where the
// file does not set them.
type Variable struct {
	Name        string
	Type        *hcl.Attribute
	Default     *hcl.Attribute
	Description *hcl.Attribute
	// Range is the place of the header, NameRange that of the name.
	Range     hcl.Range
	NameRange hcl.Range
}

// Stage is a stage block: kind "name" { ... }.
type Stage struct {
	Kind string
	Name string
	Body hcl.Body
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
