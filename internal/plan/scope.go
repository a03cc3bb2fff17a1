package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
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
	addNames(expr, ctx, evalDiags)
	if err := e.p.work.end(v); err != nil {
		evalDiags = hcl.Diagnostics{hclspec.Errorf(expr.Range(), "Expression too large", "This does too much: %s.", err)}
	}
	diags = append(diags, evalDiags...)
	return v, !evalDiags.HasErrors(), diags
}

// check tells whether a reference has a value, and what is wrong with it unless
// that has been reported.
func (e env) check(ref hclspec.Reference) (bool, *hcl.Diagnostic) {
	root := ref.Parts[0]
	if frame, ok := e.frame[root]; ok {
		ok, d := checkFrame(ref, frame)
		if e.unclear && root == "matrix" {
			d = nil
		}
		return ok, d
	}
	if e.unclear && (root == "each" || root == "matrix") {
		return false, nil
	}
	if e.only != "" && ref.String() != e.only && !strings.HasPrefix(ref.String(), e.only+".") {
		return false, hclspec.Errorf(ref.Range, "Reference not allowed here", "Only %s can be used here, not %s.%s", e.only, ref, schema.DidYouMean(ref.String(), []string{e.only}))
	}
	switch {
	case e.self != nil:
		return true, nil
	case root == "var":
		return check(ref, "variable", e.variables)
	case root == "local":
		return check(ref, "local", e.locals)
	case (root == "module" || slices.Contains(e.p.names, root)) && !e.stages:
		return false, hclspec.Errorf(ref.Range, "Reference not allowed here",
			"Outputs of stages and modules can only be used in stages, locals, outputs and modules.")
	case root == "module":
		return e.checkModule(ref)
	case slices.Contains(e.p.names, root):
		return e.checkStage(ref)
	case e.isMisspelt(func(m *hclspec.Stage) bool { return m.Kind == root }):
		return false, nil
	}
	return false, e.unknownName(ref)
}

// checkFrame checks each.x, matrix.x and the like.
func checkFrame(ref hclspec.Reference, frame cty.Value) (bool, *hcl.Diagnostic) {
	if !frame.Type().IsObjectType() || len(ref.Parts) < 2 {
		return true, nil
	}
	names := sortedKeys(frame.Type().AttributeTypes())
	if slices.Contains(names, ref.Parts[1]) {
		return true, nil
	}
	return false, hclspec.Errorf(ref.Range, "Unknown name", "%s has no %q.%s%s",
		ref.Parts[0], ref.Parts[1], listed("names in it", names), schema.DidYouMean(ref.Parts[1], names))
}

func check(ref hclspec.Reference, what string, values map[string]cty.Value) (bool, *hcl.Diagnostic) {
	if len(ref.Parts) < 2 {
		return false, hclspec.Errorf(ref.Range, "Incomplete reference", "Name a %s: %s.NAME.%s", what, ref, listed(what+"s", sortedKeys(values)))
	}
	name := ref.Parts[1]
	v, ok := values[name]
	if !ok {
		names := sortedKeys(values)
		return false, hclspec.Errorf(ref.Range, "Unknown "+what, "There is no %s %q.%s%s",
			what, name, listed(what+"s", names), schema.DidYouMean(name, names))
	}
	return v != cty.NilVal, nil
}

func (e env) checkModule(ref hclspec.Reference) (bool, *hcl.Diagnostic) {
	var modules []string
	for _, m := range e.spec.Modules {
		modules = append(modules, m.Name)
	}
	if len(ref.Parts) < 2 {
		return false, hclspec.Errorf(ref.Range, "Incomplete reference", "Name an output of a module: module.NAME.OUTPUT.%s", listed("modules", modules))
	}
	name := ref.Parts[1]
	child, ok := e.children[name]
	if !ok {
		if slices.Contains(modules, name) {
			return false, nil // it could not be read
		}
		return false, hclspec.Errorf(ref.Range, "Unknown module", "There is no module %q.%s%s", name, listed("modules", modules), schema.DidYouMean(name, modules))
	}
	names := sortedKeys(child.outputs)
	if len(ref.Parts) < 3 {
		return false, hclspec.Errorf(ref.Range, "Incomplete reference", "Name an output of the module: module.%s.OUTPUT.%s", name, listed("outputs", names))
	}
	output := ref.Parts[2]
	v, ok := child.outputs[output]
	if !ok {
		return false, hclspec.Errorf(ref.Range, "Unknown output", "module.%s has no output %q.%s%s", name, output, listed("outputs", names), schema.DidYouMean(output, names))
	}
	return v != cty.NilVal, nil
}

