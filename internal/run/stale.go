package run

import (
	"fmt"

	"sslpipe/internal/plan"
)

// tellStale names the stages that are left out though what is stored of them, by
// earlier runs of the pipeline, belongs to other settings or inputs than they
// have now.
func (r *runner) tellStale() {
	missing := map[string]*plan.Unit{}
	for _, u := range r.plan.Units {
		if r.leftOut(u) {
			missing[u.Address] = u
		}
	}
	if len(missing) == 0 {
		return
	}
	stale := map[*plan.Stage]int{}
	for past := range Earlier(r.RunsDir, r.plan) {
		for address, u := range missing {
			then, known := past.Units[address]
			if !known || then.Fingerprint == u.Fingerprint {
				continue
			}
			if _, stored, err := r.Store.Examine(then.Fingerprint); stored && err == nil {
				stale[u.Stage]++
				delete(missing, address)
			}
		}
		if len(missing) == 0 {
			break
		}
	}
	for _, s := range r.plan.Stages {
		switch n := stale[s]; n {
		case 0:
		case len(s.Units):
			r.sayStale(s, "")
		default:
			r.sayStale(s, fmt.Sprintf(" (%d of %d units)", n, len(s.Units)))
		}
	}
}

func (r *runner) sayStale(s *plan.Stage, share string) {
	r.record.emit(Event{Type: Message, Message: fmt.Sprintf(
		"%s is left out and stale: what is stored of it%s was made with other settings or inputs", s.Address, share)})
}
