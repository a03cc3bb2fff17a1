package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// change rewrites a stored, read-only file.
func change(t *testing.T, path string, f func([]byte) []byte) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove(path), os.WriteFile(path, f(text), 0o444)); err != nil {
		t.Fatal(err)
	}
}

func flipBit(text []byte) []byte { text[len(text)/2] ^= 4; return text }
func cutShort(text []byte) []byte {
	return text[:len(text)/2]
}

// mustMiss checks that the result is not used, for this reason, and that storing
// it again repairs it. It returns where the damaged folder went.
func mustMiss(t *testing.T, s *Store, err error, reason string) (aside string) {
	t.Helper()
	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.Reason != reason {
		t.Fatalf("error %v, want damage: %s", err, reason)
	}
	if e, ok, err := s.Lookup("f1"); ok || e != nil {
		t.Errorf("a damaged result was found again: %+v, %v", e, err)
	}
	commit(t, s, "f1", toy)
	e, ok, err := s.Lookup("f1")
	if err != nil || !ok || e.Tree != toyDigest {
		t.Fatalf("after repair: %+v, %v, %v", e, ok, err)
	}
	if err := s.Verify(e); err != nil {
		t.Errorf("after repair: %v", err)
	}
	return damaged.Aside
}

func TestVerifyFindsAFlippedBit(t *testing.T) {
	s := open(t)
	e := commit(t, s, "f1", toy)
	if err := s.Verify(e); err != nil {
		t.Fatal(err)
	}
	change(t, filepath.Join(s.object(e.Tree), "b.txt"), flipBit)
	aside := mustMiss(t, s, s.Verify(e), "the content of b.txt has changed")
	if text, err := os.ReadFile(filepath.Join(aside, "b.txt")); string(text) != "helho\n" {
		t.Errorf("set aside: %q, %v", text, err)
	}
}

func TestLookupFindsChangedFolders(t *testing.T) {
	for name, c := range map[string]struct {
		harm   func(t *testing.T, object string)
		reason string
	}{
		"truncated": {func(t *testing.T, o string) { change(t, filepath.Join(o, "b.txt"), cutShort) }, "b.txt has 3 bytes, not 6"},
		"removed": {func(t *testing.T, o string) {
			if err := os.Remove(filepath.Join(o, "a/z.bin")); err != nil {
				t.Fatal(err)
			}
		}, "a/z.bin is missing"},
		"added": {func(t *testing.T, o string) { write(t, filepath.Join(o, "c"), "") }, "c was added"},
		"linked": {func(t *testing.T, o string) {
			path := filepath.Join(o, "b.txt")
			if err := errors.Join(os.Remove(path), os.Symlink("/etc/hostname", path)); err != nil {
				t.Fatal(err)
			}
		}, "b.txt is a symbolic link: results hold only files and folders"},
		"gone": {func(t *testing.T, o string) {
			if err := os.RemoveAll(o); err != nil {
				t.Fatal(err)
			}
		}, "its files are missing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			e := commit(t, s, "f1", toy)
			c.harm(t, s.object(e.Tree))
			_, _, err := s.Lookup("f1")
			aside := mustMiss(t, s, err, c.reason)
			if (aside == "") != (name == "gone") {
				t.Errorf("set aside at %q", aside)
			}
		})
	}
}

func TestDamagedEntryIsAMiss(t *testing.T) {
	for name, c := range map[string]struct {
		harm   func([]byte) []byte
		reason string
	}{
		"half":    {cutShort, "its entry cannot be read: unexpected end of JSON input"},
		"empty":   {func([]byte) []byte { return nil }, "its entry cannot be read: unexpected end of JSON input"},
		"another": {func(b []byte) []byte { return []byte(strings.Replace(string(b), "0.25", "0.35", 1)) }, "its entry cannot be read: its checksum does not match"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			commit(t, s, "f1", toy)
			change(t, s.action("f1"), c.harm)
			_, _, err := s.Lookup("f1")
			var damaged *DamagedError
			if !errors.As(err, &damaged) || damaged.Reason != c.reason {
				t.Fatalf("error %v, want damage: %s", err, c.reason)
			}
			if _, ok, err := s.Lookup("f1"); ok || err != nil {
				t.Errorf("second lookup: %v, %v", ok, err)
			}
			if e := commit(t, s, "f1", toy); s.Verify(e) != nil {
				t.Error("not repaired")
			}
		})
	}
}

func TestEntryOfAnotherFingerprintIsAMiss(t *testing.T) {
	s := open(t)
	commit(t, s, "f1", toy)
	if err := os.Link(s.action("f1"), s.action("f2")); err != nil {
		t.Fatal(err)
	}
	_, ok, err := s.Lookup("f2")
	if ok || err == nil || !strings.Contains(err.Error(), "it belongs to fingerprint f1") {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
}

func TestCommitDoesNotKeepADamagedTwin(t *testing.T) {
	s := open(t)
	e := commit(t, s, "f1", toy)
	change(t, filepath.Join(s.object(e.Tree), "b.txt"), flipBit)
	e = commit(t, s, "f2", toy) // same content, so the same object
	if err := s.Verify(e); err != nil {
		t.Error(err)
	}
}

func TestResultThatReplacesALostOneRecordsTheDifference(t *testing.T) {
	s := open(t)
	lost := commit(t, s, "f1", toy)
	if err := os.RemoveAll(s.object(lost.Tree)); err != nil {
		t.Fatal(err)
	}
	e := commit(t, s, "f1", map[string]string{"b.txt": "other\n"})
	if len(e.Divergent) != 1 || e.Divergent[0].Tree != toyDigest {
		t.Errorf("divergent %+v, want %s", e.Divergent, toyDigest)
	}
	if _, ok, err := s.Lookup("f1"); !ok || err != nil {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
}
