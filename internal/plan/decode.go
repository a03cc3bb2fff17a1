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
	// stage is nil for the pipeline block.
	stage *stage
	// header is the place of the block's header.
	header hcl.Range
	// ranges are the places of attributes, elements and blocks, by path.
	ranges map[string]hcl.Range
	// sources are the expressions of attributes, by path.
	sources map[string]source
	// bases are the addresses of the bases that blocks come from, by path.
	bases map[string]string
	// secret are the paths of attributes that hold sensitive values.
	secret map[string]bool
	sets   []*set
	inputs []input
}

// source is where the value of an attribute was written.
type source struct {
	expr hcl.Expression
	env  env
	// from is the address of the base that it comes from, or --set; "" for the
	// block itself.
	from string
}

// input is a reference of a stage, with the path of its field.
type input struct {
	path string
	ref  schema.Ref
	at   hcl.Range
}

func newDecoder(p *planner, families map[string]schema.Family, header hcl.Range, s *stage) *decoder {
	d := &decoder{p: p, families: families, stage: s, header: header,
		ranges: map[string]hcl.Range{}, sources: map[string]source{}, secret: map[string]bool{}, bases: map[string]string{}}
	address := pipelineAddress
	if s != nil {
		address = s.out.Address
	}
	d.sets = p.setsOf(address)
	return d
}

// body fills config from the layers of a body and validates it. What names the body
// in messages, prefix is the path to it, at the place of its header. It returns
// false if something is wrong, which has then been reported.
func (d *decoder) body(layers []layer, config any, what, prefix string, at hcl.Range) bool {
	fields := schema.Fields(config)
	content, ok := d.read(layers, d.want(fields, what, prefix == ""))
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

// find returns the expression of an attribute, from --set or the nearest layer.
func (d *decoder) find(content content, f schema.Field, path string) (source, bool, bool) {
	attr, there := content.attributes[f.Name]
	expr, diags := d.setFor(f, path)
	if diags.HasErrors() {
		d.p.report(diags...)
		return source{}, true, false
	}
	if expr != nil {
		src := source{expr: expr, from: "--set", env: d.p.root.inStages()}
		if len(content.layers) > 0 {
			src.env = content.layers[0].env
		}
		return src, true, true
	}
	if !there {
		return source{}, false, true
	}
	return source{expr: attr.Expr, env: attr.env, from: attr.from}, true, true
}

// attribute decodes one attribute; an absent or null one keeps its default.
func (d *decoder) attribute(content content, f schema.Field, config any, what, prefix string, at hcl.Range) bool {
	path := prefix + f.Path
	src, there, fine := d.find(content, f, path)
	if !fine {
		return false
	}
	if !there {
		if !f.Required {
			return true
		}
		if !content.meant[f.Name] && !d.lost() {
			d.p.report(hclspec.Errorf(at, "Missing attribute", "%s needs the attribute %s, a %s. %s", what, f.Name, f.Type, f.Doc))
		}
		return false
	}
	if f.Type.Ref {
		src.env = src.env.forReferences(src.expr)
	}
	v, marks, ok := d.evaluate(src, path)
	if !ok {
		return false
	}
	if v.IsNull() {
		if f.Required {
			d.p.report(hclspec.Errorf(src.expr.Range(), "Missing value", "%s is required in %s, and this is null. %s", f.Name, what, f.Doc))
		}
		return !f.Required
	}
	if d.secret[path] && f.Ignored && (f.Type.Scalar == schema.Int || f.Type.Scalar == schema.Float) {
		d.p.report(hclspec.Errorf(src.expr.Range(), "Invalid value", "%s can become part of the names of units, so it cannot be made of a sensitive variable.", f.Name))
		return false
	}
	d.noteElements(src.expr, path)
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

// lost tells whether something that is missing may be in a base with a mistake.
func (d *decoder) lost() bool { return d.stage != nil && d.stage.block.lost }

// evaluate returns the value of an attribute without its marks.
func (d *decoder) evaluate(src source, path string) (cty.Value, cty.ValueMarks, bool) {
	d.ranges[path] = src.expr.Range()
	d.sources[path] = src
	v, ok, diags := src.env.value(src.expr)
	d.p.report(diags...)
	if !ok {
		return cty.NilVal, nil, false
	}
	v, marks := v.UnmarkDeep()
	if _, secret := marks[sensitive{}]; secret {
		d.secret[path] = true
		d.p.hideMade(v)
	} else if holdsLogin(v) {
		d.p.mask(src.expr.Range())
		d.p.report(hclspec.Errorf(src.expr.Range(), "Password in an address",
			"A user or password in an address would be kept with results and shown in reports. "+
				"Declare a variable with sensitive = true, and make the address of it: \"https://${var.login}@host/file\"."))
		return cty.NilVal, nil, false
	}
	return v, marks, true
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

// problem reports one mistake at the place of its field, with the expression that
// its value comes from, and returns false.
func (d *decoder) problem(summary string, p schema.Problem) bool {
	diag := hclspec.Errorf(d.place(p.Field), summary, "%s", p.Message)
	if src, ok := d.sourceOf(p.Field); ok {
		if d.isSecret(p.Field) {
			diag.Detail = "This value is not allowed here. It is not shown, since it comes from a sensitive variable."
		}
		diag.Expression, diag.EvalContext = src.expr, src.env.context(hclspec.References(src.expr))
	}
	d.p.report(diag)
	return false
}

// isSecret tells whether the field at a path, or what it is part of, holds a
// sensitive value.
func (d *decoder) isSecret(path string) bool {
	for ; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		if d.secret[path] {
			return true
		}
	}
	return false
}

// sourceOf is the source of the attribute at a path, or of the one that it is an
// element of.
func (d *decoder) sourceOf(path string) (source, bool) {
	if src, ok := d.sources[path]; ok {
		return src, true
	}
	whole, _, isElement := strings.Cut(path, "[")
	src, ok := d.sources[whole]
	return src, ok && isElement
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
