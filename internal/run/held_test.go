package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

func TestHeldUnitKeepsItsWork(t *testing.T) {
	l := newLab(t)
	var during map[string]string
	var removed bool
	u := l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
		if err := os.WriteFile(filepath.Join(env.Dir, "checkpoint"), nil, 0o666); err != nil {
			return err
		}
		var err error
		if during, err = Held(l.store); err != nil {
			return err
		}
		if removed, err = RemoveWork(l.store, env.Unit.Fingerprint); err != nil {
			return err
		}
		_, err = os.Stat(filepath.Join(env.Dir, "checkpoint"))
		return err
	})
	l.mustRun()
	if removed || len(during) != 1 || !strings.HasPrefix(during[u.Fingerprint], "process ") {
		t.Errorf("held while running: %v; removed: %v", during, removed)
	}
	if after, err := Held(l.store); err != nil || len(after) != 0 {
		t.Errorf("held after the run: %v, %v", after, err)
	}
}

func TestInterruptedWorkIsRemoved(t *testing.T) {
	l := newLab(t)
	dir := l.store.WorkDir("f1")
	if err := os.MkdirAll(filepath.Join(dir, "out"), 0o777); err != nil {
		t.Fatal(err)
	}
	// A process that was killed leaves its lock's file, which nobody holds.
	if err := os.WriteFile(lockPath(dir), []byte("process 1 on host"), 0o666); err != nil {
		t.Fatal(err)
	}
	if held, err := Held(l.store); err != nil || len(held) != 0 {
		t.Errorf("held: %v, %v", held, err)
	}
	if !exists(lockPath(dir)) {
		t.Error("looking removed the lock's file")
	}
	if removed, err := RemoveWork(l.store, "f1"); !removed || err != nil {
		t.Errorf("RemoveWork = %v, %v", removed, err)
	}
	mustBeClean(t, l.root)
}

func TestLastSignAndConfigOfARun(t *testing.T) {
	l := newLab(t)
	a := l.add("download.a", "a", nil)
	b := l.add("pretrain.b", "b", nil, a)
	result, _ := l.mustRun()
	at, ended, err := LastSign(result.RunDir)
	if err != nil || !ended || time.Since(at) > time.Minute {
		t.Errorf("LastSign = %v, %v, %v", at, ended, err)
	}
	got, err := ReadConfig(result.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	got.Units[0].Recipe, got.Units[1].Recipe = nil, nil
	want := &Config{Pipeline: "toy", Path: "toy.hcl", Seeds: 1, Device: "cpu", Cores: 1, Units: []ConfigUnit{
		{Address: "download.a", Threads: 1, Fingerprint: a.Fingerprint},
		{Address: "pretrain.b", Threads: 1, Fingerprint: b.Fingerprint, Inputs: map[string][]string{"from": {"download.a.out"}}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}

	// A kill cuts the last line short.
	events := filepath.Join(result.RunDir, eventsFile)
	text, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(events, text[:len(text)-5], 0o666); err != nil {
		t.Fatal(err)
	}
	if at, ended, err := LastSign(result.RunDir); ended || err != nil || at.IsZero() {
		t.Errorf("cut short: LastSign = %v, %v, %v", at, ended, err)
	}
	if at, ended, err := LastSign(t.TempDir()); ended || err != nil || time.Since(at) > time.Minute {
		t.Errorf("without events: LastSign = %v, %v, %v", at, ended, err)
	}
}
