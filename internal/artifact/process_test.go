package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The test binary, started with this variable, commits results into the store
// that it names until it is killed, and prints a line before each.
const childStore = "SSLPIPE_TEST_COMMIT_INTO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		if err := commitForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	if dir := os.Getenv(childRemoval); dir != "" {
		if err := removeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const crashFiles = 25

func crashResult(out string, n int) error {
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	for i := range crashFiles {
		text := strings.Repeat(fmt.Sprintf("%d/%d ", n%3, i), 500)
		if err := os.WriteFile(filepath.Join(out, fmt.Sprint(i)), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}

func commitForever(dir string) error {
	s, err := OpenStore(dir)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		fp := fmt.Sprintf("f%d", n%4)
		out := filepath.Join(s.WorkDir(fp), "out")
		if err := errors.Join(os.RemoveAll(out), os.RemoveAll(s.action(fp)), os.RemoveAll(s.indexFile("k"+fp)), crashResult(out, n)); err != nil {
			return err
		}
		fmt.Println("commit", fp)
		if _, err := s.Commit(Work{Fingerprint: fp, Unit: "u", Key: "k" + fp}, out, map[string]Output{"x": {Type: TypeMetrics}}, 0); err != nil {
			return err
		}
		if n%2 == 1 { // so that renames happen too, and not only finds
			trash := filepath.Join(s.work, fmt.Sprint("trash", os.Getpid(), "-", n))
			if err := errors.Join(os.Rename(s.path("objects"), trash), os.Mkdir(s.path("objects"), 0o777)); err != nil {
				return err
			}
		}
	}
}

// TestKillDuringCommit kills a process with signal 9 at moments spread over a
// commit. What is left is either a whole result or none.
func TestKillDuringCommit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	for round := range 25 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childStore+"="+dir)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for range 1 + round%4 {
			if !lines.Scan() {
				t.Fatal("the child ended by itself")
			}
		}
		time.Sleep(time.Duration(round) * 500 * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it says that the process was killed
		checkAfterCrash(t, dir)
	}
}

func checkAfterCrash(t *testing.T, dir string) {
	t.Helper()
	s, err := OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	if left := names(t, s, "tmp"); len(left) != 0 {
		t.Fatalf("temporary files stayed behind: %v", left)
	}
	for n := range 4 {
		fp := fmt.Sprintf("f%d", n)
		e, ok, err := s.Lookup(fp)
		var damaged *DamagedError
		if errors.As(err, &damaged) && damaged.Reason == "its files are missing" {
			continue // the child removes objects on purpose
		}
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		if err := s.Verify(e); err != nil {
			t.Fatal(err)
		}
		// Whatever is stored is found by its inputs too.
		if a, err := s.Adopt(Work{Fingerprint: "a", Unit: "u", Key: "k" + fp}); err != nil || a == nil || a.Adopted != fp {
			t.Fatalf("%s is not adopted: %+v, %v", fp, a, err)
		}
		if err := os.Remove(s.action("a")); err != nil {
			t.Fatal(err)
		}
	}
	for _, tree := range names(t, s, "objects") {
		files, err := hashTree(t.Context(), s.object(tree))
		if err != nil || treeDigest(files) != tree {
			t.Fatalf("object %s holds %s, %v", tree, treeDigest(files), err)
		}
	}
}

func TestCommitsAtOnce(t *testing.T) {
	s := open(t)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			// Two stores, as two processes have, and two fingerprints with one content.
			s, err := OpenStore(s.Dir())
			if err != nil {
				t.Error(err)
				return
			}
			out := filepath.Join(s.WorkDir(fmt.Sprintf("w%d", n)), "out")
			if err := crashResult(out, 0); err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Commit(Work{Fingerprint: fmt.Sprintf("f%d", n%2), Unit: "u"}, out, map[string]Output{"x": {Type: TypeMetrics}}, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, fp := range []string{"f0", "f1"} {
		e, ok, err := s.Lookup(fp)
		if err != nil || !ok {
			t.Fatal(fp, ok, err)
		}
		if err := s.Verify(e); err != nil || len(e.Divergent) != 0 {
			t.Errorf("%v, divergent %v", err, e.Divergent)
		}
	}
	if got := len(names(t, s, "objects")); got != 1 {
		t.Errorf("%d objects, want 1", got)
	}
}

// mount gives the test a small file system of its own.
func mount(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("needs the right to mount a file system of 256 KiB: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestReadOnlyCache(t *testing.T) {
	dir := t.TempDir()
	if os.Getuid() == 0 { // permissions do not bind root
		dir = mount(t)
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Skip(err)
		}
	} else if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(dir, "cache")
	_, err := OpenStore(cache)
	if err == nil || !strings.HasPrefix(err.Error(), "open cache "+cache+": mkdir") {
		t.Errorf("error %v", err)
	}
}

// What is stored can be read where nothing can be written, and what is damaged
// there is told and not used.
func TestCacheThatBecameReadOnly(t *testing.T) {
	dir := mount(t)
	s, err := OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, "f1", toy)
	bad := commit(t, s, "f2", map[string]string{"a": "other"})
	change(t, filepath.Join(s.object(bad.Tree), "a"), func([]byte) []byte { return []byte("Other") })
	out := result(t, s, "f3", toy)
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	if s, err = OpenStore(s.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadOnly(); !errors.Is(err, syscall.EROFS) || !strings.HasPrefix(err.Error(), "the cache "+s.Dir()+" cannot be written: ") {
		t.Errorf("ReadOnly = %v", err)
	}
	if e, ok, err := s.Lookup("f1"); !ok || err != nil || s.Verify(e) != nil {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
	var damaged *DamagedError
	if err := s.Verify(bad); !errors.As(err, &damaged) || damaged.Aside != "" || damaged.Reason != "the content of a has changed" {
		t.Errorf("Verify = %v", err)
	}
	if _, err := s.Commit(Work{Fingerprint: "f3", Unit: "u"}, out, nil, 0); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Commit = %v", err)
	}
}

func TestDiskFull(t *testing.T) {
	dir := mount(t)
	s, err := OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	out := result(t, s, "f1", toy)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o666); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	outs := map[string]Output{"data": {Type: TypeDataset, Meta: strings.Repeat("x", 20000)}}
	if _, err := s.Commit(Work{Fingerprint: "f1", Unit: "u"}, out, outs, 0); !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), "store result: ") {
		t.Fatalf("error %v, want no space", err)
	}
	if _, ok, err := s.Lookup("f1"); ok || err != nil {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if s, err = OpenStore(s.Dir()); err != nil {
		t.Fatal(err)
	}
	if left := names(t, s, "tmp"); len(left) != 0 {
		t.Errorf("temporary files stayed behind: %v", left)
	}
	if e := commit(t, s, "f1", toy); s.Verify(e) != nil {
		t.Error("not repaired")
	}
}
