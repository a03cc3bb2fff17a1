package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestLockIsExclusive takes a lock over and over from several goroutines, each
// with a file of its own as processes have, while releases remove the file.
func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unit.lock")
	var inside, taken atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for taken.Load() < 2000 {
				lock, err := Try(path)
				if err != nil {
					t.Error(err)
					return
				}
				if lock == nil {
					continue
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				taken.Add(1)
				inside.Add(-1)
				if err := lock.Remove(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if _, err := os.Lstat(path); err == nil {
		t.Error("the lock's file stayed behind")
	}
}

func TestHolderIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unit.lock")
	lock, err := Try(path)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	who, since, _ := strings.Cut(Holder(path), " since ")
	if want := fmt.Sprintf("process %d on %s", os.Getpid(), host); who != want {
		t.Errorf("holder %q, want %q", who, want)
	}
	if at, err := time.Parse(time.RFC3339, since); err != nil || time.Since(at) > time.Minute {
		t.Errorf("held since %q: %v", since, err)
	}
	if other, err := Try(path); other != nil || err != nil {
		t.Errorf("the lock was had twice: %v, %v", other, err)
	}
	if err := lock.Remove(); err != nil {
		t.Fatal(err)
	}
	if got := Holder(path); got != "another process" {
		t.Errorf("holder %q of a lock that nobody holds", got)
	}
}

func TestTakeTellsWhoItWaitsForAndEndsWithTheContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unit.lock")
	lock, err := Try(path)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	told := ""
	other, err := Take(ctx, path, func(who string) {
		told = who
		cancel()
	})
	if other != nil || !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "wait for process ") {
		t.Errorf("Take = %v, %v", other, err)
	}
	if told != Holder(path) {
		t.Errorf("told of %q, and %q holds it", told, Holder(path))
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || len(text) != 0 {
		t.Errorf("a free lock says %q, %v", text, err)
	}
	if err := os.WriteFile(path, []byte(self()), 0o666); err != nil {
		t.Fatal(err)
	}
	// A file that says of a living process that it holds it locks nothing.
	if other, err = Take(t.Context(), path, func(who string) { t.Errorf("waited for %s", who) }); err != nil {
		t.Fatal(err)
	}
	if err := other.Remove(); err != nil {
		t.Error(err)
	}
}

// A process that has been stopped still holds what it locked.
func TestStoppedHolderIsToldWithTheCure(t *testing.T) {
	sleeper := exec.Command("sleep", "60")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleeper.Process.Kill()
		_ = sleeper.Wait()
	}()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "unit.lock")
	who := fmt.Sprintf("process %d on %s since 2026-01-02T03:04:05Z", sleeper.Process.Pid, host)
	if err := os.WriteFile(path, []byte(who), 0o666); err != nil {
		t.Fatal(err)
	}
	if got := Holder(path); got != who {
		t.Errorf("holder %q", got)
	}
	if err := sleeper.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s (stopped: kill -CONT %d lets it go on)", who, sleeper.Process.Pid)
	for start := time.Now(); Holder(path) != want; time.Sleep(time.Millisecond) {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("holder %q, want %q", Holder(path), want)
		}
	}
}

func TestMarkIsSeenAndWritesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events")
	if held, err := IsHeld(path); held || err != nil {
		t.Errorf("a file that is not there: %v, %v", held, err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	lock, err := Mark(path)
	if err != nil {
		t.Fatal(err)
	}
	if held, err := IsHeld(path); !held || err != nil {
		t.Errorf("held = %v, %v", held, err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if held, err := IsHeld(path); held || err != nil {
		t.Errorf("held after the end = %v, %v", held, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "x" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
