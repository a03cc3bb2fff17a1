package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

const (
	maxUnits = 100_000
	maxEdges = 1_000_000
)

// seedKey is the coordinate that counts repetitions. A stage with fewer seeds
// than the ones below it is reused in turn.
const seedKey = "seed"

// expand makes the units of a stage.
func (p *planner) expand(s *stage) bool {
	var coords []Coord
	if s.out.Kind.Expand != nil {
		coords = s.out.Kind.Expand(s.out.Config, p.pipeline)
	}
	if len(coords) == 0 {
		coords = []Coord{nil}
	}
	s.keys = sortedKeys(coords[0])
	if p.units += len(coords); p.tooMany(s.header) {
		return false
	}
	threads := threadsOf(s.out.Config)
	var memory int64
	if s.out.Kind.Memory != nil {
		memory = s.out.Kind.Memory(s.out.Config, s.known)
	}
	seen := make(map[string]bool, len(coords))
	for _, c := range coords {
		if !slices.Equal(sortedKeys(c), s.keys) {
			panic(fmt.Sprintf("plan: kind %s made units with different coordinates: %v and %v", s.out.Kind.Name, coords[0], c))
		}
		u := &Unit{Address: s.out.Address, Stage: s.out, Coord: c, Config: s.out.Config, Threads: threads, Workers: s.workers, Memory: memory}
		u.Address = unitAddress(s.out.Address, c)
		if seen[u.Address] {
			p.report(hclspec.Errorf(s.header, "Duplicate unit", "This stage asks for %s twice.", u.Address))
			return false
		}
		seen[u.Address] = true
		s.out.Units = append(s.out.Units, u)
	}
	return true
}

// unitAddress adds coordinates to the address of a stage; those of a sweep and of
// units are in the same brackets.
func unitAddress(stage string, c Coord) string {
	if len(c) == 0 {
		return stage
	}
	if head, ok := strings.CutSuffix(stage, "]"); ok {
		return head + "," + c.String() + "]"
	}
	return stage + "[" + c.String() + "]"
}

// threadsOf returns the attribute "threads" of a configuration, otherwise 1.
func threadsOf(config any) int {
	for _, f := range schema.Fields(config) {
		if n, ok := f.Get(config).(int); ok && f.Name == "threads" {
			return max(1, n)
		}
	}
	return 1
}

// wire connects the units of a stage to those of its inputs.
func (p *planner) wire(s *stage) bool {
	matchers := make([]*matcher, len(s.inputs))
	for i, in := range s.inputs {
		matchers[i] = newMatcher(p.upstream(in), s.keys)
	}
	for _, u := range s.out.Units {
		u.Inputs, u.InputOutputs = map[string][]*Unit{}, map[string][]string{}
		for i, in := range s.inputs {
			found := matchers[i].find(u.Coord)
			if len(found) == 0 {
				p.report(hclspec.Errorf(in.at, "No matching unit", "%s needs a unit of %s with the same %s, and there is none. It has: %s.",
					u.Address, in.ref, strings.Join(matchers[i].shared, " and "), matchers[i].coordinates()))
				return false
			}
			if p.edges += len(found); p.tooMany(s.header) {
				return false
			}
			u.Inputs[in.path] = joinUnits(u.Inputs[in.path], found)
			u.InputOutputs[in.path] = append(u.InputOutputs[in.path], slices.Repeat([]string{in.ref.Output}, len(found))...)
		}
	}
	return true
}

// joinUnits shares the slice of a single reference between units.
func joinUnits(before, more []*Unit) []*Unit {
	if before == nil {
		return slices.Clip(more)
	}
	return append(before, more...)
}

// matcher finds the upstream units that a unit's coordinates select: those that
// agree in the coordinates that both have.
type matcher struct {
	shared []string
	groups map[string][]*Unit
	units  []*Unit
	seeds  []int // of the upstream units, in order
}

func newMatcher(up *stage, keys []string) *matcher {
	m := &matcher{groups: map[string][]*Unit{}, units: up.out.Units}
	for _, key := range up.keys {
		if slices.Contains(keys, key) {
			m.shared = append(m.shared, key)
		}
	}
	for _, u := range m.units {
		at := m.project(u.Coord)
		m.groups[at] = append(m.groups[at], u)
		m.seeds = append(m.seeds, u.Coord[seedKey])
	}
	slices.Sort(m.seeds)
	m.seeds = slices.Compact(m.seeds)
	return m
}

func (m *matcher) find(c Coord) []*Unit {
	if slices.Contains(m.shared, seedKey) {
		c = cloneWith(c, seedKey, m.seeds[modulo(c[seedKey], len(m.seeds))])
	}
	return m.groups[m.project(c)]
}

// project returns the shared coordinates of c, as text.
func (m *matcher) project(c Coord) string {
	if len(m.shared) == 0 {
		return ""
	}
	part := make(Coord, len(m.shared))
	for _, key := range m.shared {
		part[key] = c[key]
	}
	return part.String()
}

// coordinates lists the shared coordinates of the upstream units.
func (m *matcher) coordinates() string {
	const most = 10
	at := sortedKeys(m.groups)
	if len(at) > most {
		at = append(at[:most], "...")
	}
	return strings.Join(at, "; ")
}

func cloneWith(c Coord, key string, value int) Coord {
	out := maps.Clone(c)
	out[key] = value
	return out
}

func modulo(x, n int) int { return ((x % n) + n) % n }
