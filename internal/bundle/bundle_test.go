package bundle

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
)

// contents are the files of a small bundle.
var contents = map[string]string{
	"config.json":                      `{"pipeline": "toy"}` + "\n",
	"replay.json":                      "{}\n",
	"report.json":                      `{"text": "ä\n"}` + "\n",
	"report-pictures-0.png":            "png\x00\x01",
	"source/toy.hcl":                   "pipeline {}\n",
	"models/a/1/saved_model.pb":        strings.Repeat("weights", 100),
	"models/a/1/variables/v.index":     "",
	"curves/pretrain.a=seed=0/x.jsonl": "{}\n",
	"models/" + strings.Repeat("long", 40) + "/1/é.bin": "x",
}

func entries(of map[string]string) []Entry {
	var all []Entry
	for name, text := range of {
		all = append(all, Bytes(name, []byte(text)))
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

func written(t testing.TB, of map[string]string) ([]byte, *Written) {
	t.Helper()
	var out bytes.Buffer
	w, err := Write(&out, "sslpipe, build 0", "toy", entries(of))
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), w
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// The bytes are pinned, since they name a result: a change of them is a change of
// format, or of the library that packs.
func TestTheSameContentGivesTheSameBytes(t *testing.T) {
	const want = "e3d82c77155ea9bf1c9495cf81132c78b43e587d4feaecc79c1882d599555fcd"
	for range 5 {
		data, w := written(t, contents)
		if w.SHA256 != digestOf(data) || w.Size != int64(len(data)) {
			t.Errorf("told are %s and %d bytes, and it has %d", w.SHA256, w.Size, len(data))
		}
		if w.SHA256 != want {
			t.Errorf("digest %s, want %s", w.SHA256, want)
		}
	}
}

func TestManifestAndListing(t *testing.T) {
	data, _ := written(t, map[string]string{"source/toy.hcl": "pipeline {}\n", "config.json": "{}"})
	unpacked, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var listing strings.Builder
	archive := tar.NewReader(unpacked)
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&listing, "%s %d %s %d:%d %q\n%s\n", h.FileInfo().Mode(), h.Size, h.ModTime.UTC().Format("2006-01-02"), h.Uid, h.Gid, h.Name, text)
	}
	want := `-rw-r--r-- 377 1970-01-01 0:0 "MANIFEST.json"
{
  "format": 1,
  "program": "sslpipe, build 0",
  "pipeline": "toy",
  "files": [
    {
      "name": "config.json",
      "size": 2,
      "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    },
    {
      "name": "source/toy.hcl",
      "size": 12,
      "sha256": "` + digestOf([]byte("pipeline {}\n")) + `"
    }
  ]
}

-rw-r--r-- 2 1970-01-01 0:0 "config.json"
{}
-rw-r--r-- 12 1970-01-01 0:0 "source/toy.hcl"
pipeline {}

`
	if diff := cmp.Diff(want, listing.String()); diff != "" {
		t.Errorf("listing (-want +got):\n%s", diff)
	}
}

// tree are the files of a folder with their content.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestUnpackGivesWhatWasPacked(t *testing.T) {
	data, w := written(t, contents)
	dir := t.TempDir()
	m, err := Unpack(bytes.NewReader(data), int64(len(data)), dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.Manifest, m); diff != "" {
		t.Errorf("manifest (-written +read):\n%s", diff)
	}
	got := tree(t, dir)
	delete(got, ManifestFile)
	if diff := cmp.Diff(contents, got); diff != "" {
		t.Errorf("files (-packed +unpacked):\n%s", diff)
	}
	if !m.Has("report.json") || m.Has("report.csv") {
		t.Error("the manifest does not know what it has")
	}
}

