package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// Origin is an attribute of a stage with where its value came from.
type Origin struct {
	// Path is that of the attribute: optimizer.learning_rate.
	Path string
	// Value is the value as a Go value; a reference is a schema.Ref. It is nil for
	// a sensitive one.
	Value     any
	Sensitive bool
	// From is "default", "file", "base", or "set".
	From string
	// Base is the address of the stage that the value is taken from, for "base".
	Base string
	// Range is where it is written; the zero Range for a default.
	Range hcl.Range
	// Uses are the variables, locals and the like that it is made of.
	Uses []Use
}

// Use is a name that an expression refers to.
type Use struct {
	Name string // var.epochs
	// Value is its value in HCL, as far as that is short.
	Value string
	// From says where the value of a variable came from: default, --var,
	// SSLPIPE_VAR_epochs, small.auto.hcl:3.
	From string
}

// Origins returns the attributes of a stage, in the order of its kind, with where
// their values came from.
func (s *Stage) Origins() []Origin { return s.originsOf(s.Config, "", s.Kind.Families) }

func (s *Stage) originsOf(config any, prefix string, families map[string]schema.Family) []Origin {
	var out []Origin
	for _, f := range schema.Fields(config) {
		path := prefix + f.Path
		switch f.Form {
		case schema.Attribute:
			out = append(out, s.origin(path, f.Get(config)))
		case schema.Block:
			if inner := f.Inner(config, false); inner != nil {
				out = append(out, s.originsOf(inner, path+".", families)...)
			}
		default:
			out = append(out, s.choiceOrigins(f, config, path, families)...)
		}
	}
	return out
}

func (s *Stage) choiceOrigins(f schema.Field, config any, path string, families map[string]schema.Family) []Origin {
	var out []Origin
	for i, choice := range f.Choices(config) {
		itemPath := path
		if f.Many {
			itemPath = fmt.Sprintf("%s[%d]", path, i)
		}
		o := s.origin(itemPath, choice.Name)
		if _, short := s.decoded.sources[path]; short {
			o = s.origin(path, choice.Name)
			o.Path = itemPath
		}
		if r, ok := s.decoded.ranges[itemPath]; ok && o.From == fromDefault {
			o.From, o.Range = "file", r
		}
		if base := s.decoded.bases[itemPath]; base != "" {
			o.From, o.Base = "base", base
		}
		out = append(out, o)
		out = append(out, s.originsOf(choice.Config, itemPath+".", families)...)
	}
	return out
}

// Sensitive tells whether the value at a path, or one in the block at the path, must
// not be seen. Numbers of blocks in the path do not count.
func (s *Stage) Sensitive(path string) bool {
	if s.decoded == nil {
		return false
	}
	path = indices.ReplaceAllString(path, "")
	for secret := range s.decoded.secret {
		if secret = indices.ReplaceAllString(secret, ""); secret == path || strings.HasPrefix(secret, path+".") {
			return true
		}
	}
	return false
}

var indices = regexp.MustCompile(`\[[0-9]+\]`)

// Origin returns where the value of one attribute came from, by its path.
func (s *Stage) Origin(path string) (Origin, bool) {
	all := s.Origins()
	i := slices.IndexFunc(all, func(o Origin) bool { return o.Path == path })
	if i < 0 {
		return Origin{}, false
	}
	return all[i], true
}

func (s *Stage) origin(path string, value any) Origin {
	src, ok := s.decoded.sources[path]
	if !ok {
		return Origin{Path: path, Value: value, From: fromDefault}
	}
	o := Origin{Path: path, Value: value, From: "file", Range: src.expr.Range()}
	switch {
	case src.from == "--set":
		o.From = "set"
	case src.from != "":
		o.From, o.Base = "base", src.from
	}
	if s.decoded.secret[path] {
		o.Value, o.Sensitive = nil, true
	}
	for _, ref := range hclspec.References(src.expr) {
		if u, ok := src.env.use(ref); ok && !slices.Contains(o.Uses, u) {
			o.Uses = append(o.Uses, u)
		}
	}
	return o
}

// use describes a reference to something that has a value before anything runs.
func (e env) use(ref hclspec.Reference) (Use, bool) {
	if len(ref.Parts) < 2 {
		return Use{}, false
	}
	name := strings.Join(ref.Parts[:2], ".")
	root := ref.Parts[0]
	switch frame, isFrame := e.frame[root]; {
	case isFrame:
		if !frame.Type().IsObjectType() || !frame.Type().HasAttribute(ref.Parts[1]) {
			return Use{}, false
		}
		return Use{Name: name, Value: shortText(frame.GetAttr(ref.Parts[1]))}, true
	case root == "var":
		return Use{Name: name, Value: shortText(e.variables[ref.Parts[1]]), From: e.origins[ref.Parts[1]]}, true
	case root == "local":
		return Use{Name: name, Value: shortText(e.locals[ref.Parts[1]])}, true
	}
	return Use{}, false
}

// shortText writes a value for people, in a few words.
func shortText(v cty.Value) string {
	const most = 60
	if v == cty.NilVal {
		return ""
	}
	v, marks := v.UnmarkDeep()
	if _, secret := marks[sensitive{}]; secret {
		return hidden
	}
	text := Literal(v)
	if len(text) > most {
		return schema.Describe(v)
	}
	return text
}

// Literal writes a value as it would be written in HCL, on one line; a reference as
// its address.
func Literal(v cty.Value) string {
	v, _ = v.UnmarkDeep()
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case !v.IsKnown():
		return "(unknown)"
	case t == cty.String:
		return schema.Literal(v.AsString())
	case t == cty.Number:
		return v.AsBigFloat().Text('g', -1)
	case t == cty.Bool:
		return fmt.Sprint(v.True())
	case t.Equals(artifactType):
		return v.EncapsulatedValue().(*schema.Ref).String()
	case len(refsOf(v)) > 0:
		return refsOf(v)[0].Stage
	}
	var parts []string
	isList := t.IsTupleType() || t.IsListType() || t.IsSetType()
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if isList {
			parts = append(parts, Literal(e))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s = %s", k.AsString(), Literal(e)))
	}
	if isList {
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// ShortValue says what a name in the expression of a diagnostic stands for: "var.n =
// 3". It is false for names of stages, which have no value yet.
func ShortValue(traversal hcl.Traversal, ctx *hcl.EvalContext) (string, bool) {
	value, diags := traversal.TraverseAbs(ctx)
	if diags.HasErrors() || containsReference(value) {
		return "", false
	}
	return hclspec.ReferenceTo(traversal).String() + " = " + shortText(value), true
}

func containsReference(v cty.Value) bool {
	plain, _ := v.UnmarkDeep()
	found := false
	_ = cty.Walk(plain, func(_ cty.Path, e cty.Value) (bool, error) {
		found = found || e.Type().Equals(artifactType)
		return !found, nil
	})
	return found
}