func (e env) checkStage(ref hclspec.Reference) (bool, *hcl.Diagnostic) {
	kind := ref.Parts[0]
	declared := e.blocks[kind]
	if len(ref.Parts) < 2 {
		return false, hclspec.Errorf(ref.Range, "Incomplete reference", "Name a stage, as a fixed name: %s.NAME.%s",
			kind, listed(kind+" stages", sortedKeys(declared)))
	}
	name := ref.Parts[1]
	b, ok := declared[name]
	switch {
	case !ok && e.isMisspelt(func(m *hclspec.Stage) bool {
		return m.Name == name && (m.Kind == kind || schema.Nearest(m.Kind, e.p.names) == kind)
	}):
		return false, nil
	case !ok:
		names := sortedKeys(declared)
		return false, hclspec.Errorf(ref.Range, "Unknown stage", "There is no stage %s %q.%s%s%s",
			kind, name, listed(kind+" stages", names), schema.DidYouMean(name, names), e.elsewhere(name))
	case b.sweep == nil && b.unshaped:
		return false, nil // its sweep has a mistake
	}
	rest := ref.Parts[2:]
	if len(rest) > 0 && b.sweep != nil && b.sweep.find(rest[0]) >= 0 {
		rest = rest[1:]
	}
	return checkOutput(ref, b, rest)
}

// checkOutput checks what comes behind the name of a stage, or of one of a sweep.
func checkOutput(ref hclspec.Reference, b *block, rest []string) (bool, *hcl.Diagnostic) {
	switch {
	case len(rest) == 0:
		return true, nil
	case len(rest) > 1 || ref.More:
		if _, ok := b.kind.Output(rest[0]); ok {
			return false, hclspec.Errorf(ref.Range, "Invalid reference", "An output has no parts: write %s.", strings.Join(ref.Parts[:len(ref.Parts)-len(rest)+1], "."))
		}
	}
	output := rest[0]
	if _, ok := b.kind.Output(output); ok {
		return true, nil
	}
	names := b.kind.OutputNames()
	hint := schema.DidYouMean(output, names)
	keys := ""
	if b.sweep != nil {
		keys = listed("stages of its sweep", b.sweep.quoted())
		hint = schema.DidYouMean(output, append(slices.Clone(names), b.sweep.keys()...))
	}
	return false, hclspec.Errorf(ref.Range, "Unknown output", "%s has no output %q.%s%s%s",
		b.spec.Address(), output, listed("outputs", names), keys, hint)
}

// elsewhere points to a stage of the same name and another kind.
func (s *scope) elsewhere(name string) string {
	for _, kind := range s.p.names {
		if _, ok := s.blocks[kind][name]; ok {
			return fmt.Sprintf(" There is %s.%s.", kind, name)
		}
	}
	return ""
}

func (e env) unknownName(ref hclspec.Reference) *hcl.Diagnostic {
	root := ref.Parts[0]
	switch root {
	case "each":
		return hclspec.Errorf(ref.Range, "Reference not allowed here", "Only a stage with for_each has each.key and each.value.")
	case "matrix":
		return hclspec.Errorf(ref.Range, "Reference not allowed here", "Only a stage with a matrix block, or one that reads such a stage, has matrix.NAME.")
	}
	names := []string{"var", "local"}
	if len(e.spec.Modules) > 0 {
		names = append(names, "module")
	}
	names = append(append(names, sortedKeys(e.frame)...), e.p.names...)
	hint := schema.DidYouMean(root, names)
	if hint == "" && len(ref.Parts) == 1 {
		hint = fmt.Sprintf(" If this is text, write it in quotes: %q.", root)
	}
	return hclspec.Errorf(ref.Range, "Unknown name", "Nothing is called %q. References begin with %s.%s",
		root, strings.Join(names, ", "), hint)
}

func (s *scope) isMisspelt(is func(*hclspec.Stage) bool) bool {
	return slices.ContainsFunc(s.spec.Misspelt, is)
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

// listed is a sentence that lists names, with a leading space.
func listed(what string, names []string) string {
	const most = 20
	if len(names) == 0 {
		return fmt.Sprintf(" There are no %s.", what)
	}
	if len(names) > most {
		return fmt.Sprintf(" There are %d %s.", len(names), what)
	}
	return fmt.Sprintf(" The %s are: %s.", what, strings.Join(names, ", "))
}