func TestWriteRefusesWhatItCouldNotRead(t *testing.T) {
	for _, name := range []string{"../x", "/x", "a\\b", "events.jsonl", "other/x", "models", "models/a/\x1b[31m", "models/\xff", ManifestFile, "models/" + strings.Repeat("x", maxName)} {
		if _, err := Write(io.Discard, "p", "toy", []Entry{Bytes(name, nil)}); err == nil {
			t.Errorf("%q is written", name)
		}
	}
	for _, pipeline := range []string{"", "a/b", "\x1b[2J", strings.Repeat("x", 201)} {
		if _, err := Write(io.Discard, "p", pipeline, nil); err == nil {
			t.Errorf("pipeline %q is written", pipeline)
		}
	}
	if _, err := Write(io.Discard, "p", "toy", []Entry{Bytes("config.json", nil), Bytes("config.json", nil)}); err == nil {
		t.Error("a file is written twice")
	}
	n := 0
	changing := Entry{"config.json", func() (io.ReadCloser, error) {
		n++
		return io.NopCloser(strings.NewReader(fmt.Sprint(n))), nil
	}}
	if _, err := Write(io.Discard, "p", "toy", []Entry{changing}); err == nil || err.Error() != "pack config.json: it changed while it was read" {
		t.Errorf("a file that changes: %v", err)
	}
	if _, err := Write(io.Discard, "p", "toy", []Entry{Copy("config.json", filepath.Join(t.TempDir(), "none"))}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// failing is a disk that is full after some bytes.
type failing struct{ left int }

var errFull = errors.New("no space left on device")

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func (f *failing) Close() error { return nil }

func TestErrorsOfWritingAreNotThoseOfTheBundle(t *testing.T) {
	data, _ := written(t, contents)
	for _, left := range []int{0, 10, 100} {
		if _, err := Write(&failing{left}, "p", "toy", entries(contents)); !errors.Is(err, errFull) {
			t.Errorf("writing with %d bytes left: %v", left, err)
		}
		_, err := Read(bytes.NewReader(data), int64(len(data)), func(File) (io.WriteCloser, error) { return &failing{left}, nil })
		if _, refused := errors.AsType[*RefusedError](err); refused || !errors.Is(err, errFull) {
			t.Errorf("reading with %d bytes left: %v", left, err)
		}
	}
}

// mustRefuse reads a bundle that must be refused, and looks that a folder that it is
// unpacked into has nothing outside, and that nothing is taken for good.
func mustRefuse(t *testing.T, name string, data []byte, want string) {
	t.Helper()
	parent := t.TempDir()
	dir := filepath.Join(parent, "in", "side")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := Unpack(bytes.NewReader(data), int64(len(data)), dir)
	if _, refused := errors.AsType[*RefusedError](err); !refused || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: error %v, want %q", name, err, want)
	}
	for path := range tree(t, parent) {
		if !strings.HasPrefix(path, "in/side/") {
			t.Errorf("%s: %s was written", name, path)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ManifestFile)); err == nil {
		t.Errorf("%s: the manifest was written", name)
	}
}

// entry is an entry of an archive that no program of ours writes.
type entry struct {
	tar.Header
	text string
}

func file(name, text string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(text)), Mode: 0o644}, text}
}

