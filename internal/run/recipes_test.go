package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

// earlierIn reads the earlier runs of a lab's pipeline, without how long they took.
func earlierIn(l *lab) []*plan.EarlierRun {
	runs := slices.Collect(Earlier(filepath.Join(l.root, "runs"), l.plan))
	for _, r := range runs {
		for address, u := range r.Units {
			u.Seconds, u.Spent = 0, 0
			var compact bytes.Buffer // the file indents it
			if u.Recipe != nil && json.Compact(&compact, u.Recipe) == nil {
				u.Recipe = compact.Bytes()
			}
			r.Units[address] = u
		}
	}
	return runs
}

// TestEarlier makes a run that fails, one of another pipeline, and one that ends
// well, and asks for them with one unit changed, one added and one gone.
func TestEarlier(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		failing := labIn(t, root)
		failing.add("download.images", "data", nil)
		failing.add("pretrain.a", "slow", func(context.Context, *plan.Env) error { return errors.New("no space") })
		if _, _, err := failing.run(); err == nil {
			t.Fatal("the run did not fail")
		}
		time.Sleep(time.Second)
		other := labIn(t, root)
		other.plan.Pipeline.Name = "another-toy"
		other.add("pretrain.a", "other", nil)
		other.mustRun()
		time.Sleep(time.Second)
		well := labIn(t, root)
		data := well.add("download.images", "data", nil)
		before := well.add("pretrain.a", "fast", nil, data)
		well.add("pretrain.gone", "gone", nil)
		well.mustRun()

		l := labIn(t, root)
		data = l.add("download.images", "data", nil)
		l.add("pretrain.a", "faster", nil, data)
		l.add("pretrain.new", "new", nil)
		slow := failing.plan.Units[1]
		want := []*plan.EarlierRun{
			{Units: map[string]plan.EarlierUnit{
				"download.images": {Fingerprint: data.Fingerprint, Done: true},
				"pretrain.a": {Fingerprint: before.Fingerprint, Recipe: before.Recipe, Done: true,
					Inputs: map[string][]string{"from": {"download.images.out"}}},
			}},
			{Units: map[string]plan.EarlierUnit{
				"download.images": {Fingerprint: data.Fingerprint, Done: true},
				"pretrain.a":      {Fingerprint: slow.Fingerprint, Recipe: slow.Recipe, Error: "no space"},
			}},
		}
		if diff := cmp.Diff(want, earlierIn(l)); diff != "" {
			t.Errorf("earlier runs (-want +got):\n%s", diff)
		}
	})
}

