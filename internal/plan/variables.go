package plan

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/artifact"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// given marks text that did not come from the file where it is used, so that a path
// which begins with it is relative to the folder of where it was given.
type given struct{ text, base string }

// sensitive marks the value of a sensitive variable, and all that is made of it.
type sensitive struct{}

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

// fromDefault is the origin of a value that was not given.
const fromDefault = "default"

// variable evaluates a variable of the pipeline or of a module. Nothing is noted
// after a mistake.
func (s *scope) variable(v *hclspec.Variable) {
	c, ok := s.constraint(v)
	if !ok {
		return
	}
	secret := s.flag(v.Sensitive)
	s.secret[v.Name] = secret
	s.checkText(v.Description)
	value, ok := s.variableValue(v, c)
	if secret {
		s.hide(v, value)
	}
	if !ok {
		return
	}
	if err := bounded(value); err != nil {
		s.p.report(hclspec.Errorf(v.NameRange, "Value too large", "var.%s cannot be used: %s.", v.Name, err))
		return
	}
	if secret {
		value = value.Mark(sensitive{})
	}
	if s.validate(v, value) {
		s.variables[v.Name] = value
	}
}

// hide keeps the values of a sensitive variable out of sight: the one that it has, if
// any, and its default.
func (s *scope) hide(v *hclspec.Variable, value cty.Value) {
	var written []hcl.Expression
	if v.Default != nil {
		written = append(written, v.Default.Expr)
	}
	if s.parent != nil {
		for _, attr := range s.call.Values {
			if attr.Name == v.Name {
				written = append(written, attr.Expr)
			}
		}
	}
	for _, expr := range written {
		s.p.hide(cty.NullVal(cty.String), expr)
	}
	if value != cty.NilVal {
		s.p.hide(value, nil)
	}
}

// checkText checks an attribute that is text for people, as written.
func (s *scope) checkText(attr *hcl.Attribute) {
	if attr == nil {
		return
	}
	if refs := hclspec.References(attr.Expr); len(refs) > 0 {
		s.p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "%s must be written out.", attr.Name))
		return
	}
	value, ok, diags := s.bare().value(attr.Expr)
	s.p.report(diags...)
	if ok && (value.Type() != cty.String || value.IsNull()) {
		s.p.report(hclspec.Errorf(attr.Expr.Range(), "Wrong type", "%s must be a string, and this is %s.", attr.Name, schema.Describe(value)))
	}
}

// flag is the value of an attribute that is true or false, as written. After a
// mistake it is true, to be on the safe side.
func (s *scope) flag(attr *hcl.Attribute) bool {
	if attr == nil {
		return false
	}
	if refs := hclspec.References(attr.Expr); len(refs) > 0 {
		s.p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "%s must be written out: true or false.", attr.Name))
		return true
	}
	value, ok, diags := s.bare().value(attr.Expr)
	s.p.report(diags...)
	if !ok {
		return true
	}
	if value.Type() != cty.Bool || value.IsNull() {
		s.p.report(hclspec.Errorf(attr.Expr.Range(), "Wrong type", "%s must be true or false, and this is %s.", attr.Name, schema.Describe(value)))
		return true
	}
	return value.True()
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

// variableValue returns the value that was given, otherwise the default.
func (s *scope) variableValue(v *hclspec.Variable, c constraint) (cty.Value, bool) {
	fallback, ok := s.fallback(v, c)
	if s.parent != nil {
		if i := slices.IndexFunc(s.call.Values, func(a *hcl.Attribute) bool { return a.Name == v.Name }); i >= 0 {
			s.origins[v.Name] = origin(s.call.Values[i].Range)
			return s.argument(s.call.Values[i], c)
		}
	} else if g, isGiven := s.p.given[v.Name]; isGiven {
		s.origins[v.Name] = g.origin()
		return s.override(v.Name, g, c)
	}
	if !ok || v.Misspelt || slices.Contains(s.meant, v.Name) {
		return cty.NilVal, false
	}
	if v.Default != nil {
		s.origins[v.Name] = fromDefault
		return fallback, true
	}
	switch {
	case s.parent != nil:
		s.p.report(hclspec.Errorf(s.call.Range, "Missing value for variable", "module %q needs the attribute %s, %s.", s.call.Name, v.Name, c.article()))
	case c.artifact != "":
		s.p.report(hclspec.Errorf(v.NameRange, "Missing value for variable", "var.%s is %s, which only a module block of another pipeline can give.", v.Name, c.article()))
	default:
		s.p.report(hclspec.Errorf(v.NameRange, "Missing value for variable",
			"var.%s has no default, so it must be given: --var %s=VALUE.", v.Name, v.Name))
	}
	return cty.NilVal, false
}

// fallback checks and returns the default of a variable.
func (s *scope) fallback(v *hclspec.Variable, c constraint) (cty.Value, bool) {
	if v.Default == nil {
		return cty.NilVal, true
	}
	if refs := hclspec.References(v.Default.Expr); len(refs) > 0 {
		s.p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "The default of a variable cannot refer to %s; a local can.", refs[0]))
		return cty.NilVal, false
	}
	value, ok, diags := s.bare().value(v.Default.Expr)
	s.p.report(diags...)
	if !ok {
		return cty.NilVal, false
	}
	return s.conform(v.Name, value, c, v.Default.Expr.Range())
}

