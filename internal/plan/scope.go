package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// scope is what expressions can name. Every reference is checked against it
// before anything is evaluated, so that a mistake gets the nearest name; HCL
// itself would only say that an object lacks an attribute.
type scope struct {
	kinds []Kind
	// variables and locals hold the values known so far, and an entry without
	// a value for a name of which a mistake has been reported.
	variables map[string]cty.Value
	locals    map[string]cty.Value
	stages    map[string]map[string]Kind // by kind and name
	misspelt  []*hclspec.Stage
	names     []string // of the kinds
}

func newScope(spec *hclspec.Spec, kinds []Kind) *scope {
	s := &scope{
		kinds:     kinds,
		variables: map[string]cty.Value{},
		locals:    map[string]cty.Value{},
		stages:    map[string]map[string]Kind{},
		misspelt:  spec.Misspelt,
		names:     KindNames(kinds),
	}
	for _, kind := range kinds {
		s.stages[kind.Name] = map[string]Kind{}
	}
	for _, stage := range spec.Stages {
		if kind, ok := s.kind(stage.Kind); ok {
			s.stages[stage.Kind][stage.Name] = kind
		}
	}
	for _, v := range spec.Variables {
		s.variables[v.Name] = cty.NilVal
	}
	for _, attr := range spec.Locals {
		s.locals[attr.Name] = cty.NilVal
	}
	return s
}

func (s *scope) kind(name string) (Kind, bool) {
	i := slices.IndexFunc(s.kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return s.kinds[i], true
}

// value evaluates an expression. It returns false if there is no value; the
// diagnostics may then be empty, because the mistake has been reported already.
// Without stages, references to outputs of stages are mistakes.
func (s *scope) value(expr hcl.Expression, stages bool) (cty.Value, bool, hcl.Diagnostics) {
	refs := hclspec.References(expr)
	diags := checkExpression(expr)
	usable := !diags.HasErrors()
	for _, ref := range refs {
		ok, d := s.check(ref, stages)
		usable = usable && ok
		if d != nil {
			diags = append(diags, d)
		}
	}
	if !usable {
		return cty.NilVal, false, diags
	}
	v, evalDiags := expr.Value(s.context(refs))
	diags = append(diags, evalDiags...)
	return v, !evalDiags.HasErrors(), diags
}

// check tells whether a reference has a value, and what is wrong with it unless
// that has been reported.
func (s *scope) check(ref hclspec.Reference, stages bool) (bool, *hcl.Diagnostic) {
	switch root := ref.Parts[0]; {
	case root == "var":
		return check(ref, "variable", s.variables)
	case root == "local":
		return check(ref, "local", s.locals)
	case slices.Contains(s.names, root):
		if !stages {
			return false, hclspec.Errorf(ref.Range, "Reference not allowed here",
				"Outputs of stages can only be used in stages and locals.")
		}
		return s.checkStage(ref)
	case s.isMisspelt(func(m *hclspec.Stage) bool { return m.Kind == root }):
		return false, nil
	}
	return false, s.unknownName(ref)
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

func (s *scope) checkStage(ref hclspec.Reference) (bool, *hcl.Diagnostic) {
	kindName := ref.Parts[0]
	declared := s.stages[kindName]
	if len(ref.Parts) < 2 {
		return false, hclspec.Errorf(ref.Range, "Incomplete reference", "Name a stage, as a fixed name: %s.NAME.%s",
			kindName, listed(kindName+" stages", sortedKeys(declared)))
	}
	name := ref.Parts[1]
	kind, ok := declared[name]
	switch {
	case !ok && s.isMisspelt(func(m *hclspec.Stage) bool { return m.Name == name && schema.Nearest(m.Kind, s.names) == kindName }):
		return false, nil
	case !ok:
		names := sortedKeys(declared)
		return false, hclspec.Errorf(ref.Range, "Unknown stage", "There is no stage %s %q.%s%s%s",
			kindName, name, listed(kindName+" stages", names), schema.DidYouMean(name, names), s.elsewhere(name))
	case len(ref.Parts) == 2:
		return true, nil
	}
	output := ref.Parts[2]
	if _, ok := kind.Output(output); !ok {
		return false, hclspec.Errorf(ref.Range, "Unknown output", "%s.%s has no output %q.%s%s",
			kindName, name, output, listed("outputs", kind.OutputNames()), schema.DidYouMean(output, kind.OutputNames()))
	}
	if len(ref.Parts) > 3 || ref.More {
		return false, hclspec.Errorf(ref.Range, "Invalid reference", "An output has no parts: write %s.", strings.Join(ref.Parts[:3], "."))
	}
	return true, nil
}

// elsewhere points to a stage of the same name and another kind.
func (s *scope) elsewhere(name string) string {
	for _, kind := range s.names {
		if _, ok := s.stages[kind][name]; ok {
			return fmt.Sprintf(" There is %s.%s.", kind, name)
		}
	}
	return ""
}

func (s *scope) unknownName(ref hclspec.Reference) *hcl.Diagnostic {
	root := ref.Parts[0]
	names := append([]string{"var", "local"}, s.names...)
	hint := schema.DidYouMean(root, names)
	if hint == "" && len(ref.Parts) == 1 {
		hint = fmt.Sprintf(" If this is text, write it in quotes: %q.", root)
	}
	return hclspec.Errorf(ref.Range, "Unknown name", "Nothing is called %q. References begin with %s.%s",
		root, strings.Join(names, ", "), hint)
}

func (s *scope) isMisspelt(is func(*hclspec.Stage) bool) bool {
	return slices.ContainsFunc(s.misspelt, is)
}

// context holds the values of exactly the references of one expression.
func (s *scope) context(refs []hclspec.Reference) *hcl.EvalContext {
	objects := map[string]map[string]cty.Value{}
	for _, ref := range refs {
		root, name := ref.Parts[0], ref.Parts[1]
		if objects[root] == nil {
			objects[root] = map[string]cty.Value{}
		}
		switch root {
		case "var":
			objects[root][name] = s.variables[name]
		case "local":
			objects[root][name] = s.locals[name]
		default:
			objects[root][name] = stageValue(s.stages[root][name], name)
		}
	}
	values := make(map[string]cty.Value, len(objects))
	for root, object := range objects {
		values[root] = cty.ObjectVal(object)
	}
	return &hcl.EvalContext{Variables: values, Functions: functions}
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
