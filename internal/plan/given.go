package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// Given is a value, or a file of values, from the command line.
type Given struct {
	// Var is NAME=VALUE of --var.
	Var string `json:"var,omitempty"`
	// File is the path of --var-file.
	File string `json:"file,omitempty"`
}

// setting is a value that was given for a variable: text from the command line or
// environment, or an expression in a file.
type setting struct {
	text string
	expr hcl.Expression
	// from says where it was given: --var, SSLPIPE_VAR_epochs, small.auto.hcl.
	from string
	// base is the folder that paths in it are relative to.
	base string
	// at is the place of the value.
	at hcl.Range
	// secret is true if the variable is sensitive; the text is then not shown.
	secret bool
}

// EnvironmentPrefix begins the names of environment variables that hold values of
// variables.
const EnvironmentPrefix = "SSLPIPE_VAR_"

// gather returns the value given for each variable of the pipeline: from the
// environment, then the files that are read without being told, then the command
// line in its order. Later ones replace earlier ones.
func (p *planner) gather() map[string]setting {
	g := &gathering{p: p, secret: map[string]bool{}, settings: map[string]setting{}}
	for _, v := range p.root.spec.Variables {
		g.secret[v.Name] = p.root.flag(v.Sensitive)
		g.names = append(g.names, v.Name)
		name := EnvironmentPrefix + v.Name
		if text, ok := p.record.lookup(name); ok {
			g.set(v.Name, name, name, text)
		}
	}
	slices.Sort(g.names)
	// Without a folder there are none.
	files, _ := p.record.from().AutoFiles(p.root.spec.Dir)
	for _, path := range files {
		g.file(path, true)
	}
	for _, given := range p.options.Given {
		if given.File != "" {
			g.file(given.File, false)
			continue
		}
		g.text(given.Var)
	}
	return g.settings
}

type gathering struct {
	p *planner
	// secret has an entry for each variable, true for sensitive ones.
	secret   map[string]bool
	names    []string
	settings map[string]setting
}

// set notes a text; written is the name in front of it, file the source to show.
func (g *gathering) set(name, written, file, text string) {
	from, _, _ := strings.Cut(file, " ")
	shown := text
	if g.secret[name] {
		shown = hidden
	}
	at := g.p.pseudo(file, written+"="+shown, len(written)+1)
	g.settings[name] = setting{text: text, from: from, base: ".", at: at, secret: g.secret[name]}
}

func (g *gathering) text(given string) {
	name, text, ok := strings.Cut(given, "=")
	file := "--var " + name
	if !ok || name == "" {
		at := g.p.pseudo("--var", given, 0)
		g.p.report(hclspec.Errorf(at, "Wrong form", "--var needs NAME=VALUE."))
		return
	}
	if _, declared := g.secret[name]; !declared {
		if g.anySecret() { // it may be a misspelt one
			given = name + "=" + hidden
		}
		at := g.p.pseudo(file, given, 0)
		at.End = at.Start
		at.End.Byte, at.End.Column = at.Start.Byte+len(name), at.Start.Column+len(name)
		g.p.report(g.unknown(name, at))
		return
	}
	g.set(name, name, file, text)
}

func (g *gathering) unknown(name string, at hcl.Range) *hcl.Diagnostic {
	return hclspec.Errorf(at, "Unknown variable", "The pipeline declares no variable %q.%s%s",
		name, listed("variables", g.names), schema.DidYouMean(name, g.names))
}

// anySecret tells whether the pipeline declares a sensitive variable.
func (g *gathering) anySecret() bool {
	for _, secret := range g.secret {
		if secret {
			return true
		}
	}
	return false
}

// file reads a file of values. In one that is read without being told, which other
// pipelines of the folder read too, a name that this one does not declare is none
// of its business; but a misspelt one would be ignored, so it is told.
func (g *gathering) file(path string, auto bool) {
	attributes, diags := hclspec.LoadValues(path, g.p.files, g.p.record.from().Read)
	for _, d := range diags {
		if d.Subject == nil {
			at := g.p.pseudo(g.p.freeName("--var-file"), path, 0)
			d.Summary, d.Subject = "Cannot read file of values", &at
		}
	}
	g.p.report(diags...)
	if len(diags) > 0 && g.anySecret() {
		g.p.maskValues(path)
	}
	for _, attr := range attributes {
		if _, declared := g.secret[attr.Name]; !declared {
			if g.anySecret() { // it may be a misspelt one
				g.p.mask(attr.Expr.Range())
			}
			d := g.unknown(attr.Name, attr.NameRange)
			if auto {
				d.Severity = hcl.DiagWarning
			}
			g.p.report(d)
			continue
		}
		if g.secret[attr.Name] {
			g.p.hide(cty.NilVal, attr)
		}
		g.settings[attr.Name] = setting{expr: attr.Expr, from: path, base: filepath.Dir(path), at: attr.Expr.Range()}
	}
}

// pseudo makes text from outside the files a source that diagnostics can point
// into, and returns the range from a byte to its end.
func (p *planner) pseudo(file, src string, from int) hcl.Range {
	p.files[file] = &hcl.File{Bytes: []byte(src)}
	start := hcl.Pos{Line: 1, Column: 1 + from, Byte: from}
	end := hcl.Pos{Line: 1 + strings.Count(src, "\n"), Column: 1 + len(src), Byte: len(src)}
	return hcl.Range{Filename: file, Start: start, End: end}
}

// origin is where the value of a variable came from, for people.
func (g setting) origin() string {
	if g.expr == nil {
		return g.from
	}
	return fmt.Sprintf("%s:%d", g.from, g.at.Start.Line)
}
