package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/plan"
)

// damage changes a stored result without changing its size.
func (l *lab) damage(r *Result, u *plan.Unit) {
	l.t.Helper()
	h, err := l.store.Handle(r.Entries[u.Address], "out")
	if err != nil {
		l.t.Fatal(err)
	}
	path := filepath.Join(h.Path, "result")
	text, err := os.ReadFile(path)
	if err != nil {
		l.t.Fatal(err)
	}
	text[0] ^= 1
	if err := errors.Join(os.Remove(path), os.WriteFile(path, text, 0o444)); err != nil {
		l.t.Fatal(err)
	}
}

// another makes the plan again with another version of download.images, which
// yields what text says.
func another(t *testing.T, root, version, text string) (l *lab, data, a, report *plan.Unit) {
	l = labIn(t, root)
	data = l.add("download.images", version, nil)
	data.Config = text
	a = l.add("pretrain.a[seed=0]", "a", nil, data)
	report = l.add("evaluate.report", "report", nil, a, l.add("pretrain.b[seed=0]", "b", nil, data))
	return l, data, a, report
}

func TestSameInputsRunNothing(t *testing.T) {
	l, _, _, _ := another(t, t.TempDir(), "version 1", "data")
	first, _ := l.mustRun()
	l, data, a, report := another(t, l.root, "version 2", "data")
	if err := os.MkdirAll(l.store.WorkDir(a.Fingerprint), 0o777); err != nil { // of an interrupted run
		t.Fatal(err)
	}
	r, log := l.mustRun()
	equal(t, log, data.Address)
	if r.Executed != 1 || r.Cached != 3 {
		t.Errorf("result %+v", r)
	}
	for _, u := range []*plan.Unit{a, report} {
		e := r.Entries[u.Address]
		if e.Tree != first.Entries[u.Address].Tree || e.Adopted != first.Entries[u.Address].Fingerprint || e.Fingerprint != u.Fingerprint {
			t.Errorf("entry of %s: %+v", u.Address, e)
		}
		if got := l.types(u); got != "message unit_cached" {
			t.Errorf("events %s", got)
		}
	}
	mustBeClean(t, l.root)
	if _, log := l.mustRun(); len(log) != 0 {
		t.Errorf("the third run ran %v", log)
	}
}

func TestOtherInputsRun(t *testing.T) {
	l, _, _, _ := another(t, t.TempDir(), "version 1", "data")
	l.mustRun()
	l, data, a, report := another(t, l.root, "version 2", "more data")
	r, log := l.mustRun()
	equal(t, log, data.Address, a.Address, "pretrain.b[seed=0]", report.Address)
	if got, want := l.text(r, report), "report(a(more data))(b(more data))"; got != want {
		t.Errorf("result %s, want %s", got, want)
	}
}

func TestSameInputsButDamagedResultRuns(t *testing.T) {
	l, _, a, _ := another(t, t.TempDir(), "version 1", "data")
	first, _ := l.mustRun()
	l.damage(first, a)
	l, data, a, _ := another(t, l.root, "version 2", "data")
	r, log := l.mustRun()
	equal(t, log, data.Address, a.Address)
	if r.Entries[a.Address].Tree != first.Entries[a.Address].Tree {
		t.Errorf("entry %+v", r.Entries[a.Address])
	}
	if got := l.types(a); got != "message unit_started unit_finished" {
		t.Errorf("events %s", got)
	}
}

func TestForcedUnitRunsThoughItsInputsAreTheSame(t *testing.T) {
	l, _, _, _ := another(t, t.TempDir(), "version 1", "data")
	l.mustRun()
	l, data, a, _ := another(t, l.root, "version 2", "data")
	_, log, err := l.runChosen(plan.Selection{Force: []string{a.Address}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, data.Address, a.Address)
}

// TestLeftOutUnitIsFoundByItsInputs: what is left out need not be stored under its
// present fingerprint to be used.
func TestLeftOutUnitIsFoundByItsInputs(t *testing.T) {
	l, _, _, _ := another(t, t.TempDir(), "version 1", "data")
	l.mustRun()
	l, data, _, report := another(t, l.root, "version 2", "data")
	r, log, err := l.runChosen(plan.Selection{Exclude: []string{"pretrain.*[*"}})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, data.Address)
	if r.Cached != 3 || r.Entries[report.Address] == nil {
		t.Errorf("result %+v", r)
	}
}

// TestTwinsByContentRunOnce: two units with other upstream, but the same content,
// are the same work, also on several cores.
func TestTwinsByContentRunOnce(t *testing.T) {
	l := newLab(t)
	one, two := l.add("download.one", "1", nil), l.add("download.two", "2", nil)
	one.Config, two.Config = "data", "data"
	a, b := l.add("pretrain.a", "a", nil, one), l.add("pretrain.b", "a", nil, two)
	o := l.options()
	o.Cores = 4
	r, log, err := l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(log) != 3 || r.Executed != 3 || r.Entries[a.Address].Tree != r.Entries[b.Address].Tree {
		t.Errorf("ran %v, result %+v", log, r)
	}
}
