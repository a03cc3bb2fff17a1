package run

import (
	"os"
	"path/filepath"
	"testing"
)

// What a process that was killed left is gone when the next one has begun; what
// belongs to a living one stays.
func TestScratchSweepsWhatTheDeadLeft(t *testing.T) {
	runs := t.TempDir()
	alive, err := NewScratch(runs)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := NewScratch(runs)
	if err != nil {
		t.Fatal(err)
	}
	if alive.Dir == dead.Dir {
		t.Fatalf("two processes write in %s", alive.Dir)
	}
	for _, dir := range []string{alive.Dir, dead.Dir} {
		if err := os.WriteFile(filepath.Join(dir, "report.html"), []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// As the kernel does it when a process ends.
	if err := dead.lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := sweepScratch(runs); err != nil {
		t.Fatal(err)
	}
	if !exists(filepath.Join(alive.Dir, "report.html")) || exists(dead.Dir) {
		t.Errorf("left: %v", names(t, runs))
	}
	if err := alive.Remove(); err != nil {
		t.Fatal(err)
	}
	if left := names(t, runs); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
