package artifact

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := OpenStore(filepath.Join(t.TempDir(), "cache"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// result makes a unit's folder with these files.
func result(t *testing.T, s *Store, fingerprint string, files map[string]string) string {
	t.Helper()
	out := filepath.Join(s.WorkDir(fingerprint), "out")
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o777)); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		write(t, filepath.Join(out, name), text)
	}
	return out
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T, s *Store, fingerprint string, files map[string]string) *Entry {
	t.Helper()
	outs := map[string]Output{"data": {Type: TypeDataset, Meta: DatasetMeta{Name: "toy", Shape: [3]int{2, 3, 1}, Mean: []float64{0.25}}}}
	c, err := s.Commit(Work{Fingerprint: fingerprint, Unit: "download.images"}, result(t, s, fingerprint, files), outs, 1.5)
	if err != nil {
		t.Fatal(err)
	}
	return c.Entry
}

var toy = map[string]string{"b.txt": "hello\n", "a/z.bin": ""}

// toyDigest is sha256 of
// [{"path":"a/z.bin","size":0,"sha256":"e3b0..."},{"path":"b.txt","size":6,"sha256":"5891..."}],
// worked out by sha256sum.
const toyDigest = "899fdbde948579a6bc95c69be71a43539715c0409ae12a80b44c3636d50c7b6e"

func TestCommittedResultIsFound(t *testing.T) {
	s := open(t)
	commit(t, s, "f1", toy)
	e, ok, err := s.Lookup("f1")
	if err != nil || !ok {
		t.Fatalf("Lookup = %v, %v", ok, err)
	}
	if e.Tree != toyDigest {
		t.Errorf("digest %s, want %s", e.Tree, toyDigest)
	}
	if e.Unit != "download.images" || e.Seconds != 1.5 || e.Created.IsZero() {
		t.Errorf("entry %+v", e)
	}
	h, err := s.Handle(e, "data")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(s.Dir(), "objects", toyDigest); h.Path != want || h.Type != TypeDataset || h.Digest != toyDigest {
		t.Errorf("handle %+v, want path %s", h, want)
	}
	var meta DatasetMeta
	if err := h.Decode(&meta); err != nil || meta.Name != "toy" || meta.Mean[0] != 0.25 {
		t.Errorf("metadata %+v, %v", meta, err)
	}
	if text, err := os.ReadFile(filepath.Join(h.Path, "b.txt")); string(text) != "hello\n" {
		t.Errorf("b.txt holds %q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(h.Path, "a/z.bin")); err != nil || info.Mode() != 0o444 {
		t.Errorf("mode %v, %v: stored files are read-only", info.Mode(), err)
	}
	if _, err := os.Lstat(filepath.Join(s.WorkDir("f1"), "out")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("out is still in the work folder: %v", err)
	}
}

func TestUnknownOutputNamesWhatThereIs(t *testing.T) {
	s := open(t)
	_, err := s.Handle(commit(t, s, "f1", toy), "dta")
	if err == nil || err.Error() != `download.images has no output "dta"; it has: data` {
		t.Errorf("error %v", err)
	}
}

func TestAbsentResultIsNoError(t *testing.T) {
	if e, ok, err := open(t).Lookup("f1"); e != nil || ok || err != nil {
		t.Errorf("Lookup = %v, %v, %v", e, ok, err)
	}
}

func TestEqualContentIsStoredOnce(t *testing.T) {
	s := open(t)
	a, b := commit(t, s, "f1", toy), commit(t, s, "f2", toy)
	if a.Tree != b.Tree {
		t.Errorf("digests %s and %s", a.Tree, b.Tree)
	}
	if got := names(t, s, "objects"); len(got) != 1 {
		t.Errorf("objects %v, want one", got)
	}
	for _, f := range []string{"f1", "f2"} {
		if _, ok, err := s.Lookup(f); !ok || err != nil {
			t.Errorf("Lookup(%s) = %v, %v", f, ok, err)
		}
	}
}

func TestFirstResultWinsAndTheOtherIsRecorded(t *testing.T) {
	s := open(t)
	first := commit(t, s, "f1", toy)
	for range 2 { // the same difference twice is one record
		commit(t, s, "f1", map[string]string{"b.txt": "other\n"})
	}
	commit(t, s, "f1", toy)
	e, ok, err := s.Lookup("f1")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if e.Tree != first.Tree {
		t.Errorf("entry names %s, want the first, %s", e.Tree, first.Tree)
	}
	other := treeDigest([]File{{Path: "b.txt", Size: 6, SHA256: digest([]byte("other\n"))}})
	if len(e.Divergent) != 1 || e.Divergent[0].Tree != other {
		t.Errorf("divergent %+v, want %s once", e.Divergent, other)
	}
}

func TestResultsHoldOnlyFilesAndFolders(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want string
	}{
		"link": {func(p string) error { return os.Symlink("/etc/hostname", p) }, "sub/x is a symbolic link: results hold only files and folders"},
		"pipe": {func(p string) error { return syscall.Mkfifo(p, 0o666) }, "sub/x is a named pipe: results hold only files and folders"},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			out := result(t, s, "f1", map[string]string{"sub/a": "a"})
			if err := c.make(filepath.Join(out, "sub/x")); err != nil {
				t.Fatal(err)
			}
			_, err := s.Commit(Work{Fingerprint: "f1", Unit: "u"}, out, nil, 0)
			if err == nil || err.Error() != "store result: "+c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if got := append(names(t, s, "objects"), names(t, s, "actions")...); len(got) != 0 {
				t.Errorf("left %v in the store", got)
			}
		})
	}
}

