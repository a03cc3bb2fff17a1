package artifact

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// elsewhere stores a result in another store and returns it.
func elsewhere(t *testing.T) *Entry {
	t.Helper()
	s, err := OpenStore(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	dir := s.WorkDir("f")
	if err := errors.Join(os.MkdirAll(filepath.Join(dir, "sub"), 0o777), os.WriteFile(filepath.Join(dir, "sub", "a"), []byte("text"), 0o666)); err != nil {
		t.Fatal(err)
	}
	c, err := s.Commit(Work{Fingerprint: "f", Unit: "u", Key: "k"}, dir, map[string]Output{"out": {Type: TypeMetrics}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return c.Entry
}

func writing(text string) func(dir string) error {
	return func(dir string) error {
		return errors.Join(os.MkdirAll(filepath.Join(dir, "sub"), 0o777), os.WriteFile(filepath.Join(dir, "sub", "a"), []byte(text), 0o666))
	}
}

func TestReceive(t *testing.T) {
	e := elsewhere(t)
	s, err := OpenStore(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Enter(e); err == nil || !strings.Contains(err.Error(), "its files are missing") {
		t.Errorf("entered without an object: %v", err)
	}
	if err := s.Receive(e.Object(), writing("tex!")); err == nil || !strings.Contains(err.Error(), "what was received is not what was announced: the content of sub/a has changed") {
		t.Errorf("received other bytes: %v", err)
	}
	// An attempt that fails keeps what it has for the next one.
	halfway := errors.New("cut")
	if err := s.Receive(e.Object(), func(dir string) error { return errors.Join(writing("te")(dir), halfway) }); !errors.Is(err, halfway) {
		t.Errorf("error %v", err)
	}
	err = s.Receive(e.Object(), func(dir string) error {
		if text, err := os.ReadFile(filepath.Join(dir, "sub", "a")); err != nil || string(text) != "te" {
			t.Errorf("left %q, %v", text, err)
		}
		return writing("text")(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	if counts, err := s.Enter(e); err != nil || !SameResult(counts, e) {
		t.Errorf("entered %+v, %v", counts, err)
	}
	found, ok, err := s.Lookup("f")
	if err != nil || !ok || s.Verify(found) != nil {
		t.Errorf("found %v, %v", found, err)
	}
	if adopted, err := s.Adopt(Work{Fingerprint: "g", Key: "k"}); err != nil || adopted == nil {
		t.Errorf("its key leads nowhere: %v", err)
	}
	if left, err := os.ReadDir(s.WorkDir("")); err != nil || len(left) > 0 {
		t.Errorf("left in work: %v, %v", left, err)
	}
	// What is here is not got again.
	if err := s.Receive(e.Object(), func(string) error { return halfway }); err != nil {
		t.Error(err)
	}
}

func TestReceiveRefuses(t *testing.T) {
	e := elsewhere(t)
	s, err := OpenStore(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	object := func(files ...File) Object { return Object{Tree: treeDigest(files), Files: files} }
	sum := e.Files[0].SHA256
	for want, o := range map[string]Object{
		"does not match its digest":     {Tree: e.Tree},
		`it lists a file "../x"`:        object(File{Path: "../x", SHA256: sum}),
		`it lists a file "/x"`:          object(File{Path: "/x", SHA256: sum}),
		`it lists a file "a" of -1`:     object(File{Path: "a", Size: -1, SHA256: sum}),
		`the digest of its file "a" is`: object(File{Path: "a", SHA256: "../../x"}),
	} {
		err := s.Receive(o, func(string) error { t.Error("it is got"); return nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestReceiveAtOnce(t *testing.T) {
	e := elsewhere(t)
	s, err := OpenStore(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	got := 0
	for range 5 {
		wg.Go(func() {
			err := s.With(context.Background(), func(string) {}).Receive(e.Object(), func(dir string) error {
				mu.Lock()
				defer mu.Unlock()
				got++
				return writing("text")(dir)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got != 1 {
		t.Errorf("got %d times", got)
	}
}
