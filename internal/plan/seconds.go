package plan

import (
	"encoding/json"
	"maps"
	"slices"
)

// linear are the attributes of stages that the work of a unit is proportional to.
var linear = []string{"epochs"}

// timings are the recorded times of a plan's units: exact ones with the
// configuration of now, rough ones with an earlier one.
type timings struct {
	stages []*Stage       // in the order of the plan
	places map[spot]*mean // exact, of units that differ in their seed alone
	exact  map[*Stage]*mean
	rough  map[*Stage]*mean
	shapes map[string]*mean // of stages that are alike; nil until it is asked for
}

// spot is the place of a unit in its stage, but for the seed.
type spot struct {
	stage *Stage
	coord string
}

type mean struct {
	sum float64
	n   int
}

func (m *mean) add(seconds float64) {
	m.sum += seconds
	m.n++
}

func (m *mean) value() (float64, bool) {
	if m == nil {
		return 0, false
	}
	return m.sum / float64(m.n), true
}

// addTo adds a time to one of several means.
func addTo[K comparable](means map[K]*mean, key K, seconds float64) {
	if means[key] == nil {
		means[key] = &mean{}
	}
	means[key].add(seconds)
}

// estimate fills in how long units are likely to run, from what they or the
// nearest ones to them took before.
func (s *survey) estimate(statuses []UnitStatus) {
	t := timings{places: map[spot]*mean{}, exact: map[*Stage]*mean{}, rough: map[*Stage]*mean{}}
	for _, status := range statuses {
		u := status.Unit
		if n := len(t.stages); n == 0 || t.stages[n-1] != u.Stage {
			t.stages = append(t.stages, u.Stage)
		}
		if seconds, ok := s.exactly(u); ok {
			addTo(t.places, spotOf(u), seconds)
			addTo(t.exact, u.Stage, seconds)
		} else if seconds, ok := s.roughly(u); ok {
			addTo(t.rough, u.Stage, seconds)
		}
	}
	for i := range statuses {
		st := &statuses[i]
		if !st.Status.Runs() {
			continue
		}
		st.Seconds, st.Recorded = s.seconds(st.Unit, &t)
		if st.Status == StatusResume {
			st.Seconds = max(0, st.Seconds-s.past[st.Unit].spent)
		}
	}
}

// seconds takes the nearest record that there is.
func (s *survey) seconds(u *Unit, t *timings) (float64, bool) {
	for _, nearest := range []func() (float64, bool){
		func() (float64, bool) { return s.exactly(u) },
		t.places[spotOf(u)].value,
		func() (float64, bool) { return s.roughly(u) },
		t.exact[u.Stage].value,
		t.rough[u.Stage].value,
		func() (float64, bool) { return t.alike(u.Stage) },
	} {
		if seconds, ok := nearest(); ok {
			return seconds, true
		}
	}
	return 0, false
}

// exactly is what the unit itself took.
func (s *survey) exactly(u *Unit) (float64, bool) {
	if stored := s.lookup(u.Fingerprint); stored.Seconds > 0 {
		return stored.Seconds, true
	}
	p := s.past[u]
	return p.recorded(), p.recorded() > 0
}

func (p *past) recorded() float64 {
	if p == nil {
		return 0
	}
	return p.seconds
}

// roughly is what the unit took with another configuration, in proportion to what
// the work is linear in.
func (s *survey) roughly(u *Unit) (float64, bool) {
	p := s.past[u]
	if p == nil || p.before == nil || p.before.Seconds <= 0 {
		return 0, false
	}
	seconds := p.before.Seconds
	for _, r := range p.within.compare(u).own {
		var before, now float64
		if r.Kind == ReasonConfig && slices.Contains(linear, r.Path) &&
			json.Unmarshal(r.Old, &before) == nil && json.Unmarshal(r.New, &now) == nil && before > 0 && now > 0 {
			seconds *= now / before
		}
	}
	return seconds, true
}

func spotOf(u *Unit) spot {
	coord := u.Coord
	if _, ok := coord[seedKey]; ok {
		coord = maps.Clone(coord)
		delete(coord, seedKey)
	}
	return spot{stage: u.Stage, coord: coord.String()}
}

// alike is the mean over stages of the same kind that name the same variants and
// differ from this one in numbers.
func (t *timings) alike(stage *Stage) (float64, bool) {
	if t.shapes == nil {
		t.shapes = map[string]*mean{}
		for _, other := range t.stages {
			for _, m := range []*mean{t.exact[other], t.rough[other]} {
				if seconds, ok := m.value(); ok {
					addTo(t.shapes, shapeOf(other), seconds)
				}
			}
		}
	}
	return t.shapes[shapeOf(stage)].value()
}

// shapeOf is a stage's configuration without its numbers and switches.
func shapeOf(s *Stage) string {
	if len(s.Units) == 0 {
		return ""
	}
	var r recipe
	if json.Unmarshal(s.Units[0].Recipe, &r) != nil {
		return ""
	}
	config, err := decodeValue(r.Config)
	if err != nil {
		return ""
	}
	return s.Kind.Name + " " + string(mustMarshal(words(config)))
}

// words leaves of a value its structure and its texts.
func words(value any) any {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		var kept []any
		for _, element := range v {
			if w := words(element); w != nil {
				kept = append(kept, w)
			}
		}
		return kept
	case map[string]any:
		for key, element := range v {
			v[key] = words(element)
		}
		return v
	}
	return nil
}
