package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// references decodes an attribute that refers to outputs of stages.
func (d *decoder) references(v cty.Value, f schema.Field, config any, path string) bool {
	if !f.Type.List {
		ref, ok := d.reference(v, f, path)
		if ok {
			f.SetRefs(config, []schema.Ref{ref})
		}
		return ok
	}
	if t := v.Type(); !t.IsTupleType() && !t.IsListType() {
		return d.problem("Wrong type", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must be a list of references, and this is %s. Write it in brackets: [ ... ].", f.Name, describeRef(v))})
	}
	refs := make([]schema.Ref, 0, v.LengthInt())
	ok := true
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		ref, fine := d.reference(element, f, fmt.Sprintf("%s[%d]", path, len(refs)))
		refs = append(refs, ref)
		ok = ok && fine
	}
	if ok {
		f.SetRefs(config, refs)
	}
	return ok
}

// reference decodes one reference and checks the type of its artifact. The input
// is noted even if the type is wrong, so that cycles are found.
func (d *decoder) reference(v cty.Value, f schema.Field, path string) (schema.Ref, bool) {
	refs := refsOf(v)
	switch {
	case len(refs) == 0:
		return schema.Ref{}, d.problem("Wrong type", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must refer to %s, and this is %s.%s%s", f.Name, wanted(f.Refs), describeRef(v), d.unquoted(v), d.candidates(f.Refs))})
	case len(refs) > 1:
		return schema.Ref{}, d.problem("Ambiguous reference", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s.%s has several outputs; say which: %s.", refs[0].Kind, refs[0].Name, d.outputs(refs[0], f.Refs))})
	}
	ref := refs[0]
	attribute, _, _ := strings.Cut(path, "[")
	if !f.Type.List {
		attribute = path
	}
	d.inputs = append(d.inputs, input{path: attribute, ref: ref, at: d.place(path)})
	kind, _ := d.p.scope.kind(ref.Kind)
	output, _ := kind.Output(ref.Output)
	if len(f.Refs) > 0 && !slices.Contains(f.Refs, string(output.Type)) {
		return ref, d.problem("Wrong type of artifact", schema.Problem{Field: path,
			Message: fmt.Sprintf("%s must refer to %s, and %s is %s.%s", f.Name, wanted(f.Refs), ref, wanted([]string{string(output.Type)}), d.candidates(f.Refs))})
	}
	return ref, true
}

// candidates lists what could have been referred to, with a leading space.
func (d *decoder) candidates(types []string) string {
	var names []string
	for _, stage := range d.p.spec.Stages {
		kind, _ := d.p.scope.kind(stage.Kind)
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
func (d *decoder) unquoted(v cty.Value) string {
	if v.Type() != cty.String || v.IsNull() {
		return ""
	}
	kind, rest, _ := strings.Cut(v.AsString(), ".")
	name, _, _ := strings.Cut(rest, ".")
	if _, ok := d.p.scope.stages[kind][name]; !ok {
		return ""
	}
	return fmt.Sprintf(" Write %s without quotes.", v.AsString())
}

// outputs lists the outputs of a stage: those of the wanted types if there are any.
func (d *decoder) outputs(ref schema.Ref, types []string) string {
	kind, _ := d.p.scope.kind(ref.Kind)
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
