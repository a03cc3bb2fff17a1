package plan

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

func (p *planner) decodePipeline() {
	config := &pipelineConfig{Seeds: defaultSeeds}
	spec := p.root.spec
	if block := spec.Pipeline; block != nil {
		d := newDecoder(p, nil, block.Range, nil)
		d.body([]layer{{body: block.Body, env: p.root.bare()}}, config, "pipeline", "", block.Range)
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
