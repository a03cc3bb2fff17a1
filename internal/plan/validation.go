package plan

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

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
