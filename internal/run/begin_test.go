package run

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/seal"
)

// A run that begins while garbage is collected must not find stored what is about
// to be removed: it registers itself, and looks, when that is over.
func TestRunBeginsWhenNobodyCollectsGarbage(t *testing.T) {
	l := newLab(t)
	data := l.add("download.images", "data", nil)
	first, _ := l.mustRun()
	l.add("pretrain.a", "a", nil, data)
	blocked, ended := make(chan string, 1), make(chan error, 1)
	o := l.options()
	o.RunsDir = filepath.Join(l.root, "more")
	o.Sink = func(e Event) {
		if e.Type == Message && strings.HasPrefix(e.Message, "waits: ") {
			blocked <- e.Message
		}
	}
	err := l.store.Remove(func(*artifact.Inventory) (artifact.Removal, error) {
		go func() {
			_, _, err := l.runWith(t.Context(), o)
			ended <- err
		}()
		select {
		case text := <-blocked:
			if !strings.HasPrefix(text, "waits: process ") || !strings.HasSuffix(text, " is changing the cache") {
				t.Errorf("message %q", text)
			}
		case err := <-ended:
			return artifact.Removal{}, errors.Join(errors.New("the run did not wait"), err)
		case <-time.After(time.Minute):
			return artifact.Removal{}, errors.New("the run does not say that it waits")
		}
		if folders, err := os.ReadDir(o.RunsDir); err == nil && len(folders) > 0 {
			t.Errorf("it has made %v already", folders)
		}
		e := first.Entries[data.Address]
		return artifact.Removal{Results: []string{e.Fingerprint}, Objects: []string{e.Tree}}, nil
	})
	if err := errors.Join(err, <-ended); err != nil {
		t.Fatal(err)
	}
	equal(t, l.log, "download.images", "pretrain.a")
}

func TestInterruptEndsTheWaitForTheCache(t *testing.T) {
	l := newLab(t)
	l.add("download.images", "data", nil)
	ctx, cancel := context.WithCancel(t.Context())
	o := l.options()
	o.Sink = func(Event) { cancel() }
	err := l.store.Exclusively(func() error {
		_, _, err := l.runWith(ctx, o)
		return err
	})
	if !errors.Is(err, ErrInterrupted) || err.Error() != "interrupted: 0 of 1 units are done, 1 remain" {
		t.Errorf("error %v", err)
	}
}

func TestRunIsAliveUntilItsResultsAreRead(t *testing.T) {
	l := newLab(t)
	l.add("download.images", "data", nil)
	r, _ := l.mustRun()
	if alive, err := Alive(r.RunDir); !alive || err != nil {
		t.Errorf("alive = %v, %v", alive, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if alive, err := Alive(r.RunDir); alive || err != nil {
		t.Errorf("alive after the end = %v, %v", alive, err)
	}
}

// The newest run is the one that was begun last, whatever the clock says.
func TestNamesOfRunsFollowEachOther(t *testing.T) {
	runs := t.TempDir()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct{ there, want string }{
		{"notes", "20260102T030405Z"},
		{"20260102T030404Z-a", "20260102T030405Z"},
		{"20260102T030405Z-z", "20260102T030405Z.2"},
		{"20260102T030405Z.8-a", "20260102T030405Z.9"},
		{"20260102T030405Z.9-a", "20260102T030406Z"},
		{"20260103T030405Z-a", "20260103T030405Z.2"}, // a day ahead: the clock was set back
		{"20260103T030405Z.9-b", "20260103T030406Z"},
	} {
		if err := os.Mkdir(filepath.Join(runs, c.there), 0o777); err != nil {
			t.Fatal(err)
		}
		if got, err := beginning(runs, now); got != c.want || err != nil {
			t.Errorf("after %s comes %s, %v; want %s", c.there, got, err, c.want)
		}
	}
}

func TestConfigurationThatHasChangedIsNotRead(t *testing.T) {
	l := newLab(t)
	u := l.add("download.images", "data", nil)
	r, _ := l.mustRun()
	path := filepath.Join(r.RunDir, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := strings.Replace(string(text), u.Fingerprint, "0"+u.Fingerprint[1:], 1)
	if flipped == string(text) {
		flipped = strings.Replace(string(text), u.Fingerprint, "1"+u.Fingerprint[1:], 1)
	}
	if err := os.WriteFile(path, []byte(flipped), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(r.RunDir); !errors.Is(err, seal.ErrBroken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if runs := slices.Collect(Earlier(filepath.Dir(r.RunDir), l.plan)); len(runs) != 0 {
		t.Errorf("it tells of %v", runs)
	}
}

// What is stored in a cache that cannot be written is used, and what is not is
// named before anything runs.
func TestCacheThatCannotBeWritten(t *testing.T) {
	l := newLab(t)
	l.add("download.images", "data", nil)
	l.mustRun()
	readOnly(t, l.root)
	l = labIn(t, l.root)
	data := l.add("download.images", "data", nil)
	o := l.options()
	o.RunsDir = filepath.Join(t.TempDir(), "runs")
	if r, log, err := l.runWith(t.Context(), o); err != nil || r.Cached != 1 || len(log) != 0 {
		t.Errorf("ran %v, %v", log, err)
	}
	l.add("pretrain.a", "a", func(context.Context, *plan.Env) error { return errors.New("it ran") }, data)
	_, log, err := l.runWith(t.Context(), o)
	if err == nil || !strings.HasPrefix(err.Error(), "the cache "+filepath.Join(l.root, "cache")+" cannot be written: ") ||
		!strings.HasSuffix(err.Error(), "\nso nothing can be run, and these are not stored there:\n  pretrain.a") {
		t.Errorf("error %v", err)
	}
	equal(t, log)
}

// readOnly makes a folder a file system of its own that nobody may write to.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mount("", dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
}

// A run that finds everything stored compares the numbers that it shows with their
// digests, and makes again what has changed; what it does not read it only counts.
func TestShownResultsAreCompared(t *testing.T) {
	l := newLab(t)
	data := l.add("download.images", "data", nil)
	report := l.add("evaluate.report", "report", nil, data)
	report.Stage.Kind.Shown = func(path string) bool { return path == "result" }
	r, _ := l.mustRun()
	want := l.text(r, report)
	for _, u := range []*plan.Unit{data, report} {
		h, err := l.store.Handle(r.Entries[u.Address], "out")
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(h.Path, "result")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[0] ^= 1
		if err := errors.Join(os.Remove(path), os.WriteFile(path, text, 0o444)); err != nil {
			t.Fatal(err)
		}
		again, log := l.mustRun()
		if u == data {
			equal(t, log)
			continue
		}
		equal(t, log, "download.images", "evaluate.report") // what it reads was damaged too
		if got := l.text(again, report); got != want {
			t.Errorf("shows %q, want %q", got, want)
		}
	}
}
