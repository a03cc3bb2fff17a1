package plan

import (
	"iter"
	"time"
)

// Status says what a run will do with a unit.
type Status string

// The statuses of a unit.
const (
	StatusCached  Status = "cached"  // its result is stored, and used
	StatusRestore Status = "restore" // so it is, and its SavedModel is published again
	StatusRun     Status = "run"
	StatusResume  Status = "resume"   // it continues where an attempt stopped
	StatusMaybe   Status = "maybe"    // it runs unless what it reads comes out as before
	StatusForced  Status = "forced"   // it runs though it is stored
	StatusBlocked Status = "blocked"  // it cannot run: it needs a unit that is left out
	StatusLeftOut Status = "left_out" // by the selection, and its result is not stored
)

// StatusList lists every status, in the order in which they are told.
var StatusList = []Status{StatusCached, StatusRestore, StatusRun, StatusResume, StatusMaybe, StatusForced, StatusBlocked, StatusLeftOut}

// Runs tells whether a unit of this status runs, or may run.
func (s Status) Runs() bool {
	return s == StatusRun || s == StatusResume || s == StatusMaybe || s == StatusForced
}

// UnitStatus is a unit with its status.
type UnitStatus struct {
	Unit    *Unit
	Status  Status
	Reasons []Reason // none for a unit that is cached
	// Seconds is how long the unit is likely to run; Recorded is false where no
	// record allows to say.
	Seconds  float64
	Recorded bool
}

// Known is what there is beside a plan. What is nil is not there.
type Known struct {
	// Stored looks up the result for a fingerprint.
	Stored func(fingerprint string) Stored
	// Same tells whether an output of two stored results, named by their
	// fingerprints, is the same to whatever reads it.
	Same func(a, b, output string) bool
	// Unfinished returns when an attempt that did not end wrote last.
	Unfinished func(fingerprint string) (time.Time, bool)
	// Published tells whether all that a stored unit publishes is in its place.
	Published func(*Unit) bool
	// Earlier are earlier runs of this pipeline, the newest first. It is read no
	// further than it takes.
	Earlier iter.Seq[*EarlierRun]
}

// Stored is what is known of a result. The zero value means that there is none.
type Stored struct {
	Found   bool
	Seconds float64 // that making it took
	Damage  string  // what is wrong with a result that cannot be used
}

// Statuses returns the status of every unit in the order of the plan, with the
// reasons. It changes nothing.
func Statuses(p *Plan, chosen *Chosen, known Known) []UnitStatus {
	s := &survey{chosen: chosen, known: known, stored: map[string]Stored{}, of: make(map[*Unit]*UnitStatus, len(p.Units))}
	var open []*Unit
	for _, u := range p.Units {
		if !s.lookup(u.Fingerprint).Found {
			open = append(open, u)
		}
	}
	s.past, s.anyRun = search(open, known.Earlier, func(fingerprint string) bool { return s.lookup(fingerprint).Found })
	statuses := make([]UnitStatus, len(p.Units))
	for i, u := range p.Units {
		statuses[i] = UnitStatus{Unit: u}
		s.of[u] = &statuses[i]
		statuses[i].Status, statuses[i].Reasons = s.decide(u)
	}
	s.estimate(statuses)
	return statuses
}

// survey is the state of finding statuses; those of what a unit reads come first.
type survey struct {
	chosen *Chosen
	known  Known
	stored map[string]Stored // by fingerprint, as far as looked up
	past   map[*Unit]*past   // of the units that are not stored
	anyRun bool              // there was a run before
	of     map[*Unit]*UnitStatus
}

func (s *survey) lookup(fingerprint string) Stored {
	found, seen := s.stored[fingerprint]
	if !seen && s.known.Stored != nil {
		found = s.known.Stored(fingerprint)
		s.stored[fingerprint] = found
	}
	return found
}

func (s *survey) decide(u *Unit) (Status, []Reason) {
	stored := s.lookup(u.Fingerprint).Found
	forced := s.chosen.Forced(u)
	switch {
	case !s.chosen.Runs(u) && !stored:
		own, upstream := s.why(u)
		return StatusLeftOut, append(append([]Reason{{Kind: ReasonLeftOut}}, own...), upstream...)
	case !s.chosen.Runs(u):
		return StatusCached, nil
	}
	if forced || !stored {
		if needs := s.needs(u); len(needs) > 0 {
			return StatusBlocked, needs
		}
	}
	switch {
	case stored && forced:
		return StatusForced, []Reason{{Kind: ReasonForced}}
	case stored && s.known.Published != nil && !s.known.Published(u):
		return StatusRestore, []Reason{{Kind: ReasonUnpublished}}
	case stored:
		return StatusCached, nil
	}
	return s.outstanding(u)
}

// outstanding is the status of a unit that is not stored.
func (s *survey) outstanding(u *Unit) (Status, []Reason) {
	own, upstream := s.why(u)
	reasons := append(append([]Reason{}, own...), upstream...)
	if s.known.Unfinished != nil {
		if at, ok := s.known.Unfinished(u.Fingerprint); ok {
			if len(own) == 1 && (own[0].Kind == ReasonNever || own[0].Kind == ReasonNew) {
				reasons = nil
			}
			return StatusResume, append([]Reason{{Kind: ReasonCheckpoint, Time: at}}, reasons...)
		}
	}
	if len(own) == 0 && s.mayRepeat(u) {
		return StatusMaybe, reasons
	}
	return StatusRun, reasons
}

func (s *survey) why(u *Unit) (own, upstream []Reason) {
	if damage := s.lookup(u.Fingerprint).Damage; damage != "" {
		return []Reason{{Kind: ReasonDamaged, Detail: damage}}, nil
	}
	return s.past[u].reasons(u, s.anyRun)
}

// mayRepeat tells whether a unit that differs from an earlier run in its inputs
// alone may find them as they were, once they are there: then the result of that
// run, if it is still stored, is its own.
func (s *survey) mayRepeat(u *Unit) bool {
	p := s.past[u]
	if !s.lookup(p.before.Fingerprint).Found {
		return false
	}
	for _, in := range p.within.compare(u).inputs {
		now, before := in.unit.Fingerprint, in.before
		if s.known.Same == nil || !s.lookup(now).Found || !s.lookup(before).Found {
			continue // what it makes, or made, is not known
		}
		if !s.known.Same(now, before, in.output) {
			return false
		}
	}
	return true
}

// needs are the units that are left out, without which a unit cannot run: one of
// each stage.
func (s *survey) needs(u *Unit) []Reason {
	var t trace
	for _, path := range sortedKeys(u.Inputs) {
		for _, in := range u.Inputs[path] {
			switch s.of[in].Status {
			case StatusLeftOut:
				t.inherit(Reason{Kind: ReasonBlocked, Cause: in})
			case StatusBlocked:
				for _, r := range s.of[in].Reasons {
					t.inherit(r)
				}
			}
		}
	}
	return t.upstream
}
