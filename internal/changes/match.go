package changes

import (
	"cmp"
	"slices"
	"strings"

	"sslpipe/internal/plan"
)

// maxTried bounds how many stages are compared to find those that have another
// name: beyond it they count as removed and added.
const maxTried = 20_000

// match returns the stage before of each stage after that has one, and notes their
// addresses in c.names: the one of the same address; one of another address that
// is the same in everything else; or one that differs in no more than a third of
// what its kind can be told, or one thing, the nearest first.
func (c *comparer) match(before, after []*plan.Stage) map[*plan.Stage]*plan.Stage {
	m := matching{comparer: c, was: make(map[*plan.Stage]*plan.Stage, len(after)), gone: map[string][]*plan.Stage{}}
	addresses := make(map[string]*plan.Stage, len(after))
	for _, s := range after {
		addresses[s.Address] = s
	}
	for _, s := range before {
		if same := addresses[s.Address]; same != nil {
			m.pair(s, same)
		} else {
			m.gone[s.Kind.Name] = append(m.gone[s.Kind.Name], s)
		}
	}
	// What a stage reads comes before it, and so has its name already.
	for _, s := range after {
		m.nearest([]*plan.Stage{s}, 0)
	}
	seen := map[string]bool{}
	for _, s := range after {
		if kind := s.Kind.Name; !seen[kind] {
			seen[kind] = true
			m.nearest(slices.DeleteFunc(slices.Clone(after), func(s *plan.Stage) bool { return s.Kind.Name != kind }), max(1, len(s.Kind.Fields())/3))
		}
	}
	return m.was
}

// matching finds the stages that have other names.
type matching struct {
	*comparer
	was   map[*plan.Stage]*plan.Stage
	gone  map[string][]*plan.Stage // by kind
	tried int
}

func (m *matching) pair(before, after *plan.Stage) {
	m.was[after] = before
	m.names[before.Address] = after.Address
}

// nearest pairs stages of one kind that have no other yet, if no more than most of
// their fields differ: those with the fewest differences first.
func (m *matching) nearest(after []*plan.Stage, most int) {
	type candidate struct {
		before, after *plan.Stage
		fields        int
	}
	var found []candidate
	for _, s := range after {
		for _, gone := range m.gone[s.Kind.Name] {
			if m.was[s] != nil || m.names[gone.Address] != "" || m.tried >= maxTried {
				continue
			}
			m.tried++
			if n := fields(m.stages(gone, s)); n <= most {
				found = append(found, candidate{gone, s, n})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.fields, b.fields) })
	for _, c := range found {
		if m.was[c.after] == nil && m.names[c.before.Address] == "" {
			m.pair(c.before, c.after)
		}
	}
}

// fields is the number of fields that changes are about.
func fields(all []Change) int {
	names := map[string]bool{}
	for _, c := range all {
		end := strings.IndexAny(c.Path, ".[")
		if end < 0 {
			end = len(c.Path)
		}
		names[c.Path[:end]] = true
	}
	return len(names)
}