func TestCommitOfALinkIsRefused(t *testing.T) {
	s := open(t)
	out := result(t, s, "f1", toy)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(out, link); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(Work{Fingerprint: "f1", Unit: "u"}, link, nil, 0); err == nil {
		t.Error("a link was committed")
	}
}

func TestMetadataThatIsNotJSONIsRefused(t *testing.T) {
	s := open(t)
	outs := map[string]Output{"data": {Type: TypeDataset, Meta: DatasetMeta{Mean: []float64{math.NaN()}}}}
	_, err := s.Commit(Work{Fingerprint: "f1", Unit: "u"}, result(t, s, "f1", toy), outs, 0)
	if err == nil || !strings.Contains(err.Error(), "write metadata of output data: json: unsupported value: NaN") {
		t.Errorf("error %v", err)
	}
}

func TestFingerprintsAreNotPaths(t *testing.T) {
	s := open(t)
	for _, f := range []string{"", "../x", "a/b", ".", "a.json"} {
		if _, _, err := s.Lookup(f); err == nil {
			t.Errorf("Lookup(%q) has no error", f)
		}
		if _, err := s.Commit(Work{Fingerprint: f, Unit: "u"}, t.TempDir(), nil, 0); err == nil {
			t.Errorf("Commit(%q) has no error", f)
		}
	}
}

func TestLinkedCacheWorksBesideItsTarget(t *testing.T) {
	disk := t.TempDir()
	link := filepath.Join(t.TempDir(), "cache")
	if err := errors.Join(os.Mkdir(filepath.Join(disk, "big"), 0o777), os.Symlink(filepath.Join(disk, "big"), link)); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore(link)
	if err != nil {
		t.Fatal(err)
	}
	disk, err = filepath.EvalSymlinks(disk)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.WorkDir("f1"), filepath.Join(disk, "work", "f1"); got != want {
		t.Errorf("work folder %s, want %s", got, want)
	}
}

func TestEntryFileShape(t *testing.T) {
	s := open(t)
	commit(t, s, "f1", map[string]string{"b.txt": "hello\n"})
	text, err := os.ReadFile(filepath.Join(s.Dir(), "actions", "f1.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		SHA256 string
		Entry  map[string]any
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	delete(got.Entry, "created")
	delete(got.Entry, "tree")
	want := map[string]any{
		"fingerprint": "f1",
		"unit":        "download.images",
		"seconds":     1.5,
		"files":       []any{map[string]any{"path": "b.txt", "size": 6.0, "sha256": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"}},
		"outputs": map[string]any{"data": map[string]any{"type": "dataset", "meta": map[string]any{
			"name": "toy", "shape": []any{2.0, 3.0, 1.0}, "classes": nil, "splits": nil, "mean": []any{0.25}, "std": nil,
		}}},
	}
	if diff := cmp.Diff(want, got.Entry); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	if len(got.SHA256) != 64 {
		t.Errorf("checksum %q", got.SHA256)
	}
}

func names(t *testing.T, s *Store, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.Dir(), folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A process that was stopped while it changed the store does not make others hang:
// they say who it is, and an interrupt ends their waiting.
func TestStoreWaitsForItsLockUntilTheContextEnds(t *testing.T) {
	s := open(t)
	e := commit(t, s, "f1", toy)
	ctx, cancel := context.WithCancel(t.Context())
	var told []string
	waiting := s.With(ctx, func(holder string) {
		told = append(told, holder)
		cancel()
	})
	err := s.Exclusively(func() error {
		if _, err := OpenStore(s.Dir()); err != nil { // does not wait
			t.Error(err)
		}
		return waiting.Exclusively(func() error { return errors.New("the lock was had twice") })
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if len(told) != 1 || !strings.HasPrefix(told[0], fmt.Sprintf("process %d on ", os.Getpid())) {
		t.Errorf("told of %v", told)
	}
	// Reading ends too, and says nothing of what was not read.
	if err := waiting.Verify(e); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
	if _, ok, err := s.Lookup("f1"); !ok || err != nil || s.Verify(e) != nil {
		t.Errorf("Lookup = %v, %v", ok, err)
	}
}
