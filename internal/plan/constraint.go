package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/artifact"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// constraint is the type of a variable.
type constraint struct {
	t        cty.Type
	defaults *typeexpr.Defaults
	// artifact is the type of artifact, if it takes references.
	artifact string
}

func (c constraint) String() string {
	switch {
	case c.artifact == "":
		return typeexpr.TypeString(c.t)
	case c.t.IsListType():
		return "list(" + c.artifact + ")"
	}
	return c.artifact
}

// article is the type with an article: an encoder, a list(number).
func (c constraint) article() string {
	text := c.String()
	if strings.ContainsAny(text[:1], "aeiou") {
		return "an " + text
	}
	return "a " + text
}

func (s *scope) constraint(v *hclspec.Variable) (constraint, bool) {
	if v.Type == nil {
		return constraint{}, false // reported by hclspec
	}
	if c, ok := artifactConstraint(v.Type.Expr); ok {
		return c, true
	}
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(v.Type.Expr)
	if diags.HasErrors() {
		for _, d := range diags {
			d.Detail += fmt.Sprintf(" The types are: string, number, bool, list(T), set(T), map(T), tuple([T, ...]), object({ name = T, ... }), and in a module, alone or in a list: %s.%s",
				strings.Join(artifactNames(), ", "), nearestType(v.Type.Expr))
		}
		s.p.report(diags...)
		return constraint{}, false
	}
	if t.HasDynamicTypes() {
		s.p.report(hclspec.Errorf(v.Type.Expr.Range(), "Invalid type", "A variable needs an exact type, such as number, string, bool or list(number), not any."))
		return constraint{}, false
	}
	return constraint{t: t, defaults: defaults}, true
}

// nearestType suggests a type for one that does not exist.
func nearestType(expr hcl.Expression) string {
	if call, diags := hcl.ExprCall(expr); !diags.HasErrors() {
		return schema.DidYouMean(call.Name, []string{"list", "map", "object", "set", "tuple"})
	}
	return schema.DidYouMean(hcl.ExprAsKeyword(expr), append([]string{"string", "number", "bool"}, artifactNames()...))
}

func artifactNames() []string {
	names := make([]string, len(artifact.Types))
	for i, t := range artifact.Types {
		names[i] = string(t)
	}
	return names
}

// artifactConstraint reads encoder, dataset ..., alone or in list(...).
func artifactConstraint(expr hcl.Expression) (constraint, bool) {
	name := hcl.ExprAsKeyword(expr)
	if slices.Contains(artifactNames(), name) {
		return constraint{t: artifactType, artifact: name}, true
	}
	call, diags := hcl.ExprCall(expr)
	if diags.HasErrors() || call.Name != "list" || len(call.Arguments) != 1 {
		return constraint{}, false
	}
	name = hcl.ExprAsKeyword(call.Arguments[0])
	return constraint{t: cty.List(artifactType), artifact: name}, slices.Contains(artifactNames(), name)
}

func (s *scope) conform(name string, value cty.Value, c constraint, at hcl.Range) (cty.Value, bool) {
	value, marks := value.Unmark()
	if value.IsNull() { // as if an attribute that is set to it were not there
		return cty.NullVal(c.t.WithoutOptionalAttributesDeep()), true
	}
	if c.artifact != "" {
		return s.conformArtifact(name, value, c, at)
	}
	if c.defaults != nil {
		value = c.defaults.Apply(value)
	}
	value, err := conform(value, c.t)
	switch {
	case err != nil && s.secret[name]:
		s.p.report(hclspec.Errorf(at, "Wrong type", "var.%s must be of type %s. What it is instead is not shown, since the variable is sensitive.", name, c))
		return cty.NilVal, false
	case err != nil:
		s.p.report(hclspec.Errorf(at, "Wrong type", "var.%s %s.", name, err))
		return cty.NilVal, false
	}
	return value.WithMarks(marks), true
}

// conformArtifact turns references to whole stages into those to the output of the
// wanted type.
func (s *scope) conformArtifact(name string, value cty.Value, c constraint, at hcl.Range) (cty.Value, bool) {
	wrong := func(v cty.Value) (cty.Value, bool) {
		s.p.report(hclspec.Errorf(at, "Wrong type", "var.%s must be of type %s, and %s.", name, c, s.described(v, c)))
		return cty.NilVal, false
	}
	value, _ = value.UnmarkDeep() // of a choice by a sensitive value
	items := []cty.Value{value}
	isList := value.Type().IsTupleType() || value.Type().IsListType()
	if isList != c.t.IsListType() {
		return wrong(value)
	}
	if isList {
		items = value.AsValueSlice()
	}
	for i, item := range items {
		var fitting []schema.Ref
		for _, ref := range refsOf(item) {
			if output := s.p.output(ref); string(output.Type) == c.artifact {
				fitting = append(fitting, ref)
			}
		}
		if len(fitting) != 1 {
			return wrong(item)
		}
		items[i] = cty.CapsuleVal(artifactType, &fitting[0])
	}
	switch {
	case !isList:
		return items[0], true
	case len(items) == 0:
		return cty.ListValEmpty(artifactType), true
	}
	return cty.ListVal(items), true
}

// described says what a value is that is not the one artifact that was wanted.
func (s *scope) described(v cty.Value, c constraint) string {
	refs := refsOf(v)
	if len(refs) == 0 || c.t.IsListType() && !v.Type().IsTupleType() {
		return "this is " + schema.Describe(v)
	}
	var fitting, all []string
	for _, ref := range refs {
		output := s.p.output(ref)
		all = append(all, fmt.Sprintf("%s is %s", ref, wanted([]string{string(output.Type)})))
		if string(output.Type) == c.artifact {
			fitting = append(fitting, ref.String())
		}
	}
	if len(fitting) > 1 {
		return fmt.Sprintf("%s has several; say which: %s", refs[0].Stage, strings.Join(fitting, ", "))
	}
	return strings.Join(all, ", ")
}