func packed(t testing.TB, list ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	packer, err := zstd.NewWriter(&out, zstd.WithWindowSize(windowSize))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(packer)
	for _, e := range list {
		if err := archive.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, e.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(archive.Flush(), archive.Close(), packer.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func manifest(t testing.TB, files ...File) entry {
	t.Helper()
	m := Manifest{Format: Format, Program: "p", Pipeline: "toy", Files: append([]File{}, files...)}
	text, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	return file(ManifestFile, string(text))
}

func listed(name, text string) File { return File{name, int64(len(text)), digestOf([]byte(text))} }

func TestHostileBundlesAreRefused(t *testing.T) {
	good := listed("config.json", "{}")
	link := entry{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: "config.json", Linkname: "/etc/passwd"}}
	hard := entry{Header: tar.Header{Typeflag: tar.TypeLink, Name: "config.json", Linkname: "MANIFEST.json"}}
	device := entry{Header: tar.Header{Typeflag: tar.TypeChar, Name: "config.json", Devmajor: 1, Devminor: 5}}
	pipe := entry{Header: tar.Header{Typeflag: tar.TypeFifo, Name: "config.json"}}
	folder := entry{Header: tar.Header{Typeflag: tar.TypeDir, Name: "models/", Mode: 0o755}}
	future := file(ManifestFile, `{"format": 2, "new": true}`)
	for _, c := range []struct {
		name string
		list []entry
		want string
	}{
		{"nothing", nil, "it is cut short"},
		{"no manifest", []entry{file("config.json", "{}")}, "it does not begin with MANIFEST.json"},
		{"manifest last", []entry{file("config.json", "{}"), manifest(t, good)}, "it does not begin with MANIFEST.json"},
		{"manifest is a link", []entry{{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: ManifestFile, Linkname: "x"}}}, "it does not begin with MANIFEST.json"},
		{"two manifests", []entry{manifest(t, good), manifest(t, good), file("config.json", "{}")}, `it holds "MANIFEST.json" where its manifest lists "config.json"`},
		{"a second manifest at the end", []entry{manifest(t, good), file("config.json", "{}"), manifest(t)}, `it holds "MANIFEST.json", which its manifest does not list`},
		{"manifest lists itself", []entry{manifest(t, listed(ManifestFile, "{}")), file(ManifestFile, "{}")}, "is none that a bundle has"},
		{"future version", []entry{future}, "it has format 2, and this program reads format 1"},
		{"no version", []entry{file(ManifestFile, "{}")}, "it has format 0"},
		{"no JSON", []entry{file(ManifestFile, "x")}, "its manifest cannot be read"},
		{"unknown field", []entry{file(ManifestFile, `{"format": 1, "pipeline": "toy", "x": 1}`)}, "is not written as this program writes it"},
		{"two values for a field", []entry{file(ManifestFile, strings.Replace(manifest(t).text, `"pipeline": "toy"`, "\"pipeline\": \"x\",\n  \"pipeline\": \"toy\"", 1))}, "is not written as this program writes it"},
		{"unlisted file", []entry{manifest(t, good), file("config.json", "{}"), file("report.json", "{}")}, `it holds "report.json", which its manifest does not list`},
		{"missing file", []entry{manifest(t, good, listed("report.json", "{}")), file("config.json", "{}")}, `"report.json" is listed and missing`},
		{"other order", []entry{manifest(t, good, listed("report.json", "{}")), file("report.json", "{}"), file("config.json", "{}")}, `where its manifest lists "config.json"`},
		{"listed out of order", []entry{manifest(t, listed("report.json", "{}"), good)}, "is listed twice or not in order"},
		{"listed twice", []entry{manifest(t, good, good)}, "is listed twice or not in order"},
		{"larger than listed", []entry{manifest(t, good), file("config.json", "{ }")}, `"config.json" has 3 bytes, and 2 are listed`},
		{"other content", []entry{manifest(t, good), file("config.json", "[]")}, `"config.json" is damaged: its digest is another`},
		{"symbolic link", []entry{manifest(t, good), link}, `"config.json" is no plain file`},
		{"hard link", []entry{manifest(t, good), hard}, `"config.json" is no plain file`},
		{"device", []entry{manifest(t, good), device}, `"config.json" is no plain file`},
		{"pipe", []entry{manifest(t, good), pipe}, `"config.json" is no plain file`},
		{"folder", []entry{manifest(t, good), folder, file("config.json", "{}")}, `it holds "models/" where its manifest lists "config.json"`},
		{"negative size", []entry{manifest(t, File{"config.json", -1, good.SHA256})}, "would unpack to more than"},
		{"lying size", []entry{manifest(t, File{"config.json", 1 << 40, good.SHA256})}, "would unpack to more than"},
		{"sizes that overflow", []entry{manifest(t, File{"config.json", 1 << 62, good.SHA256}, File{"report.csv", 1 << 62, good.SHA256})}, "would unpack to more than"},
		{"no digest", []entry{manifest(t, File{"config.json", 2, "xyz"})}, `the digest of "config.json" is none`},
		{"a file that is a folder", []entry{manifest(t, listed("models/a", "x"), listed("models/a/b", "x")), file("models/a", "x"), file("models/a/b", "x")}, ""},
		{"escape sequences", []entry{manifest(t, listed("config.json", `{"x": "\u001b[2J"}`)), file("config.json", `{"x": "\u001b[2J"}`)}, `"config.json" holds control characters`},
		{"escape sequences in a pipeline", []entry{manifest(t, listed("source/x.hcl", "\x1b]0;x\a")), file("source/x.hcl", "\x1b]0;x\a")}, `"source/x.hcl" holds control characters`},
		{"report that is no JSON", []entry{manifest(t, listed("report.json", "{")), file("report.json", "{")}, `"report.json" holds control characters or cannot be read`},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := packed(t, c.list...)
			if c.name == "a file that is a folder" { // the file system refuses it
				if _, err := Unpack(bytes.NewReader(data), int64(len(data)), t.TempDir()); err == nil {
					t.Error("it is unpacked")
				}
				return
			}
			mustRefuse(t, c.name, data, c.want)
		})
	}
}

func TestNamesThatLeadOutsideAreRefused(t *testing.T) {
	for _, name := range []string{"../x", "source/../../x", "/etc/x", "source//x", "source/./x", "./config.json", "source/", "source", "models",
		"C:\\x", "source/a\\b", "", ".", "..", "events.jsonl", "figures/.drawn", ".png", "cache/actions/x", "source/\u202egpj.exe", "source/a\nb"} {
		mustRefuse(t, name, packed(t, manifest(t, listed(name, "x")), file("x", "x")), "file ")
	}
}

// A link cannot get into the folder, so nothing is written through one; one that is
// there beforehand is not followed out of it either.
func TestLinksAreNotFollowed(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "source")); err != nil {
		t.Fatal(err)
	}
	data, _ := written(t, contents)
	if _, err := Unpack(bytes.NewReader(data), int64(len(data)), dir); err == nil {
		t.Error("it is unpacked through a link")
	}
	if found := tree(t, outside); len(found) > 0 {
		t.Errorf("outside are %v", found)
	}
}

