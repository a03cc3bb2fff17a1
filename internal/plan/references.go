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

// references decodes an attribute that refers to outputs of stages.
func (d *decoder) references(v cty.Value, f schema.Field, config any, path string) bool {
	if !f.Type.List {
		refs, ok := d.referenced(v, f, path)
		if ok {
			f.SetRefs(config, refs)
		}
		return ok
	}
	if t := v.Type(); !t.IsTupleType() && !t.IsListType() {
		return d.problem("Wrong type", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must be a list of references, and this is %s. Write it in brackets: [ ... ].", f.Name, describeRef(v))})
	}
	refs := make([]schema.Ref, 0, v.LengthInt())
	var places []hcl.Range
	ok := true
	for it := v.ElementIterator(); it.Next(); {
		at, element := it.Element()
		n, _ := at.AsBigFloat().Int64()
		written := fmt.Sprintf("%s[%d]", path, n)
		found, fine := d.referenced(element, f, written)
		for range found {
			places = append(places, d.place(written))
		}
		refs = append(refs, found...)
		ok = ok && fine
	}
	if ok {
		f.SetRefs(config, refs)
		for i, at := range places { // one element can be several stages
			d.ranges[fmt.Sprintf("%s[%d]", path, i)] = at
		}
	}
	return ok
}

// referenced decodes one element of an attribute: a reference, or all stages of a
// sweep that agree with this one in what both are swept over.
func (d *decoder) referenced(v cty.Value, f schema.Field, path string) ([]schema.Ref, bool) {
	ref, ok := d.reference(v, f, path)
	if !ok {
		return []schema.Ref{ref}, false
	}
	refs := d.instances(ref)
	switch {
	case d.stage.block.vague:
		return []schema.Ref{ref}, true
	case len(refs) == 0:
		return nil, d.problem("No matching stage", schema.Problem{Field: path, Message: fmt.Sprintf("No stage of %s is swept over the same values as this one.", ref.Stage)})
	case len(refs) > 1 && !f.Type.List:
		return nil, d.problem("Ambiguous reference", schema.Problem{Field: path, Message: fmt.Sprintf(
			"%s is %d stages, and %s takes one. Say which: %s[\"%s\"].", ref.Stage, len(refs), f.Name, ref.Stage, d.p.blocks[ref.Stage].sweep.keys()[0])})
	}
	attribute, _, _ := strings.Cut(path, "[")
	if !f.Type.List {
		attribute = path
	}
	for _, ref := range refs {
		d.inputs = append(d.inputs, input{path: attribute, ref: ref, at: d.place(path)})
	}
	return refs, true
}

// instances are the stages that a reference names.
func (d *decoder) instances(ref schema.Ref) []schema.Ref {
	b := d.p.blocks[ref.Stage]
	if b == nil || b.sweep == nil {
		return []schema.Ref{ref}
	}
	var mine *sweep
	var c cell
	if d.stage.cell != nil {
		mine, c = d.stage.block.sweep, *d.stage.cell
	}
	var refs []schema.Ref
	for _, n := range b.sweep.matching(mine, c) {
		refs = append(refs, schema.Ref{Stage: ref.Stage + "[" + b.sweep.cells[n].key() + "]", Output: ref.Output})
	}
	return refs
}

// reference decodes one reference and checks the type of its artifact.
func (d *decoder) reference(v cty.Value, f schema.Field, path string) (schema.Ref, bool) {
	refs := d.fitting(refsOf(v), f)
	switch {
	case len(refs) == 0:
		return schema.Ref{}, d.problem("Wrong type", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must refer to %s, and this is %s.%s%s", f.Name, wanted(f.Refs), describeRef(v), d.unquoted(v, d.place(path)), d.candidates(f.Refs))})
	case len(refs) > 1:
		return schema.Ref{}, d.problem("Ambiguous reference", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s has several outputs; say which: %s.", refs[0].Stage, d.outputs(refs[0], f.Refs))})
	}
	ref := refs[0]
	output := d.p.output(ref)
	if len(f.Refs) > 0 && !slices.Contains(f.Refs, string(output.Type)) {
		return ref, d.problem("Wrong type of artifact", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must refer to %s, and %s is %s.%s", f.Name, wanted(f.Refs), ref, wanted([]string{string(output.Type)}), d.candidates(f.Refs))})
	}
	return ref, true
}

// fitting reduces the outputs of a whole stage to the one that a field takes, if
// there is one; otherwise it returns them all.
func (d *decoder) fitting(refs []schema.Ref, f schema.Field) []schema.Ref {
	if len(refs) < 2 {
		return refs
	}
	var fit []schema.Ref
	for _, ref := range refs {
		if output := d.p.output(ref); slices.Contains(f.Refs, string(output.Type)) {
			fit = append(fit, ref)
		}
	}
	if len(fit) == 1 {
		return fit
	}
	return refs
}

// candidates lists what could have been referred to, with a leading space.
func (d *decoder) candidates(types []string) string {
	var names []string
	for _, stage := range d.stage.block.scope.spec.Stages {
		kind, _ := d.p.kind(stage.Kind)
		for _, o := range kind.Outputs {
			if len(types) == 0 || slices.Contains(types, string(o.Type)) {
				names = append(names, stage.Address()+"."+o.Name)
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return listed("ones in this file", names)
}

// wanted names types of artifact with an article: "an encoder or a classifier".
func wanted(types []string) string {
	if len(types) == 0 {
		return "an output of a stage"
	}
	names := make([]string, len(types))
	for i, t := range types {
		switch {
		case strings.HasSuffix(t, "s"): // views, metrics
			names[i] = t
		case strings.ContainsAny(t[:1], "aeiou"):
			names[i] = "an " + t
		default:
			names[i] = "a " + t
		}
	}
	return strings.Join(names, " or ")
}

func describeRef(v cty.Value) string {
	if refs := refsOf(v); len(refs) > 0 {
		return "a single one"
	}
	return schema.Describe(v)
}

// unquoted helps with a reference that was written as text.
func (d *decoder) unquoted(v cty.Value, at hcl.Range) string {
	if v.Type() != cty.String || v.IsNull() {
		return ""
	}
	kind, rest, _ := strings.Cut(v.AsString(), ".")
	name, _, _ := strings.Cut(rest, ".")
	if _, ok := d.stage.block.scope.blocks[kind][name]; !ok {
		return ""
	}
	if hclspec.IsJSON(at.Filename) {
		return fmt.Sprintf(" Write \"${%s}\".", v.AsString())
	}
	return fmt.Sprintf(" Write %s without quotes.", v.AsString())
}

// outputs lists the outputs of a stage: those of the wanted types if there are any.
func (d *decoder) outputs(ref schema.Ref, types []string) string {
	kind, _ := d.p.kind(ref.Kind())
	var all, fitting []string
	for _, o := range kind.Outputs {
		ref.Output = o.Name
		all = append(all, ref.String())
		if slices.Contains(types, string(o.Type)) {
			fitting = append(fitting, ref.String())
		}
	}
	if len(fitting) > 0 {
		all = fitting
	}
	return strings.Join(all, ", ")
}
