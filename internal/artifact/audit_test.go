package artifact

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVerifyAllFindsAllDamage(t *testing.T) {
	s := open(t)
	commit(t, s, "sound", toy)
	shared := map[string]string{"b.txt": "shared\n"}
	e := commit(t, s, "shared1", shared)
	commit(t, s, "shared2", shared)
	gone := commit(t, s, "gone", map[string]string{"g": "g"})
	loose := commit(t, s, "loose", map[string]string{"l": "loose\n"})
	change(t, filepath.Join(s.object(e.Tree), "b.txt"), flipBit)
	change(t, filepath.Join(s.object(loose.Tree), "l"), flipBit)
	if err := errors.Join(os.RemoveAll(s.object(gone.Tree)), os.Remove(s.action("loose"))); err != nil {
		t.Fatal(err)
	}
	write(t, s.action("broken"), "{")

	var last int64
	a, err := s.VerifyAll(t.Context(), func(done, total int64) {
		if done < last || done > total {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	aside := func(name string) string { return s.path("damaged", name+".1") }
	want := &Audit{Results: 5, Objects: 3, Damaged: []Damage{
		{Fingerprint: "broken", Reason: "its entry cannot be read: unexpected end of JSON input", Aside: aside("broken.json")},
		{Unit: "download.images", Fingerprint: "gone", Reason: "its files are missing"},
		{Unit: "download.images", Fingerprint: "shared1", Reason: "the content of b.txt has changed", Aside: aside(e.Tree)},
		{Unit: "download.images", Fingerprint: "shared2", Reason: "its files are missing"},
		{Object: loose.Tree, Reason: "its content does not match its digest", Aside: aside(loose.Tree)},
	}}
	a.Read = Usage{}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	for fingerprint, files := range map[string]map[string]string{"shared1": shared, "gone": {"g": "g"}} {
		commit(t, s, fingerprint, files)
	}
	if a, err := s.VerifyAll(t.Context(), func(int64, int64) {}); err != nil || len(a.Damaged) != 0 {
		t.Errorf("after they were made again: %+v, %v", a, err)
	}
}

func TestVerifyAllStopsWithoutHarm(t *testing.T) {
	s := open(t)
	for _, f := range []string{"f1", "f2", "f3"} {
		commit(t, s, f, map[string]string{"x": strings.Repeat(f, 1000)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	reports := 0
	_, err := s.VerifyAll(ctx, func(int64, int64) { reports++; cancel() })
	if !errors.Is(err, context.Canceled) || reports != 1 {
		t.Errorf("error %v after %d reports", err, reports)
	}
	if got := names(t, s, "damaged"); got != nil {
		t.Errorf("an interrupt set aside %v", got)
	}
}
