package plan

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// link checks a stage against what is known of its inputs and makes its units. All
// that it reads has been linked before, unless it is in a cycle. A stage below a
// mistake is left alone.
func (p *planner) link(s *stage) {
	for _, in := range s.inputs {
		up := p.byAddress[in.ref.Stage]
		if up == nil || up == s {
			s.sound = false
			return
		}
		s.sound = s.sound && up.sound
		if !slices.Contains(s.out.Upstream, up.out) {
			s.out.Upstream = append(s.out.Upstream, up.out)
		}
	}
	s.sound = s.sound && p.check(s) && p.expand(s) && p.wire(s)
}

// upstream is the stage that an input names.
func (p *planner) upstream(in input) *stage { return p.byAddress[in.ref.Stage] }

// check asks the kind, with the facts of everything upstream.
func (p *planner) check(s *stage) bool {
	s.known = Inputs{facts: map[string][]Facts{}}
	for _, in := range s.inputs {
		s.known.facts[in.path] = append(s.known.facts[in.path], p.upstream(in).facts[in.ref.Output])
	}
	var problems []schema.Problem
	if s.out.Kind.Check != nil {
		s.facts, problems = s.out.Kind.Check(s.out.Config, s.known)
	}
	return s.problems(append(problems, s.spread()...), "")
}

// spread finds how many workers train the stage's units together, and what keeps them
// from it.
func (s *stage) spread() []schema.Problem {
	workers := s.p.options.Workers
	if workers < 2 || s.out.Kind.Parallel == nil {
		return nil
	}
	parallel, problems := s.out.Kind.Parallel(s.out.Config, workers)
	if parallel {
		s.workers = workers
	}
	return problems
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
