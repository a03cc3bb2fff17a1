package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/fetch"
	"sslpipe/internal/tf/tftest"
)

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestKnownSetsAreComplete(t *testing.T) {
	want := "fashion-mnist-mini fashion-mnist tiny-imagenet cifar10 cifar100 stl10 imagenette kjv imdb ag_news sst2"
	if got := strings.Join(KnownNames(), " "); got != want {
		t.Errorf("known sets %q, want %q", got, want)
	}
	for _, k := range Known {
		if !strings.HasSuffix(k.Doc, ".") || k.License == "" || !slices.Contains(Layouts(), k.Layout) || IsText(k.Layout) != (k.Shape == [3]int{}) {
			t.Errorf("%s: doc %q, licence %q, layout %q, shape %v", k.Name, k.Doc, k.License, k.Layout, k.Shape)
		}
		if (len(k.Files) == 0) != (k.Embedded != nil) {
			t.Errorf("%s: needs either files or addresses", k.Name)
		}
		for _, f := range k.Files {
			if name, err := fileName(f.URL); err != nil || name == "" || !fetch.IsSHA256(f.SHA256) || f.Size < 0 {
				t.Errorf("%s: %+v, error %v", k.Name, f, err)
			}
		}
	}
}

func TestKnownShape(t *testing.T) {
	for _, c := range []struct {
		s    Source
		want [3]int
	}{
		{Source{Name: "tiny-imagenet"}, [3]int{64, 64, 3}},
		{Source{Name: "tiny-imagenet", ImageSize: 32}, [3]int{32, 32, 3}},
		{Source{Name: "fashion-mnist", Channels: 3}, [3]int{28, 28, 3}},
		{Source{Path: "x", Layout: "image-folder", ImageSize: 32}, [3]int{32, 32, 3}},
		{Source{Path: "x", Layout: "image-folder"}, [3]int{}},
		{Source{Path: "x", Layout: "idx", ImageSize: 32}, [3]int{}},
		{Source{Path: "x", Layout: "idx", ImageSize: 32, Channels: 1}, [3]int{32, 32, 1}},
	} {
		if got := KnownShape(c.s); got != c.want {
			t.Errorf("%+v: %v, want %v", c.s, got, c.want)
		}
	}
}

func TestSourceRefusals(t *testing.T) {
	digest := strings.Repeat("0", 64)
	for want, s := range map[string]Source{
		`no known data set "cifar"; known are fashion-mnist-mini`: {Name: "cifar"},
		"a source needs a name, a url or a path":                  {},
		"a url stands alone":                                      {URL: "http://x/y.zip", Name: "cifar10", SHA256: digest},
		"needs the sha256 of what it serves":                      {URL: "http://x/y.zip", Layout: "idx"},
		`"12" is not a sha256`:                                    {URL: "http://x/y.zip", Layout: "idx", SHA256: "12"},
		`no layout "zip"; the layouts are image-folder`:           {Path: "x", Layout: "zip"},
		"image size -1":                                           {Name: "cifar10", ImageSize: -1},
		"2 channels":                                              {Name: "cifar10", Channels: 2},
		"cannot be negative":                                      {Name: "cifar10", TestPerClass: -1},
		"at least two classes":                                    {Name: "cifar10", Classes: map[string]string{"a": "cat"}},
		"is no http or https address":                             {URL: "ftp://x/y.zip", Layout: "idx", SHA256: digest},
		`"http://x/%1b[2J" ends in a name that no file`:           {URL: "http://x/%1b[2J", Layout: "idx", SHA256: digest},
		`"http://me:xxxxx@x/" is no http`:                         {URL: "http://me:sesame@x/", Layout: "idx", SHA256: digest},
		"no such file":                                            {Path: "/does/not/exist.zip", Layout: "idx"},
		"a sha256 belongs to an archive":                          {Path: t.TempDir(), Layout: "idx", SHA256: digest},
	} {
		if _, err := tryPrepare(t, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", s, err, want)
		}
	}
}

