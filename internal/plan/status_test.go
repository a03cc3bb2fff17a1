package plan_test

import (
	"strings"
	"testing"
	"time"

	"sslpipe/internal/plan"
)

const (
	rot = "pretrain.a[seed=0]"
	jig = "pretrain.b[seed=0]"
	ssl = "finetune.ssl[labels=10,seed=0]"
)

var base = version{kind: 1, variant: 1, runtime: "test"}

// edited is the trial with some text of it replaced.
func edited(t *testing.T, old, with string) *plan.Plan {
	t.Helper()
	return planned(t, strings.Replace(trial, old, with, 1), base)
}

func TestNothingIsStored(t *testing.T) {
	w := newWorld(t)
	sameLines(t, w.statuses(planned(t, trial, base), plan.Selection{}),
		"download.images: run: never ran", "augment.views: run: never ran",
		rot+": run: never ran", jig+": run: never ran", ssl+": run: never ran", "evaluate.report: run: never ran")
}

func TestEverythingIsStored(t *testing.T) {
	w := newWorld(t)
	p := planned(t, trial, base)
	w.run(p)
	sameLines(t, w.statuses(p, plan.Selection{}))
	if w.read != 0 {
		t.Errorf("%d runs were read for nothing", w.read)
	}
}

// Runs are read until every unit that is not stored has its reason.
func TestNoMoreRunsAreReadThanItTakes(t *testing.T) {
	w := newWorld(t)
	for _, rate := range []string{"1", "2", "3"} {
		w.run(edited(t, "1e-2", rate))
	}
	sameLines(t, w.statuses(edited(t, "1e-2", "4"), plan.Selection{}),
		rot+": run: optimizer.learning_rate 3 -> 4",
		ssl+": maybe: follows "+rot+" (its optimizer.learning_rate 3 -> 4)",
		"evaluate.report: maybe: follows "+rot+" (its optimizer.learning_rate 3 -> 4)")
	if w.read != 1 {
		t.Errorf("%d runs were read, want 1", w.read)
	}
}

func TestRemovedDamagedFailedAndUnpublished(t *testing.T) {
	w := newWorld(t)
	p := planned(t, trial, base)
	last := w.run(p)
	w.forget(p, "download.images", jig, "evaluate.report")
	w.stored[unit(t, p, jig).Fingerprint] = plan.Stored{Damage: "model has 3 bytes, not 12"}
	last.Units["evaluate.report"] = plan.EarlierUnit{Fingerprint: unit(t, p, "evaluate.report").Fingerprint, Error: "no images\nstack"}
	w.missing[ssl] = true
	sameLines(t, w.statuses(p, plan.Selection{}),
		"download.images: run: its stored result was removed",
		jig+": run: its stored result is damaged: model has 3 bytes, not 12",
		ssl+": restore: stored, and its published SavedModel is missing or differs",
		"evaluate.report: run: failed in the last run: no images")
}

// A run that was cut short before a unit says nothing of it; what ran before does.
func TestUnfinishedRunsAreLookedThrough(t *testing.T) {
	w := newWorld(t)
	w.run(planned(t, trial, base))
	p := edited(t, "1e-2", "5e-3")
	cut := recordOf(p)
	for address, u := range cut.Units {
		u.Done = false
		cut.Units[address] = u
	}
	w.runs = append([]*plan.EarlierRun{cut}, w.runs...)
	got := w.statuses(p, plan.Selection{})
	if want := rot + ": run: optimizer.learning_rate 0.01 -> 0.005"; len(got) != 3 || got[0] != want {
		t.Errorf("got %q, want %q first", got, want)
	}
}

func TestResume(t *testing.T) {
	w := newWorld(t)
	w.run(planned(t, trial, base))
	p := edited(t, "1e-2", "5e-3")
	w.begun[unit(t, p, rot).Fingerprint] = time.Date(2026, 11, 25, 10, 7, 0, 0, time.UTC)
	got := w.statuses(p, plan.Selection{Only: []string{"pretrain.a"}})
	if want := rot + ": resume: has a checkpoint of 2026-11-25T10:07:00Z; optimizer.learning_rate 0.01 -> 0.005"; got[0] != want {
		t.Errorf("got %q, want %q", got[0], want)
	}
	first := newWorld(t)
	first.begun = w.begun
	got = first.statuses(p, plan.Selection{})
	if want := rot + ": resume: has a checkpoint of 2026-11-25T10:07:00Z"; got[2] != want {
		t.Errorf("got %q, want %q", got[2], want)
	}
}

func TestAges(t *testing.T) {
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{-time.Second, "0 s ago"}, {40 * time.Second, "40 s ago"}, {3*time.Minute + 50*time.Second, "3 min ago"},
		{47 * time.Hour, "47 h ago"}, {49 * time.Hour, "2 days ago"},
	} {
		reasons := []plan.Reason{{Kind: plan.ReasonCheckpoint, Time: now.Add(-c.ago)}}
		if got := (plan.Wording{Now: now}).Sentence(reasons); got != "has a checkpoint of "+c.want {
			t.Errorf("%s: got %q", c.ago, got)
		}
	}
}