// argument is a value that a module block gives, evaluated where the block is.
func (s *scope) argument(attr *hcl.Attribute, c constraint) (cty.Value, bool) {
	value, ok, diags := s.parent.inStages().value(attr.Expr)
	s.p.report(diags...)
	if !ok {
		return cty.NilVal, false
	}
	value, ok = s.conform(attr.Name, value, c, attr.Expr.Range())
	return markTexts(value, filepath.Dir(attr.Range.Filename)), ok
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

// override reads a value that was given. Text needs no quotes on the command line
// and in the environment; lists and objects are written as in a file.
func (s *scope) override(name string, g setting, c constraint) (cty.Value, bool) {
	if g.expr == nil && c.t == cty.String {
		return markTexts(cty.StringVal(g.text), g.base), true
	}
	if c.artifact != "" {
		s.p.report(hclspec.Errorf(g.at, "Wrong type", "var.%s is %s, which only a module block of another pipeline can give.", name, c.article()))
		return cty.NilVal, false
	}
	expr := g.expr
	if expr == nil {
		parsed, diags := hclspec.ParseExpression(g.text, g.at)
		if diags.HasErrors() {
			g.conceal(diags)
			s.p.report(diags...)
			return cty.NilVal, false
		}
		expr = parsed
	}
	if refs := hclspec.References(expr); len(refs) > 0 && g.expr != nil {
		s.p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "A file of values cannot refer to %s.", refs[0]))
		return cty.NilVal, false
	} else if len(refs) > 0 {
		s.p.report(hclspec.Errorf(g.at, "Wrong type", "var.%s must be of type %s, and this is text%s. Within lists and objects, text is written in quotes.",
			name, c, g.shown()))
		return cty.NilVal, false
	}
	value, ok, diags := s.bare().value(expr)
	g.conceal(diags)
	s.p.report(diags...)
	if !ok {
		return cty.NilVal, false
	}
	value, ok = s.conform(name, value, c, g.at)
	if !ok {
		return cty.NilVal, false
	}
	return markTexts(value, g.base), true
}

// shown is the text with a space before it, unless it is sensitive.
func (g setting) shown() string {
	if g.secret {
		return ""
	}
	return " " + g.text
}

// conceal keeps the text of a sensitive value out of diagnostics: their source
// shows something in its place, so that they cannot point into it.
func (g setting) conceal(diags hcl.Diagnostics) {
	if !g.secret {
		return
	}
	for _, d := range diags {
		at := g.at
		d.Subject, d.Context, d.Detail = &at, nil, "The value cannot be read. It is not shown, since the variable is sensitive."
	}
}

// markTexts marks every text in a value with where paths in it are relative to.
func markTexts(v cty.Value, base string) cty.Value {
	if v == cty.NilVal {
		return v
	}
	marked, err := cty.Transform(v, func(_ cty.Path, e cty.Value) (cty.Value, error) {
		if e.Type() != cty.String || e.IsMarked() || e.IsNull() || !e.IsKnown() {
			return e, nil
		}
		return e.Mark(given{text: e.AsString(), base: base}), nil
	})
	if err != nil {
		return v
	}
	return marked
}

// validate checks a value against the variable's rules.
func (s *scope) validate(v *hclspec.Variable, value cty.Value) bool {
	ok := true
	for _, rule := range v.Validations {
		e := s.bare()
		e.only = "var." + v.Name
		e.self = map[string]cty.Value{v.Name: value}
		holds, fine, diags := e.value(rule.Condition.Expr)
		message, told, more := e.value(rule.Message.Expr)
		s.p.report(append(diags, more...)...)
		if !fine || !told {
			ok = false
			continue
		}
		holds, _ = holds.Unmark()
		message, marks := message.UnmarkDeep()
		if _, secret := marks[sensitive{}]; secret {
			message = cty.StringVal("The value breaks a rule. What it says is not shown, since it has the value in it.")
		}
		switch {
		case holds.Type() != cty.Bool || holds.IsNull():
			s.p.report(hclspec.Errorf(rule.Condition.Expr.Range(), "Wrong type", "A condition must be true or false, and this is %s.", schema.Describe(holds)))
			ok = false
		case message.Type() != cty.String || message.IsNull():
			s.p.report(hclspec.Errorf(rule.Message.Expr.Range(), "Wrong type", "error_message must be a string, and this is %s.", schema.Describe(message)))
			ok = false
		case !holds.True():
			d := hclspec.Errorf(s.placeOf(v), "Invalid value for variable", "%s This is the rule at %s.", sentence(message.AsString()), rule.Range)
			d.Expression, d.EvalContext = rule.Condition.Expr, e.context(hclspec.References(rule.Condition.Expr))
			s.p.report(d)
			ok = false
		}
	}
	return ok
}

// placeOf is where the value of a variable was given.
func (s *scope) placeOf(v *hclspec.Variable) hcl.Range {
	if s.parent != nil {
		for _, attr := range s.call.Values {
			if attr.Name == v.Name {
				return attr.Expr.Range()
			}
		}
	} else if g, ok := s.p.given[v.Name]; ok {
		return g.at
	}
	if v.Default != nil {
		return v.Default.Expr.Range()
	}
	return v.NameRange
}

// sentence ends a text with a period.
func sentence(text string) string {
	if text == "" || text[len(text)-1] == '.' || text[len(text)-1] == '!' || text[len(text)-1] == '?' {
		return text
	}
	return text + "."
}

// values are the variables with their values, in the order of the files.
func (s *scope) values() []Value {
	var all []Value
	for _, v := range s.spec.Variables {
		value := s.variables[v.Name]
		if value == cty.NilVal {
			continue
		}
		plain, marks := value.UnmarkDeep()
		_, secret := marks[sensitive{}]
		out := Value{Name: v.Name, From: s.origins[v.Name], Sensitive: secret}
		switch {
		case secret:
		case plain.Type() == cty.String && !plain.IsNull():
			out.Text = plain.AsString()
		default:
			out.Text = Literal(plain)
		}
		all = append(all, out)
	}
	return all
}
