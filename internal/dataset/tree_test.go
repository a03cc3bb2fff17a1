package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// entry is a member of an archive that a test builds.
type entry struct {
	name, body string
	kind       byte // tar type; 0 a plain file
	link       string
}

var plain = []entry{{name: "b/two.txt", body: "two"}, {name: "a/one.txt", body: "one"}, {name: "a/empty"}}

func tarOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, e := range entries {
		if e.kind == 0 {
			e.kind = tar.TypeReg
		}
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o644, Size: int64(len(e.body)), Format: tar.FormatUSTAR}
		if !ascii(e.name) {
			h.Format = tar.FormatPAX
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func ascii(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 }

func zipOf(t testing.TB, entries []entry, method uint16) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: method}
		if e.kind == tar.TypeSymlink {
			h.SetMode(os.ModeSymlink | 0o777)
			e.body = e.link
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func zstdOf(t testing.TB, data []byte, options ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

func testOpener(t *testing.T) opener {
	return opener{ctx: t.Context(), scratch: t.TempDir(), limits: defaultLimits, report: func(int64, int64) {}}
}

// openBytes opens an archive that is written to a file first.
func openBytes(t *testing.T, o opener, data []byte) (tree, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return o.open(path)
}

func TestTreesHoldTheSame(t *testing.T) {
	folder := t.TempDir()
	for _, e := range plain {
		path := filepath.Join(folder, e.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(e.body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	withFolders := append([]entry{{name: "./", kind: tar.TypeDir}, {name: "a/", kind: tar.TypeDir}}, plain...)
	for name, data := range map[string][]byte{
		"zip deflated":                  zipOf(t, plain, zip.Deflate),
		"zip stored":                    zipOf(t, plain, zip.Store),
		"tar":                           tarOf(t, withFolders),
		"tar.gz":                        gzipOf(t, tarOf(t, plain)),
		"tar.zst":                       zstdOf(t, tarOf(t, plain)),
		"tar.zst with a 128 MiB window": zstdOf(t, tarOf(t, plain), zstd.WithWindowSize(128<<20)),
		"folder":                        nil,
	} {
		t.Run(name, func(t *testing.T) {
			o := testOpener(t)
			open := func() (tree, error) { return openBytes(t, o, data) }
			if data == nil {
				open = func() (tree, error) { return o.open(folder) }
			}
			tree, err := open()
			if err != nil {
				t.Fatal(err)
			}
			if want := []string{"a/empty", "a/one.txt", "b/two.txt"}; !slices.Equal(tree.names(), want) {
				t.Errorf("names %q, want %q", tree.names(), want)
			}
			for _, e := range plain {
				if got, err := readAll(tree.open(e.name)); err != nil || string(got) != e.body {
					t.Errorf("%s holds %q, error %v; want %q", e.name, got, err, e.body)
				}
			}
			if _, err := tree.open("c"); err == nil {
				t.Error("a file that is not there opened")
			}
			if err := tree.Close(); err != nil {
				t.Error(err)
			}
			if left, _ := os.ReadDir(o.scratch); len(left) != 0 {
				t.Errorf("scratch folder keeps %v", left)
			}
		})
	}
}

func TestHostileArchives(t *testing.T) {
	for name, c := range map[string]struct {
		entry entry
		want  string
	}{
		"parent":          {entry{name: "../evil"}, "leads outside"},
		"parent within":   {entry{name: "a/../../evil"}, "leads outside"},
		"absolute":        {entry{name: "/etc/evil"}, "leads outside"},
		"backslash":       {entry{name: `a\..\evil`}, "leads outside"},
		"folder outside":  {entry{name: "../evil/", kind: tar.TypeDir}, "leads outside"},
		"symbolic link":   {entry{name: "link", kind: tar.TypeSymlink, link: "/etc/passwd"}, "is no plain file"},
		"hard link":       {entry{name: "link", kind: tar.TypeLink, link: "a/one.txt"}, "is a link"},
		"device":          {entry{name: "dev", kind: tar.TypeChar}, "is no plain file"},
		"pipe":            {entry{name: "pipe", kind: tar.TypeFifo}, "is no plain file"},
		"twice":           {entry{name: "a/one.txt", body: "other"}, "is there twice"},
		"twice, unclean":  {entry{name: "./a/one.txt", body: "other"}, "is there twice"},
		"dots in between": {entry{name: "a/./one.txt"}, "no clean path"},
	} {
		entries := append(slices.Clone(plain), c.entry)
		_, err := openBytes(t, testOpener(t), tarOf(t, entries))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("tar, %s: error %v, want %q", name, err, c.want)
		}
		if c.entry.kind != 0 && c.entry.kind != tar.TypeSymlink && c.entry.kind != tar.TypeDir {
			continue // zip has no such entries
		}
		if _, err = openBytes(t, testOpener(t), zipOf(t, entries, zip.Store)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("zip, %s: error %v, want %q", name, err, c.want)
		}
	}
}

func TestBombs(t *testing.T) {
	zeros := []entry{{name: "zeros", body: strings.Repeat("\x00", 2<<20)}}
	o := testOpener(t)
	o.limits = limits{entries: 3, bytes: 1 << 20, ratio: 10}
	for name, data := range map[string][]byte{
		"zip": zipOf(t, zeros, zip.Deflate), "tar": tarOf(t, zeros),
		"tar.gz": gzipOf(t, tarOf(t, zeros)), "tar.zst": zstdOf(t, tarOf(t, zeros)),
	} {
		if _, err := openBytes(t, o, data); err == nil || !strings.Contains(err.Error(), "unpacks to more than 1048576 bytes") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	four := append(slices.Clone(plain), entry{name: "four"})
	for name, data := range map[string][]byte{"zip": zipOf(t, four, zip.Store), "tar": tarOf(t, four)} {
		if _, err := openBytes(t, o, data); err == nil || !strings.Contains(err.Error(), "more than 3 entries") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if got := defaultLimits.unpacked(1000); got != 200*1000+64<<20 {
		t.Errorf("1,000 bytes may unpack to %d", got)
	}
}

func TestDamagedArchives(t *testing.T) {
	packed := gzipOf(t, tarOf(t, plain))
	deflated := zipOf(t, []entry{{name: "x", body: strings.Repeat("some text ", 100)}}, zip.Deflate)
	deflated[45] ^= 0xff // within the compressed bytes
	for name, data := range map[string][]byte{
		"truncated gzip": packed[:len(packed)-20],
		"truncated tar":  tarOf(t, plain)[:700],
		"truncated zip":  zipOf(t, plain, zip.Store)[:100],
		"text":           []byte("not an archive"),
		"empty":          nil,
		"gzip of text":   gzipOf(t, []byte("text")),
	} {
		if _, err := openBytes(t, testOpener(t), data); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	tree, err := openBytes(t, testOpener(t), deflated)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(tree.open("x")); err == nil {
		t.Error("a damaged member was read")
	}
}

func TestFolderLinks(t *testing.T) {
	outside, folder := t.TempDir(), t.TempDir()
	for _, path := range []string{filepath.Join(outside, "secret"), filepath.Join(folder, "file")} {
		if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("file", filepath.Join(folder, "inside")); err != nil {
		t.Fatal(err)
	}
	tree, err := testOpener(t).open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(tree.open("inside")); err != nil || string(got) != "text" {
		t.Errorf("link inside reads %q, error %v", got, err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(folder, "out")); err != nil {
		t.Fatal(err)
	}
	if _, err := testOpener(t).open(folder); err == nil || !strings.Contains(err.Error(), "out: ") {
		t.Errorf("link outside: error %v", err)
	}
}

func TestSpoolBeyondMemory(t *testing.T) {
	o := testOpener(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), inMemory/16+1)
	b, err := o.spool(bytes.NewReader(big), int64(len(big)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if _, onDisk := b.(fileBlob); !onDisk || b.Size() != int64(len(big)) {
		t.Errorf("spooled %d bytes into %T", b.Size(), b)
	}
	got := make([]byte, 20)
	if _, err := b.ReadAt(got, int64(len(big)-20)); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, big[len(big)-20:]) {
		t.Errorf("end reads %q, error %v", got, err)
	}
	if left, _ := os.ReadDir(o.scratch); len(left) != 0 {
		t.Errorf("scratch folder keeps %v", left)
	}
}
