package plan

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

// node is something that has a value once what it refers to has one: a variable,
// local, output or stage.
type node struct {
	scope *scope
	// name is its address as it is written in its scope: var.epochs.
	name  string
	stage bool
	// at is the place of its name, for a stage.
	at   hcl.Range
	refs []hclspec.Reference
	// refScope is where its references are, which for a variable of a module is
	// outside of it.
	refScope *scope
	run      func()
}

// evaluate gives everything its value, each after what it refers to. What is in a
// cycle is reported; it is looked at all the same, for other mistakes.
func (p *planner) evaluate() {
	p.nodes = []node{p.blockNode("pipeline", p.root.spec.Pipeline, p.decodePipeline)}
	if block := p.root.spec.Cluster; block != nil {
		p.nodes = append(p.nodes, p.blockNode("cluster", block, p.decodeCluster))
	}
	whole := len(p.nodes) // what says something of all stages
	if block := p.root.spec.Store; block != nil {
		p.nodes = append(p.nodes, p.blockNode("store", block, p.decodeStore))
	}
	p.addNodes(p.root)
	index := map[nodeKey]int{}
	for i, n := range p.nodes {
		index[nodeKey{n.scope, n.name}] = i
	}
	g := newGraph(len(p.nodes))
	for i, n := range p.nodes {
		seen := map[int]bool{}
		for j := range whole {
			if n.stage { // the number of seeds is in it
				g.add(i, j, n.at)
			}
		}
		for _, ref := range n.refs {
			to, ok := index[n.refScope.target(ref)]
			if ok && !seen[to] {
				seen[to] = true
				g.add(i, to, ref.Range)
			}
		}
	}
	p.reportCycles(g)
	order := g.order()
	for _, i := range order {
		p.nodes[i].run()
	}
	done := make([]bool, len(p.nodes))
	for _, i := range order {
		done[i] = true
	}
	// What a cycle goes through is taken for a stage without a sweep.
	for _, b := range p.blocks {
		b.unshaped = b.unshaped && b.ready
	}
	for i, n := range p.nodes {
		if !done[i] {
			n.run()
		}
	}
}

type nodeKey struct {
	scope *scope
	name  string
}

// target is the node that a reference names, if any.
func (s *scope) target(ref hclspec.Reference) nodeKey {
	switch {
	case len(ref.Parts) < 2:
		return nodeKey{}
	case ref.Parts[0] != "module":
		return nodeKey{s, ref.Parts[0] + "." + ref.Parts[1]}
	}
	child := s.children[ref.Parts[1]]
	if child == nil || len(ref.Parts) < 3 {
		return nodeKey{}
	}
	return nodeKey{child, "output." + ref.Parts[2]}
}

// blockNode is a block without a name, which may be missing.
func (p *planner) blockNode(name string, block *hclspec.Block, decode func()) node {
	n := node{scope: p.root, refScope: p.root, name: name, run: decode}
	if block != nil {
		for _, ref := range block.Body.References() {
			if ref.Parts[0] == "var" || ref.Parts[0] == "local" { // others are not allowed
				n.refs = append(n.refs, ref)
			}
		}
	}
	return n
}

func (p *planner) addNodes(s *scope) {
	for _, v := range s.spec.Variables {
		n := node{scope: s, refScope: s, name: "var." + v.Name, run: func() { s.variable(v) }}
		if s.parent != nil {
			n.refScope = s.parent
			for _, attr := range s.call.Values {
				if attr.Name == v.Name {
					n.refs = hclspec.References(attr.Expr)
				}
			}
		}
		p.nodes = append(p.nodes, n)
	}
	for _, attr := range s.spec.Locals {
		p.nodes = append(p.nodes, node{scope: s, refScope: s, name: "local." + attr.Name, refs: hclspec.References(attr.Expr),
			run: func() { s.name(attr.Expr, "local", attr.Name, s.locals) }})
	}
	for _, o := range s.spec.Outputs {
		if o.Value == nil {
			continue
		}
		p.nodes = append(p.nodes, node{scope: s, refScope: s, name: "output." + o.Name, refs: hclspec.References(o.Value.Expr),
			run: func() {
				s.checkText(o.Description)
				s.name(o.Value.Expr, "output", o.Name, s.outputs)
			}})
	}
	for _, spec := range s.spec.Stages {
		b := s.blocks[spec.Kind][spec.Name]
		refs := append(spec.Body.References(), p.setReferences(b)...)
		p.nodes = append(p.nodes, node{scope: s, refScope: s, name: spec.Address(), stage: true, at: spec.NameRange, refs: refs, run: b.plan})
	}
	for _, m := range s.spec.Modules {
		if child := s.children[m.Name]; child != nil {
			p.addNodes(child)
		}
	}
}

// name evaluates a local or output. Nothing is noted after a mistake.
func (s *scope) name(expr hcl.Expression, what, name string, values map[string]cty.Value) {
	value, ok, diags := s.inStages().value(expr)
	s.p.report(diags...)
	if !ok {
		return
	}
	if err := bounded(value); err != nil {
		s.p.report(hclspec.Errorf(expr.Range(), "Value too large", "%s.%s cannot be used: %s.", what, name, err))
		return
	}
	values[name] = value
}

// maxShown limits the steps of a cycle that are shown from its beginning, and from its
// end.
const maxShown = 10

// reportCycles reports every cycle at the reference that closes it, with the
// whole way around.
func (p *planner) reportCycles(g *graph) {
	name := func(i int) string {
		n := p.nodes[i]
		if n.scope.parent != nil { // module.probe.classifier, as it is written
			return n.scope.full(strings.TrimPrefix(n.name, "output."))
		}
		return n.name
	}
	for _, cycle := range g.cycles() {
		var b strings.Builder
		fmt.Fprintf(&b, "These %sneed each other, so none can come first:", p.kindOf(cycle))
		if len(cycle) == 1 {
			b.Reset()
			b.WriteString("This needs its own result:")
		}
		for i, st := range cycle {
			switch left := len(cycle) - 2*maxShown; {
			case left <= 0 || i < maxShown || i >= maxShown+left:
				fmt.Fprintf(&b, "\n  %s needs %s (%s:%d)", name(st.from), name(st.to), st.at.Filename, st.at.Start.Line)
			case i == maxShown:
				fmt.Fprintf(&b, "\n  and so on for %d more", left)
			}
		}
		p.report(hclspec.Errorf(cycle[len(cycle)-1].at, "Dependency cycle", "%s", b.String()))
	}
}

// kindOf names what a cycle goes through, if it is one kind of thing.
func (p *planner) kindOf(cycle []step) string {
	stages := 0
	for _, st := range cycle {
		if p.nodes[st.from].stage {
			stages++
		}
	}
	if stages == len(cycle) {
		return "stages "
	}
	return ""
}
