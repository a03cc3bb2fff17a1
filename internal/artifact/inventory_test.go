package artifact

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func inventory(t *testing.T, s *Store) *Inventory {
	t.Helper()
	inv, err := s.Inventory()
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

func scrapNames(list []Scrap) []string {
	var names []string
	for _, s := range list {
		names = append(names, s.Name)
	}
	return names
}

func TestInventoryCountsSharedFilesOnce(t *testing.T) {
	s := open(t)
	commit(t, s, "f1", map[string]string{"a": strings.Repeat("x", 5000), "b/c": "yz"})
	commit(t, s, "f2", map[string]string{"a": strings.Repeat("x", 5000), "b/c": "yz"})
	result(t, s, "f3", map[string]string{"checkpoint": "half"})
	write(t, s.WorkDir("f3")+".lock", "process 1")
	write(t, s.path("damaged", "f9.json.1"), "{}")
	write(t, s.action("broken"), "{")
	inv := inventory(t, s)
	if len(inv.Entries) != 2 || len(inv.Objects) != 1 {
		t.Fatalf("%d entries, %d objects", len(inv.Entries), len(inv.Objects))
	}
	for _, o := range inv.Objects {
		if o.Usage.Files != 2 || o.Usage.Bytes != 5002 || o.Usage.Disk < 5002 || o.Changed.IsZero() {
			t.Errorf("object %+v", o)
		}
	}
	// The folders of f1 and f2 are empty but for what was stored already.
	if got := scrapNames(inv.Work); !slices.Equal(got, []string{"f1", "f2", "f3"}) || inv.Work[2].Usage.Bytes != 4 {
		t.Errorf("work %v", inv.Work)
	}
	if got := scrapNames(inv.Damaged); !slices.Equal(got, []string{"f9.json.1"}) {
		t.Errorf("damaged %v", got)
	}
	if got := scrapNames(inv.Broken); !slices.Equal(got, []string{"broken"}) || inv.Broken[0].Reason != "unexpected end of JSON input" {
		t.Errorf("broken %v", inv.Broken)
	}
}

func TestNamesOfAResult(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	e := &Entry{Tree: "t", Outputs: map[string]EntryOutput{"x": {Meta: []byte(`{"dataset_digest":"` + a + `","draw":"short","n":[1]}`)}},
		Divergent: []Divergence{{Tree: "d", Outputs: map[string]EntryOutput{"x": {Meta: []byte(`["` + b + `"]`)}}}}}
	if diff := cmp.Diff([]string{"t", "d", a, b}, e.Names()); diff != "" {
		t.Error(diff)
	}
}

func remove(r Removal) func(*Inventory) (Removal, error) {
	return func(*Inventory) (Removal, error) { return r, nil }
}

func TestRemoveTakesEntriesAndObjects(t *testing.T) {
	s := open(t)
	a := commit(t, s, "f1", toy)
	b := commit(t, s, "f2", map[string]string{"b.txt": "other\n"})
	write(t, s.path("damaged", "x.1", "file"), "x")
	write(t, s.path("trash", a.Tree+".1", "file"), "x") // of a removal that was killed
	r := Removal{Results: []string{"f1"}, Objects: []string{a.Tree}, Damaged: []string{"x.1"}}
	if err := s.Remove(remove(r)); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Lookup("f1"); ok || err != nil {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
	if got := names(t, s, "objects"); !slices.Equal(got, []string{b.Tree}) {
		t.Errorf("objects %v", got)
	}
	if got := append(names(t, s, "damaged"), names(t, s, "trash")...); got != nil {
		t.Errorf("left behind: %v", got)
	}
	commit(t, s, "f1", toy)
	if e, ok, err := s.Lookup("f1"); !ok || err != nil || s.Verify(e) != nil {
		t.Errorf("made again: %v, %v", ok, err)
	}
}

func TestRemoveRefusesFilesInUse(t *testing.T) {
	s := open(t)
	e := commit(t, s, "f1", toy)
	commit(t, s, "f2", toy)
	outs := map[string]Output{"views": {Type: TypeViews, Meta: ViewsMeta{DatasetDigest: e.Tree}}}
	if _, err := s.Commit(Work{Fingerprint: "f3", Unit: "augment.views"}, result(t, s, "f3", map[string]string{"v": "v"}), outs, 0); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Removal{
		"by a result with the same files": {Results: []string{"f1", "f3"}, Objects: []string{e.Tree}},
		"by the metadata of views":        {Results: []string{"f1", "f2"}, Objects: []string{e.Tree}},
	} {
		if err := s.Remove(remove(r)); err == nil || !strings.Contains(err.Error(), "is in use by") {
			t.Errorf("%s: error %v", name, err)
		}
		if got := names(t, s, "actions"); len(got) != 3 {
			t.Fatalf("%s: entries %v: a refusal removed some", name, got)
		}
	}
	no := errors.New("no")
	if err := s.Remove(func(*Inventory) (Removal, error) { return Removal{Results: []string{"f1"}}, no }); !errors.Is(err, no) {
		t.Errorf("error %v", err)
	}
	if got := names(t, s, "actions"); len(got) != 3 {
		t.Errorf("entries %v", got)
	}
}
