package plan

import "slices"

// Selection names a part of a plan by patterns on addresses.
type Selection struct {
	Only, From, Until, Exclude, Force []string
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

// Select returns the part of the plan that s names, by addresses of stages.
func (p *Plan) Select(s Selection) (*Chosen, error) {
	c := &Chosen{runs: map[*Unit]bool{}, forced: map[*Unit]bool{}}
	for _, u := range p.Units {
		c.runs[u] = (len(s.Only) == 0 || slices.Contains(s.Only, u.Stage.Address)) && !slices.Contains(s.Exclude, u.Stage.Address)
		c.forced[u] = slices.Contains(s.Force, u.Stage.Address)
	}
	return c, nil
}
