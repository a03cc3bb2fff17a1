package plan

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"sslpipe/internal/hclspec"
)

// scope is what the expressions of a pipeline or of one of its modules can name.
// Every reference is checked against it before anything is evaluated, so that a
// mistake gets the nearest name; HCL itself would only say that an object lacks an
// attribute.
type scope struct {
	p    *planner
	spec *hclspec.Spec
	// address is "module.probe", "" for the pipeline itself.
	address string
	// parent and call are where a module is used.
	parent   *scope
	call     *hclspec.Module
	children map[string]*scope
	// meant are variables for which the call has a value under a misspelt name.
	meant []string
	// variables, locals and outputs hold the values known so far, and an entry
	// without a value for a name that has none yet, or of which a mistake has been
	// reported.
	variables map[string]cty.Value
	locals    map[string]cty.Value
	outputs   map[string]cty.Value
	// secret are the sensitive variables.
	secret map[string]bool
	// origins say where the values of variables came from.
	origins   map[string]string
	blocks    map[string]map[string]*block // by kind and name
	functions map[string]function.Function
}

func (p *planner) newScope(spec *hclspec.Spec) *scope {
	s := &scope{
		p: p, spec: spec, children: map[string]*scope{},
		variables: map[string]cty.Value{}, locals: map[string]cty.Value{}, outputs: map[string]cty.Value{},
		secret: map[string]bool{}, origins: map[string]string{}, blocks: map[string]map[string]*block{},
	}
	for _, kind := range p.kinds {
		s.blocks[kind.Name] = map[string]*block{}
	}
	for _, v := range spec.Variables {
		s.variables[v.Name] = cty.NilVal
	}
	for _, attr := range spec.Locals {
		s.locals[attr.Name] = cty.NilVal
	}
	for _, o := range spec.Outputs {
		s.outputs[o.Name] = cty.NilVal
	}
	return s
}

// full is an address within the scope as it is written outside of it.
func (s *scope) full(address string) string {
	if s.address == "" {
		return address
	}
	return s.address + "." + address
}

// env is what one expression can name: a scope and what is only known here and there.
type env struct {
	*scope
	// stages is false where outputs of stages and modules cannot be referred to.
	stages bool
	// frame holds each, matrix and the iterators of dynamic blocks. It is not
	// changed.
	frame map[string]cty.Value
	// unclear is true where a mistake keeps it from being known what a stage is
	// swept over, so that each and matrix may stand for anything.
	unclear bool
	// plain is true if an expression can do without the single stages of a sweep,
	// of which there may be thousands.
	plain bool
	// only is the one reference that is allowed, if any; self is its value.
	only string
	self map[string]cty.Value
}

// bare is an environment without stages, frames and, if only is not set, with
// variables and locals.
func (s *scope) bare() env { return env{scope: s} }

func (s *scope) inStages() env { return env{scope: s, stages: true} }

// forReferences is an environment for an expression of an attribute that takes
// references. Unless it picks a stage of a sweep, it needs none of them.
func (e env) forReferences(expr hcl.Expression) env {
	native, ok := expr.(hclsyntax.Expression)
	e.plain = ok && !hclsyntax.Walk(native, picking{}).HasErrors()
	return e
}

// picking reports expressions that may take something out of a value.
type picking struct{}

// Enter implements hclsyntax.Walker.
func (picking) Enter(node hclsyntax.Node) hcl.Diagnostics {
	switch node.(type) {
	case *hclsyntax.IndexExpr, *hclsyntax.SplatExpr, *hclsyntax.ForExpr, *hclsyntax.FunctionCallExpr, *hclsyntax.RelativeTraversalExpr:
		return hcl.Diagnostics{{Severity: hcl.DiagError}}
	}
	return nil
}

// Exit implements hclsyntax.Walker.
func (picking) Exit(hclsyntax.Node) hcl.Diagnostics { return nil }

// with adds a name.
func (e env) with(name string, value cty.Value) env {
	frame := make(map[string]cty.Value, len(e.frame)+1)
	maps.Copy(frame, e.frame)
	frame[name] = value
	e.frame = frame
	return e
}

// value evaluates an expression. It returns false if there is no value; the
// diagnostics may then be empty, because the mistake has been reported already.
func (e env) value(expr hcl.Expression) (cty.Value, bool, hcl.Diagnostics) {
	if len(e.p.diags) > maxDiagnostics {
		return cty.NilVal, false, nil
	}
	refs := hclspec.References(expr)
	diags := e.checkExpression(expr)
	usable := !diags.HasErrors()
	for _, ref := range refs {
		if len(diags) > maxDiagnostics {
			break
		}
		ok, d := e.check(ref)
		usable = usable && ok
		if d != nil {
			diags = append(diags, d)
		}
	}
	if !usable {
		return cty.NilVal, false, diags
	}
	ctx := e.context(refs)
	e.p.work.begin()
	v, evalDiags := expr.Value(ctx)
	addHints(expr, ctx, evalDiags)
	if err := e.p.work.end(v); err != nil {
		evalDiags = hcl.Diagnostics{hclspec.Errorf(expr.Range(), "Expression too large", "This does too much: %s.", err)}
	}
	diags = append(diags, evalDiags...)
	return v, !evalDiags.HasErrors(), diags
}

// context holds the values of exactly the references of one expression.
func (e env) context(refs []hclspec.Reference) *hcl.EvalContext {
	objects := map[string]map[string]cty.Value{}
	values := map[string]cty.Value{}
	for _, ref := range refs {
		root := ref.Parts[0]
		if frame, ok := e.frame[root]; ok {
			values[root] = frame
			continue
		}
		if objects[root] == nil {
			objects[root] = map[string]cty.Value{}
		}
		name := ref.Parts[1]
		objects[root][name] = e.named(root, name, ref, objects[root][name])
	}
	for root, object := range objects {
		values[root] = cty.ObjectVal(object)
	}
	return &hcl.EvalContext{Variables: values, Functions: e.functions}
}

// named is the value of root.name; before is what an earlier reference of the same
// expression made of it.
func (e env) named(root, name string, ref hclspec.Reference, before cty.Value) cty.Value {
	switch {
	case e.self != nil:
		return e.self[name]
	case root == "var":
		return e.variables[name]
	case root == "local":
		return e.locals[name]
	case root == "module":
		outputs := map[string]cty.Value{}
		if before != cty.NilVal {
			outputs = before.AsValueMap()
		}
		outputs[ref.Parts[2]] = e.children[name].outputs[ref.Parts[2]]
		return cty.ObjectVal(outputs)
	}
	return e.stageValue(e.blocks[root][name], ref, before)
}

func (e env) stageValue(b *block, ref hclspec.Reference, before cty.Value) cty.Value {
	all := b.value()
	if !e.plain || before != cty.NilVal && before.LengthInt() > len(b.kind.Outputs) {
		return all
	}
	if len(ref.Parts) > 2 {
		if _, ok := b.kind.Output(ref.Parts[2]); !ok {
			return all
		}
	}
	return b.plain
}
