package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// chain is a pipeline's shape: data, two pre-trainings, and a report on both.
func chain(l *lab, pretext string) (data, a, b, report *plan.Unit) {
	data = l.add("download.images", "data", nil)
	a = l.add("pretrain.a[seed=0]", "a:"+pretext, nil, data)
	b = l.add("pretrain.b[seed=0]", "b", nil, data)
	return data, a, b, l.add("evaluate.report", "report", nil, a, b)
}

func TestSecondRunExecutesNothing(t *testing.T) {
	l := newLab(t)
	_, _, _, report := chain(l, "rotation")
	r, log := l.mustRun()
	equal(t, log, "download.images", "pretrain.a[seed=0]", "pretrain.b[seed=0]", "evaluate.report")
	if got, want := l.text(r, report), "report(a:rotation(data))(b(data))"; got != want {
		t.Errorf("result %s, want %s", got, want)
	}
	if r.Executed != 4 || r.Cached != 0 || len(r.Entries) != 4 {
		t.Errorf("result %+v", r)
	}
	mustBeClean(t, l.root)
	r, log = l.mustRun()
	equal(t, log)
	if r.Executed != 0 || r.Cached != 4 || len(r.Entries) != 4 {
		t.Errorf("second result %+v", r)
	}
}

func TestAheadOfWhatRuns(t *testing.T) {
	l := newLab(t)
	chain(l, "rotation")
	o := l.options()
	called := make(chan bool, 9)
	o.Ahead = func() { called <- true }
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	<-called // for the first of 4
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	l = labIn(t, l.root)
	chain(l, "jigsaw") // stored in part, and nothing of the rest may run
	o.Chosen = l.choose(plan.Selection{Only: []string{"download.*"}})
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if n := len(called); n > 0 {
		t.Errorf("called %d times more", n)
	}
}

func TestChangeRunsOnlyWhatDependsOnIt(t *testing.T) {
	l := newLab(t)
	chain(l, "rotation")
	l.mustRun()
	l = labIn(t, l.root)
	_, _, _, report := chain(l, "jigsaw")
	r, log := l.mustRun()
	equal(t, log, "pretrain.a[seed=0]", "evaluate.report")
	if got, want := l.text(r, report), "report(a:jigsaw(data))(b(data))"; got != want {
		t.Errorf("result %s, want %s", got, want)
	}
}

func TestUnitSeesItsWorld(t *testing.T) {
	l := newLab(t)
	l.add("download.old_name", "data", nil)
	l.mustRun()
	l = labIn(t, l.root)
	data := l.add("download.images", "data", nil) // stored, by another name
	data.Coord = plan.Coord{"labels": 10}
	u := l.add("finetune.ssl[seed=7]", "u", func(_ context.Context, env *plan.Env) error {
		h := env.Inputs["from"][0]
		if h.Unit != "download.images" || h.Coord["labels"] != 10 || h.Type != artifact.TypeMetrics {
			t.Errorf("handle %+v", h)
		}
		var meta struct{ Length int }
		if err := h.Decode(&meta); err != nil || meta.Length != len("data") {
			t.Errorf("metadata %+v, %v", meta, err)
		}
		if env.Seed != 7 || env.Device != "cpu" || env.CacheDir != filepath.Join(l.root, "downloads") {
			t.Errorf("env %+v", env)
		}
		if env.Dir != l.store.WorkDir(env.Unit.Fingerprint) {
			t.Errorf("folder %s", env.Dir)
		}
		return nil
	}, data)
	u.Coord = plan.Coord{"seed": 7}
	l.mustRun()
}

func TestEqualUnitsRunOnce(t *testing.T) {
	l := newLab(t)
	a := l.add("finetune.a", "same", nil)
	b := l.add("finetune.b", "same", nil)
	o := l.options()
	o.Cores = 2
	r, log, err := l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, "finetune.a")
	if r.Executed != 1 || r.Cached != 1 || r.Entries[b.Address].Tree != r.Entries[a.Address].Tree {
		t.Errorf("result %+v", r)
	}
	if got := l.types(b); got != "unit_cached" {
		t.Errorf("events of the twin: %s", got)
	}
}

func TestInputNotInThePlan(t *testing.T) {
	l := newLab(t)
	other := newLab(t).add("download.images", "data", nil)
	l.add("pretrain.a", "a", nil, other)
	_, _, err := l.run()
	if err == nil || err.Error() != "pretrain.a cannot start: the plan does not hold all of its inputs before it" {
		t.Errorf("error %v", err)
	}
}

func TestForcedRunKeepsTheFirstResult(t *testing.T) {
	l := newLab(t)
	answer := "one"
	u := l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
		return os.WriteFile(filepath.Join(env.Dir, "out", "weights"), []byte(answer), 0o666)
	})
	first, _ := l.mustRun()
	answer = "two"
	o := l.options()
	o.Chosen = l.choose(plan.Selection{Force: []string{u.Address}})
	r, log, err := l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, "pretrain.a")
	e := r.Entries[u.Address]
	if e.Tree != first.Entries[u.Address].Tree || len(e.Divergent) != 1 {
		t.Errorf("entry %+v", e)
	}
	if made := r.Made[u.Address]; made == nil || made.Tree == e.Tree {
		t.Errorf("made %+v", made)
	}
	told := read(t, r.RunDir, "events.jsonl")
	if want := `"type":"unit_diverged","unit":"pretrain.a","message":"the scores are equal, 1 file differs"}`; !strings.Contains(told, want) {
		t.Errorf("no %s in\n%s", want, told)
	}
	mustBeClean(t, l.root)
}

func TestDamagedInputIsMadeAgain(t *testing.T) {
	l := newLab(t)
	data, _, _, _ := chain(l, "rotation")
	r, _ := l.mustRun()
	h, err := l.store.Handle(r.Entries[data.Address], "out")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.Path, "result")
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("dada"), 0o444)); err != nil { // same size
		t.Fatal(err)
	}
	l = labIn(t, l.root)
	data, a, b, report := chain(l, "jigsaw")
	r, log := l.mustRun()
	equal(t, log, data.Address, a.Address, report.Address)
	if got, want := l.text(r, report), "report(a:jigsaw(data))(b(data))"; got != want {
		t.Errorf("result %s, want %s", got, want)
	}
	if got := l.types(data); got != "message unit_started unit_finished" {
		t.Errorf("events %s", got)
	}
	if got := l.types(b); got != "unit_cached" {
		t.Errorf("events %s", got)
	}
	for _, e := range l.events {
		if e.Type == Message && !strings.Contains(e.Message, "the content of result has changed; it was moved to") {
			t.Errorf("message %s", e.Message)
		}
	}
}

func TestCacheThatCannotBeRead(t *testing.T) {
	l := newLab(t)
	l.add("download.images", "data", nil)
	if err := os.Mkdir(filepath.Join(l.root, "cache", "actions", l.plan.Units[0].Fingerprint+".json"), 0o777); err != nil {
		t.Fatal(err)
	}
	r, log, err := l.run()
	if err == nil || !strings.HasPrefix(err.Error(), "download.images: read cache entry: ") {
		t.Errorf("error %v", err)
	}
	equal(t, log)
	if r == nil || r.RunDir == "" {
		t.Errorf("result %+v", r)
	}
}

func TestNoCores(t *testing.T) {
	l := newLab(t)
	o := l.options()
	o.Cores = 0
	if _, _, err := l.runWith(context.Background(), o); err == nil || err.Error() != "run toy: at least 1 core is needed, not 0" {
		t.Errorf("error %v", err)
	}
}