func TestLeftOutForcedAndBlocked(t *testing.T) {
	w := newWorld(t)
	w.run(planned(t, trial, base))
	p := edited(t, "1e-2", "5e-3")
	sameLines(t, w.statuses(p, plan.Selection{Exclude: []string{"pretrain.a"}, Force: []string{"pretrain.b"}}),
		rot+": left_out: left out, and stale: optimizer.learning_rate 0.01 -> 0.005",
		jig+": forced: forced by --force",
		ssl+": blocked: needs "+rot+", which is left out and not stored",
		"evaluate.report: blocked: needs "+rot+", which is left out and not stored")
}

// What is left out is used where it is stored, and no reason to block.
func TestLeftOutAndStored(t *testing.T) {
	w := newWorld(t)
	w.run(planned(t, trial, base))
	p := edited(t, "init = pretrain.a", "init = pretrain.a\n  mode = \"linear\"")
	sameLines(t, w.statuses(p, plan.Selection{Exclude: []string{"pretrain.a", "evaluate.report"}}),
		ssl+`: run: mode "full" -> "linear"`,
		"evaluate.report: left_out: left out, and stale: follows "+ssl+` (its mode "full" -> "linear")`)
}

// A stored unit that is forced needs what it reads.
func TestForcedAndBlocked(t *testing.T) {
	w := newWorld(t)
	p := planned(t, trial, base)
	w.run(p)
	w.forget(p, rot)
	sameLines(t, w.statuses(p, plan.Selection{Exclude: []string{"pretrain.a"}, Force: []string{"finetune.ssl"}}),
		rot+": left_out: left out; its stored result was removed",
		ssl+": blocked: needs "+rot+", which is left out and not stored")
}

// Once what a unit reads is made, it is known whether it came out as before.
func TestMaybeEndsWhenInputsAreThere(t *testing.T) {
	w := newWorld(t)
	before := planned(t, trial, base)
	w.run(before)
	p := edited(t, "1e-2", "5e-3")
	now := unit(t, p, rot).Fingerprint
	w.stored[now] = plan.Stored{Found: true}
	follows := " follows " + rot + " (its optimizer.learning_rate 0.01 -> 0.005)"
	sameLines(t, w.statuses(p, plan.Selection{}), ssl+": run:"+follows, "evaluate.report: maybe:"+follows)
	w.content[now] = unit(t, before, rot).Fingerprint
	sameLines(t, w.statuses(p, plan.Selection{}), ssl+": maybe:"+follows, "evaluate.report: maybe:"+follows)
}

// A result that is gone cannot be used again.
func TestMaybeNeedsTheResultOfBefore(t *testing.T) {
	w := newWorld(t)
	before := planned(t, trial, base)
	w.run(before)
	w.forget(before, ssl)
	p := edited(t, "1e-2", "5e-3")
	follows := " follows " + rot + " (its optimizer.learning_rate 0.01 -> 0.005)"
	sameLines(t, w.statuses(p, plan.Selection{}),
		rot+": run: optimizer.learning_rate 0.01 -> 0.005", ssl+": run:"+follows, "evaluate.report: maybe:"+follows)
}

// Changes of several stages are told of each, the unit's own first; the same change
// of several units of a stage is told once.
func TestSeveralCauses(t *testing.T) {
	w := newWorld(t)
	src := strings.Replace(trial, "seeds = 1", "seeds = 3", 1)
	src = strings.Replace(src, "[finetune.ssl]", "[finetune.ssl, pretrain.b]", 1)
	w.run(planned(t, src, base))
	src = strings.NewReplacer("1e-2", "5e-3", "crop {}", "crop { padding = 1 }", "jigsaw\" {", "jigsaw\" { grid = 2", "data    =", "baseline = finetune.ssl\n  data =").Replace(src)
	got := w.statuses(planned(t, src, base), plan.Selection{})
	want := "evaluate.report: run: baseline finetune.ssl.classifier added; " +
		"follows pretrain.a[seed=0] (its optimizer.learning_rate 0.01 -> 0.005), " +
		"augment.views (its transform[0].padding 4 -> 1), pretrain.b[seed=0] (its pretext.grid 3 -> 2)"
	if last := got[len(got)-1]; last != want {
		t.Errorf("got\n  %s\nwant\n  %s", last, want)
	}
}

// Records that cannot be read give no reasons, and no panic.
func TestUnreadableRecords(t *testing.T) {
	p := planned(t, trial, base)
	for _, recipe := range []string{"", "null", `"text"`, `{"config":7}`, `{"config":{"pretext":[{"name":"x","version":1}]},"inputs":{"views":[]}}`} {
		w := newWorld(t)
		r := recordOf(p)
		for address, u := range r.Units {
			u.Fingerprint, u.Recipe = "another", []byte(recipe)
			r.Units[address] = u
		}
		w.runs = []*plan.EarlierRun{r}
		if got := w.statuses(p, plan.Selection{}); len(got) != len(p.Units) || !strings.HasPrefix(got[0], "download.images: run: ") {
			t.Errorf("%s: got %q", recipe, got)
		}
	}
}
