package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// running makes statuses of units that run, from lines "name seconds threads
// inputs".
func running(t *testing.T, lines ...string) []plan.UnitStatus {
	t.Helper()
	units := map[string]*plan.Unit{}
	var statuses []plan.UnitStatus
	for _, line := range lines {
		var seconds float64
		fields := strings.Fields(line)
		u := &plan.Unit{Address: fields[0], Fingerprint: fields[0], Inputs: map[string][]*plan.Unit{}}
		if _, err := fmt.Sscan(fields[1]+" "+fields[2], &seconds, &u.Threads); err != nil {
			t.Fatal(err)
		}
		for _, in := range fields[3:] {
			u.Inputs["from"] = append(u.Inputs["from"], units[in])
		}
		units[u.Address] = u
		statuses = append(statuses, plan.UnitStatus{Unit: u, Status: plan.StatusRun, Seconds: seconds, Recorded: true})
	}
	return statuses
}

func TestEstimateFollowsTheScheduler(t *testing.T) {
	chain := running(t, "a 10 1", "b 5 1 a", "c 1 1 b")
	fan := running(t, "a 10 1", "b 4 1", "c 5 1", "d 1 1 a b c")
	wide := running(t, "a 3 1", "b 10 2", "c 1 1") // c does not overtake b
	for name, c := range map[string]struct {
		statuses []plan.UnitStatus
		cores    int
		want     float64
	}{
		"nothing":           {nil, 2, 0},
		"chain":             {chain, 4, 16},
		"fan on one core":   {fan, 1, 20},
		"fan on two cores":  {fan, 2, 11},
		"no overtaking":     {wide, 2, 14},
		"enough cores":      {wide, 4, 10},
		"more than all":     {running(t, "a 3 8", "b 2 1"), 2, 5},
		"an input twice":    {running(t, "a 3 1", "b 2 1 a a"), 2, 5},
		"stages in between": {running(t, "a 1 1", "b 6 1", "c 5 1 a", "d 5 1 a"), 2, 11},
	} {
		if got := plan.EstimateRun(c.statuses, c.cores); got.Seconds != c.want || got.Least != c.want || got.Cores != c.cores || got.Unrecorded != 0 {
			t.Errorf("%s: got %+v, want %v s", name, got, c.want)
		}
	}
}

func TestEstimateCountsWhatRuns(t *testing.T) {
	s := running(t, "a 10 1", "b 4 1 a", "c 5 1 b", "d 8 1", "e 0 1", "f 100 1")
	s[0].Status = plan.StatusCached
	s[2].Status = plan.StatusMaybe
	s[3].Status = plan.StatusForced
	s[4].Recorded = false
	s[5].Status = plan.StatusBlocked
	want := plan.Estimate{Seconds: 9, Least: 8, Unrecorded: 1, Cores: 2}
	if got := plan.EstimateRun(s, 2); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The second of two units with one fingerprint takes the result of the first.
func TestEstimateCountsTwinsOnce(t *testing.T) {
	s := running(t, "a 10 1", "b 10 1")
	s[1].Unit.Fingerprint = s[0].Unit.Fingerprint
	if got := plan.EstimateRun(s, 2); got.Seconds != 10 {
		t.Errorf("got %+v", got)
	}
	if got := plan.EstimateRun(s, 1); got.Seconds != 10 {
		t.Errorf("on one core: got %+v", got)
	}
}

// seconds are those of the units that run, by address.
func (w *world) seconds(p *plan.Plan) map[string]string {
	w.t.Helper()
	got := map[string]string{}
	for _, u := range plan.Statuses(p, nil, w.known()) {
		if u.Status.Runs() {
			got[u.Unit.Address] = "none"
			if u.Recorded {
				got[u.Unit.Address] = fmt.Sprintf("%g", u.Seconds)
			}
		}
	}
	return got
}

func TestSecondsComeFromTheNearestRecord(t *testing.T) {
	src := strings.Replace(trial, "seeds = 1", "seeds = 2", 1)
	took := func(w *world, p *plan.Plan, seconds map[string]float64) {
		for address, s := range seconds {
			u := w.runs[0].Units[address]
			u.Seconds = s
			w.runs[0].Units[address] = u
			w.stored[unit(t, p, address).Fingerprint] = plan.Stored{Found: true, Seconds: s}
		}
	}
	all := map[string]float64{"pretrain.a[seed=0]": 60, "pretrain.a[seed=1]": 120,
		"finetune.ssl[labels=10,seed=0]": 7, "finetune.ssl[labels=10,seed=1]": 9}
	for name, c := range map[string]struct {
		old, new string
		forget   []string
		unit     string
		want     string
	}{
		"the unit itself, removed":       {"", "", []string{"pretrain.a[seed=1]"}, "pretrain.a[seed=1]", "120"},
		"with other settings":            {"1e-2", "5e-3", nil, "pretrain.a[seed=0]", "60"},
		"in proportion to epochs":        {"views\n  rates", "views\n  epochs = 36\n  rates", nil, "pretrain.a[seed=1]", "360"},
		"another seed":                   {"seeds = 2", "seeds = 3", nil, "pretrain.a[seed=2]", "90"},
		"another budget":                 {"init = pretrain.a", "init = pretrain.a\n  labels_per_class = [10, 50]", nil, "finetune.ssl[labels=50,seed=0]", "8"},
		"a stage like it":                {"evaluate", "pretrain \"c\" {\n  views = augment.views\n  epochs = 2\n  rates = [1, 2]\n  pretext \"rotation\" {}\n  optimizer \"sgd\" { learning_rate = 7 }\n}\nevaluate", nil, "pretrain.c[seed=0]", "90"},
		"no stage like it":               {"evaluate", "pretrain \"c\" {\n  views = augment.views\n  pretext \"rotation\" {}\n}\nevaluate", nil, "pretrain.c[seed=0]", "none"},
		"a stage whose settings changed": {"pretext \"rotation\" {}", "pretext \"jigsaw\" {}", nil, "finetune.ssl[labels=10,seed=1]", "9"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := planned(t, src, base)
			w.run(before)
			took(w, before, all)
			w.forget(before, c.forget...)
			got := w.seconds(planned(t, strings.Replace(src, c.old, c.new, 1), base))
			if got[c.unit] != c.want {
				t.Errorf("got %q in %v, want %s", got[c.unit], got, c.want)
			}
		})
	}
}

// An attempt that ended early counts as done.
func TestSecondsOfWhatResumes(t *testing.T) {
	w := newWorld(t)
	w.run(planned(t, trial, base))
	p := edited(t, "1e-2", "5e-3")
	w.begun[unit(t, p, rot).Fingerprint] = w.begun["now"]
	cut := recordOf(p)
	cut.Units[rot] = plan.EarlierUnit{Fingerprint: unit(t, p, rot).Fingerprint, Spent: 0.75}
	w.runs = append([]*plan.EarlierRun{cut}, w.runs...)
	if got := w.seconds(p)[rot]; got != "0.25" {
		t.Errorf("got %s s", got)
	}
}
