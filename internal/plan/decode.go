package plan

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// decoder fills the configuration of one block, a stage or pipeline, and notes
// where everything was written.
type decoder struct {
	p        *planner
	families map[string]schema.Family
	// stages is false where outputs of stages cannot be referred to.
	stages bool
	// header is the place of the block's header.
	header hcl.Range
	// ranges are the places of attributes, elements and blocks, by path.
	ranges map[string]hcl.Range
	inputs []input
}

// input is a reference of a stage, with the path of its field.
type input struct {
	path string
	ref  schema.Ref
	at   hcl.Range
}

func newDecoder(p *planner, families map[string]schema.Family, stages bool, header hcl.Range) *decoder {
	return &decoder{p: p, families: families, stages: stages, header: header, ranges: map[string]hcl.Range{}}
}

// body fills config from a body and validates it. What names the body in
// messages, prefix is the path to it, at the place of its header. It returns
// false if something is wrong, which has then been reported.
func (d *decoder) body(body hcl.Body, config any, what, prefix string, at hcl.Range) bool {
	fields := schema.Fields(config)
	content, diags := hclspec.ReadBody(body, d.want(fields, what))
	d.p.report(diags...)
	ok := !diags.HasErrors()
	for _, f := range fields {
		var fine bool
		if f.Form == schema.Attribute {
			fine = d.attribute(content, f, config, what, prefix, at)
		} else {
			fine = d.blocks(content, f, config, what, prefix, at)
		}
		ok = ok && fine
	}
	// A mistake above would make rules between attributes fail too.
	if v, isValidator := config.(schema.Validator); isValidator && ok {
		ok = d.problems(v.Validate(), prefix)
	}
	return ok
}

func (d *decoder) want(fields []schema.Field, what string) hclspec.Want {
	want := hclspec.Want{What: what}
	for _, f := range fields {
		switch f.Form {
		case schema.Attribute:
			want.Attributes = append(want.Attributes, f.Name)
		case schema.Block:
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: f.Name})
		case schema.Labelled:
			want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: f.Name, LabelNames: []string{"name"}})
		case schema.Ordered:
			want.Noun = f.Family
			for _, name := range d.families[f.Family].Names() {
				want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: name})
			}
		}
	}
	return want
}

// attribute decodes one attribute; an absent or null one keeps its default.
func (d *decoder) attribute(content *hclspec.Content, f schema.Field, config any, what, prefix string, at hcl.Range) bool {
	attr, ok := content.Attributes[f.Name]
	if !ok {
		if !f.Required {
			return true
		}
		if !content.Meant[f.Name] {
			d.p.report(hclspec.Errorf(at, "Missing attribute", "%s needs the attribute %s, a %s. %s", what, f.Name, f.Type, f.Doc))
		}
		return false
	}
	path := prefix + f.Path
	d.ranges[path] = attr.Expr.Range()
	v, ok, diags := d.p.scope.value(attr.Expr, d.stages)
	d.p.report(diags...)
	if !ok {
		return false
	}
	v, marks := v.UnmarkDeep()
	if v.IsNull() {
		if f.Required {
			d.p.report(hclspec.Errorf(attr.Expr.Range(), "Missing value", "%s is required in %s, and this is null. %s", f.Name, what, f.Doc))
		}
		return !f.Required
	}
	d.noteElements(attr.Expr, path)
	if f.Type.Ref {
		return d.references(v, f, config, path)
	}
	if problems := f.Assign(config, v); problems != nil {
		return d.all("Wrong type", problems, prefix)
	}
	if problems := f.CheckLimits(config); problems != nil {
		return d.all("Invalid value", problems, prefix)
	}
	if f.File {
		return d.file(f, config, path, marks)
	}
	return true
}

// noteElements notes the places of the elements of a list or object that is
// written out.
func (d *decoder) noteElements(expr hcl.Expression, path string) {
	switch e := expr.(type) {
	case *hclsyntax.TupleConsExpr:
		for i, element := range e.Exprs {
			d.ranges[fmt.Sprintf("%s[%d]", path, i)] = element.Range()
		}
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			if key, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && key.Type() == cty.String && !key.IsNull() {
				d.ranges[path+"."+key.AsString()] = item.ValueExpr.Range()
			}
		}
	}
}

// problems reports what a configuration found wrong with itself; it returns
// whether there was nothing.
func (d *decoder) problems(problems []schema.Problem, prefix string) bool {
	return d.all("Invalid value", problems, prefix)
}

func (d *decoder) all(summary string, problems []schema.Problem, prefix string) bool {
	for _, p := range problems {
		p.Field = strings.TrimSuffix(prefix+p.Field, ".")
		d.problem(summary, p)
	}
	return len(problems) == 0
}

// problem reports one mistake at the place of its field, and returns false.
func (d *decoder) problem(summary string, p schema.Problem) bool {
	d.p.report(hclspec.Errorf(d.place(p.Field), summary, "%s", p.Message))
	return false
}

// place returns where the field at a path was written; for one that was not, the
// nearest block around it.
func (d *decoder) place(path string) hcl.Range {
	for path != "" {
		if r, ok := d.ranges[path]; ok {
			return r
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return d.header
}
