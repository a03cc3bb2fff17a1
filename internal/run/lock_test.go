package run

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
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
				lock, err := tryLock(path)
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
				if err := lock.release(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if exists(path) {
		t.Error("the lock's file stayed behind")
	}
}

func TestHolderIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "unit.lock")
	lock, err := tryLock(path)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := holder(path), fmt.Sprintf("process %d on %s", os.Getpid(), host); got != want {
		t.Errorf("holder %q, want %q", got, want)
	}
	if other, err := tryLock(path); other != nil || err != nil {
		t.Errorf("the lock was had twice: %v, %v", other, err)
	}
	if err := lock.release(); err != nil {
		t.Fatal(err)
	}
	if got := holder(path); got != "another process" {
		t.Errorf("holder %q of a lock that nobody holds", got)
	}
}
