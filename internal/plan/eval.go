package plan

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// Evaluated is what an expression or an address stands for.
type Evaluated struct {
	// Stages are those that an address names; Attribute is the part of it behind
	// the address, if it names one attribute of a single stage.
	Stages    []*Stage
	Attribute *Origin
	// Output is the output that an address names, of all Stages.
	Output *Output
	// Value is what an expression comes to, without what is sensitive.
	Value cty.Value
}

// Eval evaluates an expression as if it stood in the pipeline's locals. An address
// of a stage, alone or with an attribute or output behind it, stands for that.
func (p *Plan) Eval(text string) (Evaluated, hcl.Diagnostics) {
	at := p.root.p.pseudo(evalFile, text, 0)
	expr, diags := hclspec.ParseExpression(text, at)
	if diags.HasErrors() {
		return Evaluated{}, sortDiagnostics(diags)
	}
	if e, ok := p.address(text); ok {
		return e, nil
	}
	p.root.p.work = work{} // for each anew
	v, ok, diags := p.root.inStages().value(expr)
	if !ok {
		return Evaluated{}, sortDiagnostics(diags)
	}
	return Evaluated{Value: reveal(v)}, nil
}

// evalFile is the name of the source of an evaluated expression.
const evalFile = "expression"

// reveal removes marks, and what they say must not be seen.
func reveal(v cty.Value) cty.Value {
	out, err := cty.Transform(v, func(_ cty.Path, e cty.Value) (cty.Value, error) {
		plain, marks := e.Unmark()
		if _, secret := marks[sensitive{}]; secret {
			return cty.StringVal(hidden), nil
		}
		return plain, nil
	})
	if err != nil { // a list of which one element cannot be shown
		return cty.StringVal(hidden)
	}
	return out
}

// address finds what an address names; ok is false if text is not one.
func (p *Plan) address(text string) (e Evaluated, ok bool) {
	text = strings.ReplaceAll(strings.TrimSpace(text), `"`, "")
	parts := splitDots(text)
	for n := len(parts); n >= 2; n-- {
		head, rest := strings.Join(parts[:n], "."), strings.Join(parts[n:], ".")
		stages := p.Family(head)
		if len(stages) == 0 {
			continue
		}
		e = Evaluated{Stages: stages}
		if rest == "" {
			return e, true
		}
		if output, ok := stages[0].Kind.Output(rest); ok {
			e.Output = &output
			return e, true
		}
		if o, ok := stages[0].Origin(rest); ok && len(stages) == 1 {
			e.Attribute = &o
			return e, true
		}
		return Evaluated{}, false
	}
	return Evaluated{}, false
}

// Family returns the stages at an address: one, or without its brackets all stages of
// a sweep.
func (p *Plan) Family(address string) []*Stage {
	if s, ok := p.Stage(address); ok {
		return []*Stage{s}
	}
	var all []*Stage
	for _, s := range p.Stages {
		if strings.HasPrefix(s.Address, address+"[") {
			all = append(all, s)
		}
	}
	return all
}

// JSON writes a value as JSON; references are their addresses.
func (e Evaluated) JSON() ([]byte, error) {
	switch {
	case e.Attribute != nil:
		return json.Marshal(e.Attribute.Plain())
	case e.Output != nil:
		return json.Marshal(map[string]any{"output": e.Output.Name, "type": e.Output.Type, "stages": addresses(e.Stages)})
	case len(e.Stages) > 0:
		all := map[string]any{}
		for _, s := range e.Stages {
			attributes := map[string]any{}
			for _, o := range s.Origins() {
				attributes[o.Path] = o.Plain()
			}
			all[s.Address] = attributes
		}
		return json.Marshal(all)
	}
	v, err := cty.Transform(e.Value, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.Type().Equals(artifactType) {
			return cty.StringVal(Literal(v)), nil
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	return ctyjson.Marshal(v, v.Type())
}

func addresses(stages []*Stage) []string {
	all := make([]string, len(stages))
	for i, s := range stages {
		all[i] = s.Address
	}
	return all
}

// Plain is the value with references as their addresses, "(sensitive)" for one that
// must not be seen.
func (o Origin) Plain() any {
	switch v := o.Value.(type) {
	case schema.Ref:
		return v.String()
	case []schema.Ref:
		texts := make([]string, len(v))
		for i, ref := range v {
			texts[i] = ref.String()
		}
		return texts
	}
	if o.Sensitive {
		return hidden
	}
	return o.Value
}

// String describes the origin in a few words: default, x.hcl:3, base pretrain.rotation
// (x.hcl:3), --set.
func (o Origin) String() string {
	place := fmt.Sprintf("%s:%d", filepath.Base(o.Range.Filename), o.Range.Start.Line)
	switch o.From {
	case "base":
		return fmt.Sprintf("%s, by base %s", place, o.Base)
	case "set":
		return "--set"
	case fromDefault:
		return fromDefault
	}
	return place
}
