package artifact

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestExamineChangesNothing(t *testing.T) {
	s := open(t)
	if e, ok, err := s.Examine("f1"); e != nil || ok || err != nil {
		t.Errorf("nothing is stored: %+v, %v, %v", e, ok, err)
	}
	stored := commit(t, s, "f1", toy)
	if e, ok, err := s.Examine("f1"); !ok || err != nil || e.Tree != stored.Tree {
		t.Errorf("got %+v, %v, %v", e, ok, err)
	}
	change(t, filepath.Join(s.object(stored.Tree), "b.txt"), cutShort)
	for range 2 {
		e, ok, err := s.Examine("f1")
		var damaged *DamagedError
		if e != nil || ok || !errors.As(err, &damaged) || damaged.Reason != "b.txt has 3 bytes, not 6" || damaged.Aside != "" {
			t.Errorf("damaged: %+v, %v, %v", e, ok, err)
		}
	}
	if _, err := os.Stat(s.path("damaged")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the damaged result was moved: %v", err)
	}
	if _, _, err := s.Examine("../f1"); err == nil {
		t.Error("a path is no fingerprint")
	}
}