// The time of a unit that resumed is not all that it took; what an attempt took
// that ended early is told apart.
func TestEarlierTellsSeconds(t *testing.T) {
	l := newLab(t)
	var files []string
	for _, address := range []string{"a.cached", "a.whole", "a.resumed", "a.stopped"} {
		u := l.add(address, address, nil)
		files = append(files, fmt.Sprintf(`{"address":%q,"fingerprint":%q,"threads":1,"recipe":{}}`, address, u.Fingerprint))
	}
	runs := folders(t, map[string]string{
		"20260101T000000Z-toy/config.json": `{"pipeline":"units","path":"x","units":[` + strings.Join(files, ",") + `]}`,
		"20260101T000000Z-toy/events.jsonl": `{"type":"unit_cached","unit":"a.cached","seconds":3}
{"type":"unit_finished","unit":"a.whole","seconds":4}
{"type":"unit_resumed","unit":"a.resumed"}
{"type":"progress","unit":"a.resumed","seconds":77}
{"type":"unit_finished","unit":"a.resumed","seconds":5}
{"type":"unit_finished","unit":"a.unknown","seconds":5}
{"type":"unit_interrupted","unit":"a.stopped","seconds":6}
{"type":"unit_finished","unit":"a.sto`})
	var got []string
	for r := range Earlier(runs, l.plan) {
		for _, u := range l.plan.Units {
			e := r.Units[u.Address]
			got = append(got, fmt.Sprintf("%s %v %g %g", u.Address, e.Done, e.Seconds, e.Spent))
		}
	}
	if want := []string{"a.cached true 3 0", "a.whole true 4 0", "a.resumed true 0 0", "a.stopped false 0 6"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Runs that cannot be read are left out, and no more than the newest are looked at.
func TestEarlierIsBounded(t *testing.T) {
	l := newLab(t)
	u := l.add("pretrain.a", "a", nil)
	files := map[string]string{
		"20270101T000000Z-toy/config.json":  `{"units":[{"address":"pretr`, // cut short by a kill
		"20270101T000001Z-toy/config.json":  `{"units":{}}`,
		"20270101T000002Z-toy/config.json":  ``,
		"20270101T000003Z-toy/events.jsonl": ``,
	}
	for i := range 30 {
		folder := fmt.Sprintf("20260101T0000%02dZ-toy/", i)
		files[folder+"config.json"] = fmt.Sprintf(`{"units":[{"address":"pretrain.a","fingerprint":"%d","recipe":{}}]}`, i)
		files[folder+"events.jsonl"] = ""
	}
	var got []string
	for r := range Earlier(folders(t, files), l.plan) {
		got = append(got, r.Units[u.Address].Fingerprint)
	}
	if want := 20 - 4; len(got) != want || got[0] != "29" || got[want-1] != "14" {
		t.Errorf("read %q, want 29 to 14", got)
	}
	for range Earlier(filepath.Join(t.TempDir(), "none"), l.plan) {
		t.Error("a run in a folder that is not there")
	}
}

func TestUnfinished(t *testing.T) {
	l := newLab(t)
	u := l.add("pretrain.a", "a", nil)
	dir := l.store.WorkDir(u.Fingerprint)
	if _, ok := Unfinished(l.store, u.Fingerprint); ok {
		t.Error("without a folder")
	}
	if err := os.MkdirAll(filepath.Join(dir, "out"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, ok := Unfinished(l.store, u.Fingerprint); ok {
		t.Error("with half a result, which is thrown away")
	}
	want := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	for i, name := range []string{"new", "old"} {
		path := filepath.Join(dir, name)
		at := want.Add(-time.Duration(i) * time.Hour)
		if err := errors.Join(os.WriteFile(path, nil, 0o666), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := Unfinished(l.store, u.Fingerprint); !ok || !got.Equal(want) {
		t.Errorf("got %v, %v, want %v", got, ok, want)
	}
}

// TestPlanAfterRun plans what a run left behind: an interrupted unit resumes, and
// what failed says so.
func TestPlanAfterRun(t *testing.T) {
	l := newLab(t)
	data := l.add("download.images", "data", nil)
	u := l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
		return errors.Join(os.WriteFile(filepath.Join(env.Dir, "checkpoint"), nil, 0o666), errors.New("loss is NaN"))
	}, data)
	l.add("evaluate.report", "report", nil, u)
	if _, _, err := l.run(); err == nil {
		t.Fatal("the run did not fail")
	}
	known := plan.Known{
		Stored: func(fingerprint string) plan.Stored {
			e, ok, err := l.store.Lookup(fingerprint)
			if err != nil {
				t.Error(err)
			}
			if !ok {
				return plan.Stored{}
			}
			return plan.Stored{Found: true, Seconds: e.Seconds}
		},
		Unfinished: func(fingerprint string) (time.Time, bool) { return Unfinished(l.store, fingerprint) },
		Earlier:    Earlier(filepath.Join(l.root, "runs"), l.plan),
	}
	var got []string
	for _, s := range plan.Statuses(l.plan, nil, known) {
		got = append(got, fmt.Sprintf("%s %s: %s", s.Unit.Address, s.Status, plan.Wording{Now: time.Now().Add(time.Second)}.Sentence(s.Reasons)))
	}
	want := []string{"download.images cached: ", "pretrain.a resume: has a checkpoint of 1 s ago; failed in the last run: loss is NaN", "evaluate.report run: never ran"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