func TestBombsAreRefused(t *testing.T) {
	zeros := strings.Repeat("\x00", maxManifest+1)
	mustRefuse(t, "listed", packed(t, manifest(t, File{"models/a", 70 << 20, listed("", "").SHA256})), "it would unpack to more than 671")
	sparse := entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: "models/a", Size: 0, Mode: 0o644, Format: tar.FormatPAX,
		PAXRecords: map[string]string{"comment": "x"}}}
	mustRefuse(t, "of no size", packed(t, manifest(t, listed("models/a", "x")), sparse), "has 0 bytes, and 1 are listed")
	mustRefuse(t, "manifest", packed(t, file(ManifestFile, zeros)), "its manifest has 33554433 bytes")
	after := append(packed(t, manifest(t)), compressed(t, strings.Repeat("\x00", 8<<20))...)
	mustRefuse(t, "behind the end", after, "it unpacks to more than its size allows")
	many := &Manifest{Format: Format, Program: "p", Pipeline: "toy", Files: make([]File, maxFiles+1)}
	if err := many.check(freeBytes); err == nil || !strings.Contains(err.Error(), "it has 100001 files, and at most 100000 are read") {
		t.Errorf("many files: %v", err)
	}
}

func compressed(t testing.TB, text string) []byte {
	t.Helper()
	packer, err := zstd.NewWriter(nil, zstd.WithWindowSize(windowSize))
	if err != nil {
		t.Fatal(err)
	}
	return packer.EncodeAll([]byte(text), nil)
}

func TestWhatFollowsTheEndIsRefused(t *testing.T) {
	data, _ := written(t, contents)
	mustRefuse(t, "another frame", append(slices.Clone(data), compressed(t, "x")...), "something follows its end")
	mustRefuse(t, "another bundle", append(slices.Clone(data), data...), "something follows its end")
	mustRefuse(t, "bytes", append(slices.Clone(data), "trailing bytes"...), "it is damaged")
	window := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0, 0} // an empty frame with a window of 1 GiB
	mustRefuse(t, "a window that takes too much memory", window, "it is damaged, or no bundle: window size exceeded")
}

func TestCutBundlesAreRefused(t *testing.T) {
	data, _ := written(t, contents)
	for tenth := range 10 {
		mustRefuse(t, fmt.Sprintf("%d0 %%", tenth), data[:len(data)*tenth/10], "it is ")
	}
	for _, missing := range []int{1, 2, 3, 4, 5} {
		mustRefuse(t, fmt.Sprintf("%d bytes less", missing), data[:len(data)-missing], "it is ")
	}
}

// A flipped bit is found, or makes no difference to what is unpacked.
func TestFlippedBitsAreFound(t *testing.T) {
	data, _ := written(t, contents)
	found := 0
	for at := range data {
		flipped := slices.Clone(data)
		flipped[at] ^= 1 << (at % 8)
		got := map[string]string{}
		_, err := Read(bytes.NewReader(flipped), int64(len(flipped)), func(f File) (io.WriteCloser, error) {
			return &kept{name: f.Name, to: got}, nil
		})
		if err != nil {
			found++
			continue
		}
		if diff := cmp.Diff(contents, got); diff != "" {
			t.Fatalf("a bit of byte %d changes (-packed +read):\n%s", at, diff)
		}
	}
	if found < len(data)*98/100 { // the rest are bits that packing does not use
		t.Errorf("%d of %d bits were not found", len(data)-found, len(data))
	}
}

// kept is a file in memory.
type kept struct {
	bytes.Buffer
	name string
	to   map[string]string
}

func (k *kept) Close() error {
	k.to[k.name] = k.String()
	return nil
}

func TestRatioLeavesRoomForSmallBundlesAndBoundsLargeOnes(t *testing.T) {
	for packed, want := range map[int64]int64{0: freeBytes, 1 << 20: 200<<20 + freeBytes, 1 << 40: maxUnpacked, 1 << 62: maxUnpacked} {
		if got := unpackedLimit(packed); got != want {
			t.Errorf("%d bytes may unpack to %d, want %d", packed, got, want)
		}
	}
}

func TestCopyReadsFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := Write(io.Discard, "p", "toy", []Entry{Copy("report.md", path)})
	if err != nil || !slices.Equal(w.Manifest.Files, []File{listed("report.md", "text")}) || w.Manifest.Size() != 4 {
		t.Errorf("%+v, %v", w, err)
	}
}

// unpackedOf is the archive in a bundle.
func unpackedOf(t testing.TB, data []byte) []byte {
	t.Helper()
	unpacker, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer unpacker.Close()
	archive, err := io.ReadAll(unpacker)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}
