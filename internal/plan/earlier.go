package plan

import "iter"

// EarlierRun is an earlier run of a pipeline, as its record tells of it.
type EarlierRun struct {
	Units map[string]EarlierUnit // by address
}

// EarlierUnit is a unit as it was in an earlier run.
type EarlierUnit struct {
	Fingerprint string
	Recipe      []byte              // may be nil if the fingerprint is that of today
	Inputs      map[string][]string // addresses of outputs, by field
	Done        bool                // its result was stored when the run ended
	Seconds     float64             // that making its result took, if Done; 0 if not recorded
	Spent       float64             // seconds of an attempt that did not end in a result
	Error       string              // why it failed; "" if it did not
}

// past is what earlier runs tell of one unit.
type past struct {
	planned bool         // some run meant to run it, as it is now or as it was
	last    *EarlierUnit // the newest attempt with the fingerprint of now
	spent   float64      // seconds of attempts with the fingerprint of now
	seconds float64      // that the unit took with the fingerprint of now
	before  *EarlierUnit // the newest result with another fingerprint
	within  *tracer      // the run that before is of
}

// search looks for units in earlier runs, the newest first, and reads no more runs
// than it needs: what is stored tells whether an old result still is.
func search(units []*Unit, runs iter.Seq[*EarlierRun], stored func(fingerprint string) bool) (found map[*Unit]*past, any bool) {
	found = make(map[*Unit]*past, len(units))
	for _, u := range units {
		found[u] = &past{}
	}
	if len(units) == 0 || runs == nil {
		return found, false
	}
	open := units
	for run := range runs {
		any = true
		t := newTracer(run)
		var next []*Unit
		for _, u := range open {
			if !found[u].take(u, t, stored) {
				next = append(next, u)
			}
		}
		if open = next; len(open) == 0 {
			break
		}
	}
	return found, any
}

// take adds what one more run, older than those before, tells of a unit. It returns
// true when older ones have nothing to add.
func (p *past) take(u *Unit, t *tracer, stored func(string) bool) bool {
	e, ok := t.run.Units[u.Address]
	if !ok {
		return false
	}
	p.planned = true
	if e.Fingerprint == u.Fingerprint {
		if p.last == nil {
			p.last = &e
		}
		p.spent += e.Spent
		p.seconds = max(p.seconds, e.Seconds)
		return e.Done || p.last.Error != ""
	}
	if e.Done || stored(e.Fingerprint) {
		p.before, p.within = &e, t
		return true
	}
	return false
}

// reasons says why a unit that is not stored has to run.
func (p *past) reasons(u *Unit, anyRun bool) (own, upstream []Reason) {
	switch {
	case p.last != nil && p.last.Done:
		return []Reason{{Kind: ReasonRemoved}}, nil
	case p.last != nil && p.last.Error != "":
		return []Reason{{Kind: ReasonFailed, Detail: p.last.Error}}, nil
	case p.before != nil:
		t := p.within.compare(u)
		return t.own, t.upstream
	case anyRun && !p.planned:
		return []Reason{{Kind: ReasonNew}}, nil
	}
	return []Reason{{Kind: ReasonNever}}, nil
}
