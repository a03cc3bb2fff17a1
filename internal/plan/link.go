package plan

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
)

// link orders the stages and, upstream first, checks each against what is known
// of its inputs and makes its units. A stage below a mistake is left alone.
func (p *planner) link() {
	index := map[string]int{}
	for i, s := range p.stages {
		index[s.out.Address] = i
	}
	g := newGraph(len(p.stages))
	for i, s := range p.stages {
		seen := map[int]bool{}
		for _, in := range s.inputs {
			up := index[in.ref.Kind+"."+in.ref.Name]
			if !seen[up] {
				seen[up] = true
				g.add(i, up, in.at)
			}
		}
	}
	p.reportCycles(g, "stages", func(i int) string { return p.stages[i].out.Address })
	p.order = g.order()
	byAddress := func(in input) *stage { return p.stages[index[in.ref.Kind+"."+in.ref.Name]] }
	for _, i := range p.order {
		s := p.stages[i]
		for _, e := range g.needs[i] {
			s.sound = s.sound && p.stages[e.to].sound
			s.out.Upstream = append(s.out.Upstream, p.stages[e.to].out)
		}
		s.sound = s.sound && s.check(byAddress) && p.expand(s) && p.wire(s, byAddress)
	}
}

// check asks the kind, with the facts of everything upstream.
func (s *stage) check(upstream func(input) *stage) bool {
	if s.out.Kind.Check == nil {
		return true
	}
	in := Inputs{facts: map[string][]Facts{}}
	for _, input := range s.inputs {
		in.facts[input.path] = append(in.facts[input.path], upstream(input).facts[input.ref.Output])
	}
	facts, problems := s.out.Kind.Check(s.out.Config, in)
	s.facts = facts
	return s.problems(problems, "")
}

// reportCycles reports every cycle at the reference that closes it, with the
// whole way around.
func (p *planner) reportCycles(g *graph, what string, name func(int) string) {
	for _, cycle := range g.cycles() {
		var b strings.Builder
		fmt.Fprintf(&b, "These %s need each other, so none can come first:", what)
		if len(cycle) == 1 {
			b.Reset()
			b.WriteString("This needs its own result:")
		}
		for _, st := range cycle {
			fmt.Fprintf(&b, "\n  %s needs %s (%s:%d)", name(st.from), name(st.to), st.at.Filename, st.at.Start.Line)
		}
		p.report(hclspec.Errorf(cycle[len(cycle)-1].at, "Dependency cycle", "%s", b.String()))
	}
}

// tooMany reports a plan that outgrows what can be planned or read.
func (p *planner) tooMany(at hcl.Range) bool {
	switch {
	case p.units > maxUnits:
		p.report(hclspec.Errorf(at, "Too many units", "With this stage the pipeline has more than %d units of work.", maxUnits))
	case p.edges > maxEdges:
		p.report(hclspec.Errorf(at, "Too many units", "With this stage the units of the pipeline have more than %d inputs.", maxEdges))
	default:
		return false
	}
	return true
}
