package run

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/plan"
)

// Failure is a unit that failed.
type Failure struct {
	Unit *plan.Unit
	Err  error
	// Blocked are the units that did not run because of it, in plan order; none
	// is named where the first failure ended the run.
	Blocked []*plan.Unit
}

// FailedError tells of all units of a run that failed, in plan order.
type FailedError struct{ Failures []Failure }

func (e *FailedError) Error() string {
	lines := make([]string, len(e.Failures))
	for i, f := range e.Failures {
		lines[i] = unitError(f.Unit, f.Err).Error()
		if len(f.Blocked) > 0 {
			lines[i] += "\n  it blocks " + listed(f.Blocked)
		}
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look into every failure.
func (e *FailedError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, f := range e.Failures {
		errs[i] = unitError(f.Unit, f.Err)
	}
	return errs
}

// LeftOutError tells of units that could not run since they need others, directly
// or through others, that are neither chosen nor stored.
type LeftOutError struct {
	Blocked []*plan.Unit // in plan order
	Missing []*plan.Unit // what they need, in plan order
}

func (e *LeftOutError) Error() string {
	return "left out, and not stored with these settings and inputs:" + lines(e.Missing) +
		"\nso these did not run:" + lines(e.Blocked)
}

// lines names units, those of each stage on a line of their own.
func lines(units []*plan.Unit) string {
	var b strings.Builder
	for _, group := range byStage(units) {
		b.WriteString("\n  " + some(group))
	}
	return b.String()
}

// byStage groups units by their stages, in the order in which these come first.
func byStage(units []*plan.Unit) [][]*plan.Unit {
	at := map[*plan.Stage]int{}
	var groups [][]*plan.Unit
	for _, u := range units {
		if _, seen := at[u.Stage]; !seen {
			at[u.Stage] = len(groups)
			groups = append(groups, nil)
		}
		groups[at[u.Stage]] = append(groups[at[u.Stage]], u)
	}
	return groups
}

// listed names units on one line.
func listed(units []*plan.Unit) string {
	var parts []string
	for _, group := range byStage(units) {
		parts = append(parts, some(group))
	}
	return strings.Join(parts, ", ")
}

// some names units of one stage: the stage with their number, if there are several.
func some(units []*plan.Unit) string {
	s := units[0].Stage
	switch len(units) {
	case 1:
		return units[0].Address
	case len(s.Units):
		return fmt.Sprintf("%s (%d units)", s.Address, len(units))
	}
	return fmt.Sprintf("%s (%d of %d units)", s.Address, len(units), len(s.Units))
}

// ending tells what failed and, where nothing made the run end early, what became
// of the units that never started.
func (s *scheduler) ending() error {
	blocked := map[*plan.Unit][]*plan.Unit{} // by what they need
	if s.ctx.Err() == nil {
		var err error
		if blocked, err = s.blocked(); err != nil {
			return err
		}
	}
	failures, left := &FailedError{}, &LeftOutError{}
	missing := map[*plan.Unit]bool{}
	for _, u := range s.plan.Units {
		switch {
		case s.failed[u] != nil:
			failures.Failures = append(failures.Failures, Failure{Unit: u, Err: s.failed[u], Blocked: blocked[u]})
		case len(blocked[u]) > 0:
			left.Missing = append(left.Missing, u)
			for _, b := range blocked[u] {
				missing[b] = true
			}
		}
	}
	for _, u := range s.waiting {
		if missing[u] {
			left.Blocked = append(left.Blocked, u)
		}
	}
	var errs []error
	if failures.Failures != nil {
		errs = append(errs, failures)
	}
	if left.Missing != nil {
		errs = append(errs, left)
	}
	return errors.Join(errs...)
}

// blocked returns the units that could not start, by the failed and left out units
// that they need, directly or through others.
func (s *scheduler) blocked() (map[*plan.Unit][]*plan.Unit, error) {
	blocked := map[*plan.Unit][]*plan.Unit{}
	causes := map[*plan.Unit][]*plan.Unit{}
	for _, u := range s.waiting { // what a unit needs comes before it
		for _, inputs := range u.Inputs {
			for _, in := range inputs {
				switch {
				case s.failed[in] != nil || !s.Chosen.Runs(in) && s.leftOut(in):
					causes[u] = append(causes[u], in)
				default:
					causes[u] = append(causes[u], causes[in]...)
				}
			}
		}
		causes[u] = s.inOrder(causes[u])
		if len(causes[u]) == 0 {
			return nil, fmt.Errorf("%s cannot start: the plan does not hold all of its inputs before it", u.Address)
		}
		if !s.Chosen.Runs(u) {
			continue
		}
		s.record.emit(Event{Type: UnitBlocked, Unit: u.Address, Message: "by " + listed(causes[u])})
		for _, c := range causes[u] {
			blocked[c] = append(blocked[c], u)
		}
	}
	return blocked, nil
}

// inOrder sorts units as in the plan, each once.
func (s *scheduler) inOrder(units []*plan.Unit) []*plan.Unit {
	slices.SortFunc(units, func(a, b *plan.Unit) int { return s.place[a] - s.place[b] })
	return slices.Compact(units)
}
