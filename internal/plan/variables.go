package plan

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

// given marks text that did not come from the file where it is used, so that a path
// which begins with it is relative to the folder of where it was given.
type given struct{ text, base string }

// sensitive marks the value of a sensitive variable, and all that is made of it.
type sensitive struct{}

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
	value, ok := s.secretly(v, secret, func() (cty.Value, bool) { return s.variableValue(v, c) })
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
	s.p.hide(cty.NilVal, v.Default)
	s.p.hide(cty.NilVal, s.argumentOf(v))
	s.p.hide(value, nil)
}

// argumentOf is the attribute of the module block that gives a value, or nil.
func (s *scope) argumentOf(v *hclspec.Variable) *hcl.Attribute {
	if s.parent == nil {
		return nil
	}
	if i := slices.IndexFunc(s.call.Values, func(a *hcl.Attribute) bool { return a.Name == v.Name }); i >= 0 {
		return s.call.Values[i]
	}
	return nil
}

// secretly evaluates a variable; of a sensitive one, what is read for it is not
// recorded. One of the pipeline can be given again; one of a module only if it is
// made of what can be.
func (s *scope) secretly(v *hclspec.Variable, secret bool, evaluate func() (cty.Value, bool)) (cty.Value, bool) {
	r := s.p.record
	if !secret {
		return evaluate()
	}
	before := r.unseen
	r.secretly = true
	value, ok := evaluate()
	r.secretly = false
	if s.parent == nil {
		r.sensitive = append(r.sensitive, v.Name)
		return value, ok
	}
	attr := s.argumentOf(v)
	if r.unseen > before || attr == nil || len(hclspec.References(attr.Expr)) == 0 {
		r.withheld = append(r.withheld, fmt.Sprintf("%s.%s is sensitive, and its value is written in a module or in a module block.", s.address, v.Name))
	}
	return value, ok
}

// variableValue returns the value that was given, otherwise the default.
func (s *scope) variableValue(v *hclspec.Variable, c constraint) (cty.Value, bool) {
	fallback, ok := s.fallback(v, c)
	if attr := s.argumentOf(v); attr != nil {
		s.origins[v.Name] = origin(attr.Range)
		return s.argument(attr, c)
	}
	if g, isGiven := s.p.given[v.Name]; isGiven && s.parent == nil {
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
