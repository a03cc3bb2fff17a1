package run

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// runChosen executes a part of the plan on one core.
func (l *lab) runChosen(s plan.Selection) (*Result, []string, error) {
	l.t.Helper()
	o := l.options()
	o.Chosen = l.choose(s)
	return l.runWith(context.Background(), o)
}

// messages are the messages that are about no unit.
func (l *lab) messages() []string {
	var all []string
	for _, e := range l.events {
		if e.Type == Message && e.Unit == "" {
			all = append(all, e.Message)
		}
	}
	return all
}

func TestOnlyWhatIsChosenRuns(t *testing.T) {
	l := newLab(t)
	data, a, b, report := chain(l, "rotation")
	r, log, err := l.runChosen(plan.Selection{Until: []string{"pretrain.a*[*"}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, data.Address, a.Address)
	if r.Executed != 2 || r.Entries[b.Address] != nil || r.Entries[report.Address] != nil {
		t.Errorf("result %+v", r)
	}
	if got := l.types(b) + ", " + l.types(report); got != "unit_left_out, unit_left_out" {
		t.Errorf("events %s", got)
	}
	if end := l.events[len(l.events)-1]; *end.Counts != (Counts{Units: 4, Executed: 2, LeftOut: 2}) || end.Error != "" {
		t.Errorf("end %+v, %+v", end, end.Counts)
	}
	// What is stored is used, whether chosen or not.
	r, log, err = l.runChosen(plan.Selection{From: []string{"pretrain.b*[*"}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, b.Address, report.Address)
	if r.Cached != 2 || r.Executed != 2 || l.types(a) != "unit_cached" {
		t.Errorf("result %+v, events %s", r, l.types(a))
	}
}

func TestWhatNeedsALeftOutUnitIsBlocked(t *testing.T) {
	l := newLab(t)
	data, a, b, report := chain(l, "rotation")
	r, log, err := l.runChosen(plan.Selection{Exclude: []string{"pretrain.a*[*"}})
	var left *LeftOutError
	want := "left out, and not stored with these settings and inputs:\n  pretrain.a[seed=0]\nso these did not run:\n  evaluate.report"
	if !errors.As(err, &left) || err.Error() != want || errors.Is(err, ErrInterrupted) {
		t.Fatalf("error %v, want %s", err, want)
	}
	if len(left.Missing) != 1 || left.Missing[0] != a || len(left.Blocked) != 1 || left.Blocked[0] != report {
		t.Errorf("error %+v", left)
	}
	equal(t, log, data.Address, b.Address)
	if got := l.types(a) + ", " + l.types(report); got != "unit_left_out, unit_blocked" {
		t.Errorf("events %s", got)
	}
	if r.Executed != 2 {
		t.Errorf("result %+v", r)
	}

	// Nothing of what only this needs is made, and what is further up is not named.
	l = newLab(t)
	data, _, _, report = chain(l, "rotation")
	_, log, err = l.runChosen(plan.Selection{Only: []string{report.Address}})
	want = "left out, and not stored with these settings and inputs:\n  pretrain.a[seed=0]\n  pretrain.b[seed=0]\nso these did not run:\n  evaluate.report"
	if err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
	equal(t, log)
	if got := l.types(data); got != "unit_left_out" {
		t.Errorf("events %s", got)
	}
}

func TestDamagedInputThatIsLeftOutBlocks(t *testing.T) {
	l := newLab(t)
	data, _, _, _ := chain(l, "rotation")
	r, _ := l.mustRun()
	l.damage(r, data)
	l = labIn(t, l.root)
	_, a, _, _ := chain(l, "jigsaw")
	_, log, err := l.runChosen(plan.Selection{Only: []string{"pretrain.a*[*"}})
	var left *LeftOutError
	if !errors.As(err, &left) || left.Blocked[0] != a {
		t.Errorf("error %v", err)
	}
	equal(t, log)
	for _, e := range l.events {
		if e.Type == Message && e.Unit == data.Address && !strings.HasSuffix(e.Message, "; it is left out, so it is not made again") {
			t.Errorf("message %s", e.Message)
		}
	}
}

func TestStaleResultsAreTold(t *testing.T) {
	l := newLab(t)
	chain(l, "rotation")
	l.mustRun()
	l = labIn(t, l.root)
	chain(l, "jigsaw")
	if _, log, err := l.runChosen(plan.Selection{Only: []string{"pretrain.a*[*"}}); err != nil || len(log) != 1 {
		t.Errorf("ran %v, %v", log, err)
	}
	want := "evaluate.report is left out and stale: what is stored of it was made with other settings or inputs"
	if got := l.messages(); len(got) != 1 || got[0] != want {
		t.Errorf("messages %q", got)
	}
	// Nothing is stale that was never there.
	l = newLab(t)
	chain(l, "rotation")
	if _, _, err := l.runChosen(plan.Selection{Only: []string{"download.images"}}); err != nil || l.messages() != nil {
		t.Errorf("%v, messages %q", err, l.messages())
	}
}
