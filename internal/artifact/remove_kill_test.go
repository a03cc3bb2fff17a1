package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The test binary, started with this variable, stores results in the store that it
// names and removes them again until it is killed, and prints a line before each
// removal.
const childRemoval = "SSLPIPE_TEST_REMOVE_FROM"

func removeForever(dir string) error {
	s, err := OpenStore(dir)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		var r Removal
		for i := range 6 {
			fp := fmt.Sprintf("f%d", i)
			out := filepath.Join(s.WorkDir(fp), "out")
			text := fmt.Appendf(nil, "content %d", i%3) // two of each
			if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o777), os.WriteFile(filepath.Join(out, "x"), text, 0o666)); err != nil {
				return err
			}
			e, err := s.Commit(Work{Fingerprint: fp, Unit: "u"}, out, map[string]Output{"x": {Type: TypeMetrics}}, 0)
			if err != nil {
				return err
			}
			if i%3 != n%3 {
				r.Results, r.Objects = append(r.Results, fp), append(r.Objects, e.Entry.Tree)
			}
		}
		fmt.Println("remove")
		if err := s.Remove(func(*Inventory) (Removal, error) { return r, nil }); err != nil {
			return err
		}
	}
}

// TestKillDuringRemoval kills a process with signal 9 at moments spread over a
// removal. Results are whole or gone, and what is left of them goes with the next
// removal.
func TestKillDuringRemoval(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	leftLoose, leftTrash := 0, 0
	for round := range 15 {
		killDuringRemoval(t, dir, round)
		s, err := OpenStore(dir)
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.VerifyAll(t.Context(), func(int64, int64) {})
		if err != nil || len(a.Damaged) != 0 {
			t.Fatalf("round %d: %+v, %v", round, a, err)
		}
		named := map[string]bool{}
		inv := inventory(t, s)
		for _, e := range inv.Entries {
			named[e.Tree] = true
		}
		var r Removal
		for tree := range inv.Objects {
			if !named[tree] {
				r.Objects = append(r.Objects, tree)
			}
		}
		leftLoose += len(r.Objects)
		leftTrash += len(inv.Trash)
		if err := s.Remove(remove(r)); err != nil {
			t.Fatal(err)
		}
		if inv := inventory(t, s); len(inv.Trash) != 0 || len(inv.Objects) != len(named) {
			t.Fatalf("round %d: left %v and %d objects of %d results", round, inv.Trash, len(inv.Objects), len(named))
		}
	}
	t.Logf("found %d objects without a result and %d in the trash", leftLoose, leftTrash)
}

func killDuringRemoval(t *testing.T, dir string, round int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRemoval+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	for range 1 + round%3 {
		if !lines.Scan() {
			t.Fatal("the child ended by itself")
		}
	}
	time.Sleep(time.Duration(round) * 400 * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that the process was killed
}