func TestPrepareFromURL(t *testing.T) {
	folder := tinyIDX(t)
	var entries []entry
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{name: "set/" + f.Name(), body: string(data)})
	}
	archive := gzipOf(t, tarOf(t, entries))
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write(archive)
	}))
	defer server.Close()
	downloads := t.TempDir()
	s := Source{URL: server.URL + "/set.tar.gz?version=2", SHA256: strings.ToUpper(digestOf(archive)), Layout: "idx"}
	for range 2 {
		dst := t.TempDir()
		meta, err := Prepare(t.Context(), s, downloads, dst, Watch{})
		if err != nil {
			t.Fatal(err)
		}
		if meta.Splits[Train] != 12 || meta.Splits[Test] != 4 || meta.Source != s.URL {
			t.Errorf("description %+v", meta)
		}
	}
	if asked != 1 {
		t.Errorf("asked the server %d times for one file", asked)
	}
	if _, err := os.Stat(filepath.Join(downloads, digestOf(archive)[:16], "set.tar.gz")); err != nil {
		t.Error(err)
	}
}

// What is secret in an address is in no name, message or description, even where it was
// changed on its way there; what tells the kind of the file and its part remains.
func TestPrepareHidesSecrets(t *testing.T) {
	content := []byte("text,label\n" + strings.Repeat("a good one,1\na bad one,0\n", 20))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }))
	defer server.Close()
	var told strings.Builder
	downloads, dst := t.TempDir(), t.TempDir()
	address := server.URL + "/OF-MINE/OF-MINE.test.csv?key=of-mine"
	meta, err := Prepare(t.Context(), Source{URL: address, SHA256: digestOf(content), Layout: "csv", ValidationPerClass: 5}, downloads, dst, Watch{
		Report: func(_, _ int64, note string) { told.WriteString(note + "\n") },
		Logf:   func(format string, args ...any) { fmt.Fprintf(&told, format+"\n", args...) },
		Redact: func(text string) string { return strings.ReplaceAll(text, address, "(sensitive)") },
	})
	if err == nil || !strings.HasPrefix(err.Error(), "prepare data set data.test.csv: ") {
		t.Errorf("description %+v, error %v", meta, err) // there is nothing to train on
	}
	for _, folder := range []string{downloads, dst} {
		err = filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
			told.WriteString(strings.TrimPrefix(path, folder) + "\n")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	if got := told.String(); strings.Contains(strings.ToLower(got), "of-mine") || !strings.Contains(got, "downloading data.test.csv\n") {
		t.Errorf("told: %s", got)
	}
	for name, want := range map[string]string{
		"x.zip": "data.zip", "Train-images.X.tar.gz": "data.train.tar.gz", "x": "data", "x.tokens": "data.tokens", "a.JSONL.zst": "data.jsonl.zst",
	} {
		if got := openName(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestPrepareNamesNoSecretFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "of-mine")
	if err := os.Rename(tinyIDX(t), folder); err != nil {
		t.Fatal(err)
	}
	meta, err := Prepare(t.Context(), Source{Path: folder, Layout: "idx"}, t.TempDir(), t.TempDir(), Watch{
		Redact: func(text string) string { return strings.ReplaceAll(text, folder, "(sensitive)") },
	})
	if err != nil || meta.Name != "data" || meta.Source != "folder data" {
		t.Errorf("description %+v, error %v", meta, err)
	}
}

func TestPrepareChecksLocalDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar")
	if err := os.WriteFile(path, tarOf(t, plain), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := tryPrepare(t, Source{Path: path, Layout: "idx", SHA256: strings.Repeat("0", 64)})
	if err == nil || !strings.Contains(err.Error(), "has sha256 "+digestOf(tarOf(t, plain))+", not 0000") {
		t.Errorf("error %v", err)
	}
}

// TestSharedTinyImageNet runs on real images where they are there.
func TestSharedTinyImageNet(t *testing.T) {
	const path = "../../../shared/data/tiny-imagenet-200-half.zip"
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs ../shared/data/tiny-imagenet-200-half.zip beside the repository")
	}
	if testing.Short() {
		t.Skip("decodes a thousand images")
	}
	tftest.Load(t)
	d := prepare(t, Source{
		Name: "tiny-imagenet", Path: path, SHA256: "0f02b28405c46d50c24e2d2785c2044942e13520e06a580967448914130d3bf3",
		Classes: map[string]string{"duck": "n01855672", "fish": "n01443537"}, ImageSize: 32,
		ValidationPerClass: 50, TestPerClass: 200, UnlabelledLimit: 600, Seed: 1,
	})
	for split, want := range map[string]int{Test: 500, Validation: 100, Train: 500, Unlabelled: 600} {
		if d.Meta.Splits[split] != want {
			t.Errorf("%s has %d images, want %d", split, d.Meta.Splits[split], want)
		}
	}
	if len(d.Report.Skipped) != 0 || d.Report.Converted["grey to colour"] == 0 {
		t.Errorf("report %+v", d.Report)
	}
}
