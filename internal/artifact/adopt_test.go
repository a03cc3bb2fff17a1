package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// commitWork stores the toy for work with a key.
func commitWork(t *testing.T, s *Store, w Work, files map[string]string) *Entry {
	t.Helper()
	outs := map[string]Output{"data": {Type: TypeDataset, Meta: DatasetMeta{Name: "toy"}}}
	c, err := s.Commit(w, result(t, s, w.Fingerprint, files), outs, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	return c.Entry
}

func adopt(t *testing.T, s *Store, w Work) *Entry {
	t.Helper()
	e, err := s.Adopt(w)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestAdoptedResultIsFound(t *testing.T) {
	s := open(t)
	commitWork(t, s, Work{Fingerprint: "f1", Unit: "pretrain.a", Key: "k1"}, toy)
	e := adopt(t, s, Work{Fingerprint: "f2", Unit: "pretrain.b", Key: "k1"})
	if e == nil || e.Tree != toyDigest || e.Fingerprint != "f2" || e.Unit != "pretrain.b" || e.Adopted != "f1" || e.Seconds != 1.5 || e.Created.IsZero() {
		t.Fatalf("entry %+v", e)
	}
	found, ok, err := s.Lookup("f2")
	if err != nil || !ok || found.Adopted != "f1" || found.Key != "k1" || string(found.Outputs["data"].Meta) != string(e.Outputs["data"].Meta) {
		t.Errorf("Lookup = %+v, %v, %v", found, ok, err)
	}
	if first, _, _ := s.Lookup("f1"); first == nil || first.Adopted != "" {
		t.Errorf("the first entry is now %+v", first)
	}
	if e := adopt(t, s, Work{Fingerprint: "f3", Unit: "u", Key: "k2"}); e != nil {
		t.Errorf("other inputs adopted %+v", e)
	}
	if e := adopt(t, s, Work{Fingerprint: "f3", Unit: "u"}); e != nil {
		t.Errorf("work without a key adopted %+v", e)
	}
}

// TestKeyOfAnotherResultIsNotBelieved: the result that counts for a fingerprint may
// have been made of other inputs than a later one.
func TestKeyOfAnotherResultIsNotBelieved(t *testing.T) {
	s := open(t)
	commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k1"}, toy)
	e := commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k2"}, map[string]string{"b.txt": "other"})
	if e.Key != "k1" || len(e.Divergent) != 1 {
		t.Fatalf("entry %+v", e)
	}
	if e := adopt(t, s, Work{Fingerprint: "f2", Unit: "u", Key: "k2"}); e != nil {
		t.Errorf("adopted %+v", e)
	}
	// The key is free for the next result that it belongs to.
	commitWork(t, s, Work{Fingerprint: "f3", Unit: "u", Key: "k2"}, toy)
	if e := adopt(t, s, Work{Fingerprint: "f4", Unit: "u", Key: "k2"}); e == nil || e.Adopted != "f3" {
		t.Errorf("adopted %+v", e)
	}
	// And the first result of a key stays the one that counts.
	commitWork(t, s, Work{Fingerprint: "f5", Unit: "u", Key: "k2"}, toy)
	if e := adopt(t, s, Work{Fingerprint: "f6", Unit: "u", Key: "k2"}); e == nil || e.Adopted != "f3" {
		t.Errorf("adopted %+v", e)
	}
}

func TestDamagedResultIsNotAdopted(t *testing.T) {
	s := open(t)
	e := commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k1"}, toy)
	change(t, filepath.Join(s.object(e.Tree), "b.txt"), flipBit)
	adopted, err := s.Adopt(Work{Fingerprint: "f2", Unit: "u", Key: "k1"})
	var damaged *DamagedError
	if adopted != nil || !errors.As(err, &damaged) || damaged.Reason != "the content of b.txt has changed" {
		t.Fatalf("%+v, %v", adopted, err)
	}
	commitWork(t, s, Work{Fingerprint: "f2", Unit: "u", Key: "k1"}, toy)
	if e := adopt(t, s, Work{Fingerprint: "f3", Unit: "u", Key: "k1"}); e == nil || e.Tree != toyDigest {
		t.Errorf("after repair: %+v", e)
	}
}

func TestIndexIsOnlyAHint(t *testing.T) {
	for name, harm := range map[string]func(s *Store) error{
		"killed before the entry": func(s *Store) error { return os.Remove(s.action("f1")) },
		"removed":                 func(s *Store) error { return os.RemoveAll(s.path("byinput")) },
		"unreadable":              func(s *Store) error { return os.WriteFile(s.indexFile("k1"), []byte("{"), 0o666) },
		"a way out":               func(s *Store) error { return os.WriteFile(s.indexFile("k1"), []byte(`{"fingerprint":"../f1"}`), 0o666) },
	} {
		s := open(t)
		commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k1"}, toy)
		if err := harm(s); err != nil {
			t.Fatal(err)
		}
		if e := adopt(t, s, Work{Fingerprint: "f2", Unit: "u", Key: "k1"}); e != nil {
			t.Errorf("%s: adopted %+v", name, e)
		}
		commitWork(t, s, Work{Fingerprint: "f2", Unit: "u", Key: "k1"}, toy)
		if e := adopt(t, s, Work{Fingerprint: "f3", Unit: "u", Key: "k1"}); e == nil || e.Tree != toyDigest {
			t.Errorf("%s: after repair %+v", name, e)
		}
	}
}

func TestContentIsFilesAndDescription(t *testing.T) {
	s := open(t)
	content := func(e *Entry, output string) string {
		t.Helper()
		c, err := e.Content(output)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a := commitWork(t, s, Work{Fingerprint: "f1", Unit: "u"}, toy)
	same := commitWork(t, s, Work{Fingerprint: "f2", Unit: "v"}, toy)
	read, _, _ := s.Lookup("f1")
	other := commitWork(t, s, Work{Fingerprint: "f3", Unit: "u"}, map[string]string{"b.txt": "other"})
	described := commit(t, s, "f4", toy)
	if c := content(a, "data"); c != content(same, "data") || c != content(read, "data") {
		t.Error("equal results differ in content")
	}
	if c := content(a, "data"); c == content(other, "data") || c == content(described, "data") {
		t.Error("different results have the same content")
	}
	if _, err := a.Content("dta"); err == nil {
		t.Error("an output that is not there has content")
	}
}

// TestRemovedResultLeavesItsKeyToAnother: what was adopted is found by the key when
// the first result has gone, and a key without any result leads nowhere.
func TestRemovedResultLeavesItsKeyToAnother(t *testing.T) {
	s := open(t)
	commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k1"}, toy)
	adopt(t, s, Work{Fingerprint: "f2", Unit: "u", Key: "k1"})
	remove := func(fingerprints ...string) {
		t.Helper()
		err := s.Remove(func(*Inventory) (Removal, error) { return Removal{Results: fingerprints}, nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	remove("f1")
	if e := adopt(t, s, Work{Fingerprint: "f3", Unit: "u", Key: "k1"}); e == nil || e.Adopted != "f2" {
		t.Errorf("adopted %+v", e)
	}
	remove("f2", "f3")
	if got := names(t, s, "byinput"); got != nil {
		t.Errorf("keys of removed results stay: %v", got)
	}
}

// A key that leads nowhere, or elsewhere, since its file was damaged, is mended when
// the store is verified, and by the next result.
func TestDamagedIndexIsMended(t *testing.T) {
	s := open(t)
	commitWork(t, s, Work{Fingerprint: "f1", Unit: "u", Key: "k1"}, toy)
	commitWork(t, s, Work{Fingerprint: "f2", Unit: "v", Key: "k2"}, map[string]string{"b.txt": "other"})
	want := `{"fingerprint":"f1"}` + "\n"
	for _, text := range []string{"", "{", `{"fingerprint":"f2"}` + "\n", `{"fingerprint":"f1"} `, `{"fingerprint":"f9"}` + "\n"} {
		write(t, s.indexFile("k1"), text)
		a, err := s.VerifyAll(t.Context(), func(int64, int64) {})
		if err != nil || len(a.Damaged) != 0 {
			t.Fatalf("%+v, %v", a, err)
		}
		if got, err := os.ReadFile(s.indexFile("k1")); err != nil || string(got) != want {
			t.Errorf("%q became %q, %v", text, got, err)
		}
	}
}
