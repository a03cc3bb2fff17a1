package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

// pastIn reads the history of a lab's runs and takes out how long they took.
func pastIn(t *testing.T, l *lab) []Past {
	t.Helper()
	past, err := History(filepath.Join(l.root, "runs"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range past {
		past[i].Seconds = 0
	}
	return past
}

// TestHistory makes, a second apart, a run that succeeds, one that finds
// everything stored, one that fails and one that is interrupted. The clock begins
// at the start of the year 2000.
func TestHistory(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := labIn(t, root)
		l.add("download.images", "data", nil)
		l.mustRun()
		time.Sleep(time.Second)
		l.mustRun()

		time.Sleep(time.Second)
		failing := labIn(t, root)
		failing.plan.Pipeline.Name = "toy-two" // a name may hold the sign that ends the time
		failing.add("pretrain.a", "a", func(context.Context, *plan.Env) error { return errors.New("no space") })
		if _, _, err := failing.run(); err == nil {
			t.Fatal("the run did not fail")
		}

		time.Sleep(time.Second)
		stopped := labIn(t, root)
		stopped.add("download.images", "data", nil)
		ctx, cancel := context.WithCancel(t.Context())
		stopped.add("pretrain.b", "b", func(ctx context.Context, _ *plan.Env) error { cancel(); return ctx.Err() })
		if _, _, err := stopped.runWith(ctx, stopped.options()); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("error %v", err)
		}

		at := func(second int) time.Time { return time.Date(2000, 1, 1, 0, 0, second, 0, time.UTC) }
		want := []Past{
			{Name: "20000101T000000Z-toy", Pipeline: "toy", Started: at(0), Finished: true, Counts: Counts{Units: 1, Executed: 1}},
			{Name: "20000101T000001Z-toy", Pipeline: "toy", Started: at(1), Finished: true, Counts: Counts{Units: 1, Cached: 1}},
			{Name: "20000101T000002Z-toy-two", Pipeline: "toy-two", Started: at(2), Finished: true,
				Error: "pretrain.a: no space", Counts: Counts{Units: 1, Remaining: 1}},
			{Name: "20000101T000003Z-toy", Pipeline: "toy", Started: at(3), Finished: true,
				Error: "interrupted: 1 of 2 units are done, 1 remain", Counts: Counts{Units: 2, Cached: 1, Remaining: 1}},
		}
		if diff := cmp.Diff(want, pastIn(t, l)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

// The duration is what the last event says.
func TestHistoryTellsSeconds(t *testing.T) {
	runs := folders(t, map[string]string{"20260101T000000Z-a/events.jsonl": `{"time":"2026-01-01T00:00:00Z","type":"run_started"}
{"time":"2026-01-01T00:00:09Z","type":"run_finished","counts":{"units":3,"cached":1,"executed":2,"remaining":0},"seconds":8.5}
`})
	past, err := History(runs)
	if err != nil {
		t.Fatal(err)
	}
	want := []Past{{
		Name: "20260101T000000Z-a", Pipeline: "a", Started: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		Finished: true, Seconds: 8.5, Counts: Counts{Units: 3, Cached: 1, Executed: 2},
	}}
	if diff := cmp.Diff(want, past); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// A run that was killed has no last event; what it was writing may be cut short,
// even where half of the line would say that it finished. Its other lines count.
func TestHistoryOfKilledRuns(t *testing.T) {
	const started = `{"time":"2026-01-01T00:00:00Z","type":"run_started","counts":{"units":3,"cached":0,"executed":0,"remaining":3}}` + "\n"
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		events string
		want   Past
	}{
		"killed":    {started + `{"time":"2026-01-01T00:00:01Z","type":"unit_started","unit":"download.images"}` + "\n", Past{Started: begun}},
		"half line": {started + `{"time":"2026-01-01T00:00:01Z","type":"run_finished","counts":{"units":3`, Past{Started: begun}},
		// Written, but for the end of the line.
		"no end of line": {started + `{"time":"2026-01-01T00:00:01Z","type":"run_finished"}`, Past{Started: begun}},
		"garbage":        {started + "\x00\x00\n" + `{"type":"run_finished","error":"no space"}` + "\n", Past{Started: begun, Finished: true, Error: "no space"}},
		"empty":          {"", Past{}},
	} {
		t.Run(name, func(t *testing.T) {
			past, err := History(folders(t, map[string]string{"20260101T000000Z-a/events.jsonl": c.events}))
			if err != nil {
				t.Fatal(err)
			}
			c.want.Name, c.want.Pipeline = "20260101T000000Z-a", "a"
			if diff := cmp.Diff([]Past{c.want}, past); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
	}
}

// What lies beside the runs is left out: folders without events, files.
func TestHistoryLeavesOutWhatIsNoRun(t *testing.T) {
	past, err := History(folders(t, map[string]string{
		"20260101T000000Z-a/report.json":    "{}",
		"notes/todo":                        "",
		"20260102T000000Z-b/events.jsonl":   "",
		"20260101T000001Z-c/events.jsonl":   "",
		"20260103T000000Z-a-file-not-a-run": "",
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Past{{Name: "20260101T000001Z-c", Pipeline: "c"}, {Name: "20260102T000000Z-b", Pipeline: "b"}}
	if diff := cmp.Diff(want, past); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if past, err := History(filepath.Join(t.TempDir(), "none")); err != nil || len(past) != 0 {
		t.Errorf("without a folder of runs: %v, %v", past, err)
	}
}

// folders writes files by their path under a folder of its own.
func folders(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
