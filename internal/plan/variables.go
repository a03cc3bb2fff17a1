package plan

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// given marks text that was given by --var, so that a path which begins with it
// is relative to the working directory.
type given struct{ text string }

// variables evaluates all variables: the value from the command line if there is
// one, otherwise the default.
func (p *planner) variables() {
	for _, v := range p.spec.Variables {
		value := p.variable(v)
		if value == cty.NilVal {
			continue
		}
		if err := bounded(value); err != nil {
			p.report(hclspec.Errorf(v.NameRange, "Value too large", "var.%s cannot be used: %s.", v.Name, err))
			continue
		}
		p.scope.variables[v.Name] = value
	}
	names := sortedKeys(p.scope.variables)
	for _, name := range sortedKeys(p.options.Vars) {
		if _, ok := p.scope.variables[name]; !ok {
			at := p.commandLine(name)
			at.End = at.Start
			at.End.Byte, at.End.Column = at.Start.Byte+len(name), at.Start.Column+len(name)
			p.report(hclspec.Errorf(at, "Unknown variable", "The pipeline declares no variable %q.%s%s",
				name, listed("variables", names), schema.DidYouMean(name, names)))
		}
	}
}

// variable returns the value of one variable, or cty.NilVal after a mistake.
func (p *planner) variable(v *hclspec.Variable) cty.Value {
	if v.Type == nil {
		return cty.NilVal // reported by hclspec
	}
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(v.Type.Expr)
	if diags.HasErrors() {
		for _, d := range diags {
			d.Detail += " The types are: string, number, bool, list(T), set(T), map(T), tuple([T, ...]), object({ name = T, ... })." +
				schema.DidYouMean(hcl.ExprAsKeyword(v.Type.Expr), []string{"string", "number", "bool"})
		}
		p.report(diags...)
		return cty.NilVal
	}
	if t.HasDynamicTypes() {
		p.report(hclspec.Errorf(v.Type.Expr.Range(), "Invalid type", "A variable needs an exact type, such as number, string, bool or list(number), not any."))
		return cty.NilVal
	}
	fallback, ok := p.fallback(v, t, defaults)
	if text, isGiven := p.options.Vars[v.Name]; isGiven {
		return p.override(v.Name, text, t, defaults)
	}
	if !ok {
		return cty.NilVal
	}
	if v.Default == nil {
		p.report(hclspec.Errorf(v.NameRange, "Missing value for variable",
			"var.%s has no default, so it must be given: --var %s=VALUE.", v.Name, v.Name))
		return cty.NilVal
	}
	return fallback
}

// fallback checks and returns the default of a variable.
func (p *planner) fallback(v *hclspec.Variable, t cty.Type, defaults *typeexpr.Defaults) (cty.Value, bool) {
	if v.Default == nil {
		return cty.NilVal, true
	}
	if refs := hclspec.References(v.Default.Expr); len(refs) > 0 {
		p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "The default of a variable cannot refer to %s; a local can.", refs[0]))
		return cty.NilVal, false
	}
	value, ok, diags := p.scope.value(v.Default.Expr, false)
	p.report(diags...)
	if !ok {
		return cty.NilVal, false
	}
	return p.conform(v.Name, value, t, defaults, v.Default.Expr.Range())
}

func (p *planner) conform(name string, value cty.Value, t cty.Type, defaults *typeexpr.Defaults, at hcl.Range) (cty.Value, bool) {
	if value.IsNull() { // as if an attribute that is set to it were not there
		return cty.NullVal(t.WithoutOptionalAttributesDeep()), true
	}
	if defaults != nil {
		value = defaults.Apply(value)
	}
	value, err := conform(value, t)
	if err != nil {
		p.report(hclspec.Errorf(at, "Wrong type", "var.%s %s.", name, err))
		return cty.NilVal, false
	}
	return value, true
}

// override reads a value from the command line. Text needs no quotes there, and
// lists and objects are written as in a file.
func (p *planner) override(name, text string, t cty.Type, defaults *typeexpr.Defaults) cty.Value {
	at := p.commandLine(name)
	at.Start.Byte += len(name) + 1
	at.Start.Column += len(name) + 1
	if t == cty.String {
		return cty.StringVal(text).Mark(given{text})
	}
	expr, diags := hclspec.ParseExpression(text, at)
	if diags.HasErrors() {
		p.report(diags...)
		return cty.NilVal
	}
	if len(hclspec.References(expr)) > 0 {
		p.report(hclspec.Errorf(at, "Wrong type", "var.%s must be of type %s, and this is the text %s. Within lists and objects, text is written in quotes.",
			name, typeexpr.TypeString(t), text))
		return cty.NilVal
	}
	value, ok, diags := p.scope.value(expr, false)
	p.report(diags...)
	if !ok {
		return cty.NilVal
	}
	value, _ = p.conform(name, value, t, defaults, at)
	return value
}

// commandLine makes --var name=text a source that diagnostics can point into,
// and returns its range.
func (p *planner) commandLine(name string) hcl.Range {
	file := "--var " + name
	src := fmt.Sprintf("%s=%s", name, p.options.Vars[name])
	p.files[file] = &hcl.File{Bytes: []byte(src)}
	end := hcl.Pos{Line: 1 + strings.Count(src, "\n"), Column: 1 + len(src), Byte: len(src)}
	return hcl.Range{Filename: file, Start: hcl.InitialPos, End: end}
}

// evaluateLocals evaluates all locals, each after those that it needs.
func (p *planner) evaluateLocals() {
	index := map[string]int{}
	for i, attr := range p.spec.Locals {
		index[attr.Name] = i
	}
	g := newGraph(len(p.spec.Locals))
	for i, attr := range p.spec.Locals {
		for _, ref := range hclspec.References(attr.Expr) {
			if ref.Parts[0] != "local" || len(ref.Parts) < 2 {
				continue
			}
			if to, ok := index[ref.Parts[1]]; ok {
				g.add(i, to, ref.Range)
			}
		}
	}
	p.reportCycles(g, "locals", func(i int) string { return "local." + p.spec.Locals[i].Name })
	for _, i := range g.order() {
		attr := p.spec.Locals[i]
		value, ok, diags := p.scope.value(attr.Expr, true)
		p.report(diags...)
		if !ok {
			continue
		}
		if err := bounded(value); err != nil {
			p.report(hclspec.Errorf(attr.NameRange, "Value too large", "local.%s cannot be used: %s.", attr.Name, err))
			continue
		}
		p.scope.locals[attr.Name] = value
	}
}

// reportUnused warns of variables and locals that nothing refers to.
func (p *planner) reportUnused() {
	used := map[string]bool{}
	note := func(refs []hclspec.Reference) {
		for _, ref := range refs {
			if len(ref.Parts) > 1 {
				used[ref.Parts[0]+"."+ref.Parts[1]] = true
			}
		}
	}
	if p.spec.Pipeline != nil {
		note(hclspec.BodyReferences(p.spec.Pipeline.Body))
	}
	for _, stage := range p.spec.Stages {
		note(hclspec.BodyReferences(stage.Body))
	}
	for _, attr := range p.spec.Locals {
		note(hclspec.References(attr.Expr))
	}
	for _, v := range p.spec.Variables {
		if !used["var."+v.Name] {
			p.report(hclspec.Warningf(v.NameRange, "Unused variable", "Nothing refers to var.%s.", v.Name))
		}
	}
	for _, attr := range p.spec.Locals {
		if !used["local."+attr.Name] {
			p.report(hclspec.Warningf(attr.NameRange, "Unused local", "Nothing refers to local.%s.", attr.Name))
		}
	}
}
