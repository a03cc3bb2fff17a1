package plan_test

import (
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/plan"
)

// world is what there is beside a plan in these tests.
type world struct {
	t       *testing.T
	stored  map[string]plan.Stored // by fingerprint
	content map[string]string      // of what is stored; the fingerprint itself where it is not here
	begun   map[string]time.Time   // checkpoints, by fingerprint
	missing map[string]bool        // addresses of units whose model is not published
	runs    []*plan.EarlierRun     // the newest first
	read    int                    // how many runs were read
}

func newWorld(t *testing.T) *world {
	return &world{t: t, stored: map[string]plan.Stored{}, content: map[string]string{}, begun: map[string]time.Time{}, missing: map[string]bool{}}
}

// run adds a run that does everything and takes a second for each unit.
func (w *world) run(p *plan.Plan) *plan.EarlierRun {
	r := recordOf(p)
	for _, u := range p.Units {
		w.stored[u.Fingerprint] = plan.Stored{Found: true, Seconds: 1}
	}
	w.runs = append([]*plan.EarlierRun{r}, w.runs...)
	return r
}

// recordOf is a run of p that finished.
func recordOf(p *plan.Plan) *plan.EarlierRun {
	r := &plan.EarlierRun{Units: map[string]plan.EarlierUnit{}}
	for _, u := range p.Units {
		inputs := map[string][]string{}
		for field, units := range u.Inputs {
			for i, in := range units {
				inputs[field] = append(inputs[field], in.Address+"."+u.InputOutputs[field][i])
			}
		}
		r.Units[u.Address] = plan.EarlierUnit{Fingerprint: u.Fingerprint, Recipe: u.Recipe, Inputs: inputs, Done: true, Seconds: 1}
	}
	return r
}

// forget removes results from the store.
func (w *world) forget(p *plan.Plan, addresses ...string) {
	for _, address := range addresses {
		delete(w.stored, unit(w.t, p, address).Fingerprint)
	}
}

func (w *world) known() plan.Known {
	content := func(fingerprint string) string {
		if c, ok := w.content[fingerprint]; ok {
			return c
		}
		return fingerprint
	}
	return plan.Known{
		Stored: func(fingerprint string) plan.Stored { return w.stored[fingerprint] },
		Same:   func(a, b, _ string) bool { return content(a) == content(b) },
		Unfinished: func(fingerprint string) (time.Time, bool) {
			at, ok := w.begun[fingerprint]
			return at, ok
		},
		Published: func(u *plan.Unit) bool { return !w.missing[u.Address] },
		Earlier:   w.earlier(),
	}
}

func (w *world) earlier() iter.Seq[*plan.EarlierRun] {
	return func(yield func(*plan.EarlierRun) bool) {
		for _, r := range w.runs {
			w.read++
			if !yield(r) {
				return
			}
		}
	}
}

// statuses are lines "address: status: reasons" of the units that are not cached.
func (w *world) statuses(p *plan.Plan, s plan.Selection) []string {
	w.t.Helper()
	chosen, err := p.Select(s)
	if err != nil {
		w.t.Fatal(err)
	}
	var lines []string
	for _, u := range plan.Statuses(p, chosen, w.known()) {
		if u.Status != plan.StatusCached {
			lines = append(lines, strings.TrimSuffix(u.Unit.Address+": "+string(u.Status)+": "+plan.Wording{Units: true}.Sentence(u.Reasons), ": "))
		}
	}
	return lines
}

func sameLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
