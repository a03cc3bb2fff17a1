package plan

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
)

// reportUnused warns of what nothing refers to: variables, locals, outputs of
// modules, and stages of whose kind another stage of the pipeline reads some.
func (p *planner) reportUnused() {
	used := map[nodeKey]bool{}
	read := map[string]bool{} // kinds that others read
	for _, n := range p.nodes {
		for _, ref := range n.refs {
			key := n.refScope.target(ref)
			used[key] = true
			kind, name, _ := strings.Cut(key.name, ".")
			if key.scope != nil && key.scope.blocks[kind][name] != nil && !strings.HasPrefix(n.name, kind+".") {
				read[kind] = true // not by base
			}
		}
	}
	p.unusedNames(p.root, used)
	p.unusedOutputs(used)
	p.unusedStages(used, read)
}

func (p *planner) unusedNames(s *scope, used map[nodeKey]bool) {
	for _, v := range s.spec.Variables {
		if !used[nodeKey{s, "var." + v.Name}] {
			p.report(hclspec.Warningf(v.NameRange, "Unused variable", "Nothing refers to var.%s.", v.Name))
		}
	}
	for _, attr := range s.spec.Locals {
		if !used[nodeKey{s, "local." + attr.Name}] {
			p.report(hclspec.Warningf(attr.NameRange, "Unused local", "Nothing refers to local.%s.", attr.Name))
		}
	}
	for _, m := range s.spec.Modules {
		if child := s.children[m.Name]; child != nil {
			p.unusedNames(child, used)
		}
	}
}

// unusedOutputs warns of outputs of modules that no use of the module uses.
func (p *planner) unusedOutputs(used map[nodeKey]bool) {
	children := childrenOf(p.root)
	inUse := map[hcl.Range]bool{}
	for _, child := range children {
		for _, o := range child.spec.Outputs {
			inUse[o.NameRange] = inUse[o.NameRange] || used[nodeKey{child, "output." + o.Name}]
		}
	}
	for _, child := range children {
		for _, o := range child.spec.Outputs {
			if !inUse[o.NameRange] {
				inUse[o.NameRange] = true
				p.report(hclspec.Warningf(o.NameRange, "Unused output", "Nothing refers to %s.%s.", child.address, o.Name))
			}
		}
	}
}

// childrenOf are all modules below a scope, in the order of the files.
func childrenOf(s *scope) []*scope {
	var all []*scope
	for _, m := range s.spec.Modules {
		if child := s.children[m.Name]; child != nil {
			all = append(append(all, child), childrenOf(child)...)
		}
	}
	return all
}

// unusedStages warns of stages that look forgotten: nothing reads them, but stages
// of other kinds read others of their kind. What stands alone in its kind, or at the
// end of a pipeline, is meant.
func (p *planner) unusedStages(used map[nodeKey]bool, read map[string]bool) {
	for _, s := range p.stages {
		b := s.block
		key := nodeKey{b.scope, b.spec.Address()}
		if used[key] || !read[b.kind.Name] {
			continue
		}
		p.report(hclspec.Warningf(b.spec.NameRange, "Unused stage", "Nothing refers to %s, though other %s stages are read.", b.address, b.kind.Name))
	}
}
