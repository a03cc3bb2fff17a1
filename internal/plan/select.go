package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/glob"
	"sslpipe/internal/schema"
)

// Selection names a part of a plan by patterns on addresses, in which * and ? are
// special (see package glob). A pattern without [ stands for stages with all
// their units: pretrain.*, finetune.ssl. One with [ stands for units by their
// whole address: *[*seed=0*]. Patterns of one list add up.
type Selection struct {
	Only    []string // these; empty is all
	From    []string // and of them, these and everything that needs them
	Until   []string // and of them, these and everything that they need
	Exclude []string // and of them, not these
	Force   []string // run these though they are stored
}

// Empty tells whether nothing is named.
func (s Selection) Empty() bool {
	return len(s.Only)+len(s.From)+len(s.Until)+len(s.Exclude)+len(s.Force) == 0
}

// Chosen is the part of a plan that a [Selection] selects. A nil Chosen is all of
// it, with nothing forced.
type Chosen struct {
	runs, forced map[*Unit]bool
}

// Runs tells whether a unit may run. One that may not is used where it is stored.
func (c *Chosen) Runs(u *Unit) bool { return c == nil || c.runs[u] }

// Forced tells whether a unit runs though it is stored.
func (c *Chosen) Forced(u *Unit) bool { return c != nil && c.forced[u] }

// Select returns the part of the plan that s names; nil if s is empty. Each
// pattern that fits nothing, and a selection of nothing, is an error, whose text
// calls the lists by their flags, as --only.
func (p *Plan) Select(s Selection) (*Chosen, error) {
	only, from, until, exclude, force := p.find("--only", s.Only), p.find("--from", s.From),
		p.find("--until", s.Until), p.find("--exclude", s.Exclude), p.find("--force", s.Force)
	if err := errors.Join(only.err, from.err, until.err, exclude.err, force.err); err != nil {
		return nil, err
	}
	if s.Empty() {
		return nil, nil
	}
	p.addDownstream(from.units)
	p.addUpstream(until.units)
	c := &Chosen{runs: map[*Unit]bool{}, forced: map[*Unit]bool{}}
	for _, u := range p.Units {
		if only.has(u) && from.has(u) && until.has(u) && !exclude.units[u] {
			c.runs[u] = true
			c.forced[u] = force.units[u]
		}
	}
	if len(c.runs) == 0 {
		return nil, errors.New("nothing is selected: no unit is in all of what --only, --from and --until name, less --exclude")
	}
	for i, pattern := range s.Force {
		if !overlap(force.each[i], c.runs) {
			return nil, fmt.Errorf("--force %q is not among what the other flags select", pattern)
		}
	}
	return c, nil
}

// found is what the patterns of one flag stand for.
type found struct {
	units map[*Unit]bool   // nil where the flag is not given
	each  []map[*Unit]bool // by pattern
	err   error
}

// has tells whether a flag that narrows a selection keeps a unit.
func (f found) has(u *Unit) bool { return f.units == nil || f.units[u] }

func (p *Plan) find(flag string, patterns []string) found {
	var f found
	for _, pattern := range patterns {
		units := map[*Unit]bool{}
		for _, u := range p.Units {
			if u.fits(pattern) {
				units[u] = true
			}
		}
		if len(units) == 0 {
			f.err = errors.Join(f.err, fmt.Errorf("%s %q stands for no stage or unit.%s", flag, pattern, p.nearest(pattern)))
		}
		f.each = append(f.each, units)
		if f.units == nil {
			f.units = map[*Unit]bool{}
		}
		for u := range units {
			f.units[u] = true
		}
	}
	return f
}

// fits tells whether a pattern stands for a unit.
func (u *Unit) fits(pattern string) bool {
	if !strings.Contains(pattern, "[") {
		return glob.Match(pattern, family(u.Stage))
	}
	return glob.Match(pattern, u.Address) || glob.Match(pattern, u.Stage.Address)
}

// family is a stage's address without its place in a sweep.
func family(s *Stage) string {
	name, _, _ := strings.Cut(s.Address, "[")
	return name
}

// nearest is a hint at what a pattern that fits nothing may have meant.
func (p *Plan) nearest(pattern string) string {
	var stages, units []string
	seen := map[string]bool{}
	for _, s := range p.Stages {
		if name := family(s); !seen[name] {
			seen[name] = true
			stages = append(stages, name)
		}
	}
	candidates := slices.Clone(stages)
	for _, name := range stages { // a misspelt kind before a * is near no stage
		candidates = append(candidates, name[:strings.LastIndexByte(name, '.')]+".*")
	}
	if hint := schema.DidYouMean(pattern, candidates); hint != "" {
		return hint
	}
	if strings.Contains(pattern, "[") {
		for _, u := range p.Units {
			units = append(units, u.Address)
		}
		if hint := schema.DidYouMean(pattern, units); hint != "" {
			return hint
		}
	}
	const most = 12
	if len(stages) > most {
		stages = append(stages[:most], "...")
	}
	return " The stages are: " + strings.Join(stages, ", ") + "."
}

// addDownstream adds to units what needs any of them, directly or through others.
func (p *Plan) addDownstream(units map[*Unit]bool) {
	for _, u := range p.Units { // what a unit needs comes before it
		for _, inputs := range u.Inputs {
			for _, in := range inputs {
				if units[in] {
					units[u] = true
				}
			}
		}
	}
}

// addUpstream adds to units what any of them needs, directly or through others.
func (p *Plan) addUpstream(units map[*Unit]bool) {
	for _, u := range slices.Backward(p.Units) {
		if units[u] {
			for _, inputs := range u.Inputs {
				for _, in := range inputs {
					units[in] = true
				}
			}
		}
	}
}

func overlap(a, b map[*Unit]bool) bool {
	for u := range a {
		if b[u] {
			return true
		}
	}
	return false
}
