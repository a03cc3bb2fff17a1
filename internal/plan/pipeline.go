package plan

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

func (p *planner) decodePipeline() {
	config := &pipelineConfig{Seeds: defaultSeeds}
	spec := p.root.spec
	at := hcl.Range{Filename: spec.Paths[0], Start: hcl.InitialPos, End: hcl.InitialPos}
	body := hclspec.EmptyBody(at)
	if block := spec.Pipeline; block != nil {
		at, body = block.Range, block.Body
	}
	d := newDecoder(p, nil, at, nil)
	ok := d.body([]layer{{body: body, env: p.root.bare()}}, config, "pipeline", "", at)
	if !ok {
		config.Seeds = defaultSeeds // so many units can be planned, for what else is wrong
	}
	if ok && d.secret["seeds"] {
		p.report(hclspec.Errorf(d.ranges["seeds"], "Invalid value", "seeds can be seen in the names of units, so it cannot be made of a sensitive variable."))
	}
	if d.secret["description"] {
		config.Description = hidden
	}
	p.pipeline = Pipeline{Name: spec.Name, Description: config.Description, Seeds: config.Seeds, Path: spec.Path, Paths: spec.Paths, Sets: p.options.Sets}
}

// readEnvironmentNames reads the list of environment variables that env can read,
// which must be known before any expression is evaluated.
func (p *planner) readEnvironmentNames() {
	if p.root.spec.Pipeline == nil {
		return
	}
	content, _ := p.root.spec.Pipeline.Body.Read(hclspec.Want{Attributes: []string{"env"}})
	attr := content.Attributes["env"]
	if attr == nil {
		return
	}
	if refs := hclspec.References(attr.Expr); len(refs) > 0 {
		p.report(hclspec.Errorf(refs[0].Range, "Reference not allowed here", "env must be written out, since it is read before anything is evaluated."))
		return
	}
	v, ok, _ := p.root.bare().value(attr.Expr) // mistakes are reported when the block is decoded
	if !ok || v.IsNull() || !v.Type().IsTupleType() {
		return
	}
	for it := v.ElementIterator(); it.Next(); {
		if _, name := it.Element(); name.Type() == cty.String && !name.IsNull() {
			p.allowed = append(p.allowed, name.AsString())
		}
	}
}

// findSet returns the last --set for an attribute of a stage, or nil.
func (p *planner) findSet(address, path string) *set {
	for _, s := range slices.Backward(p.sets) {
		if s.path == path && s.matches(address) {
			return s
		}
	}
	return nil
}
