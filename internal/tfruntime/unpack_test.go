package tfruntime

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpackInto unpacks an archive with a selection that keeps everything.
func unpackInto(t *testing.T, dir, name string, content []byte, l limits) (*unpacker, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	write(t, path, content)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	u := &unpacker{root: root, limits: l, report: func(int64, int64) {}}
	all := func(entry string) (string, bool) { return entry, true }
	if name == "a.whl" {
		return u, u.wheel(t.Context(), path, all)
	}
	return u, u.tarball(t.Context(), path, all)
}

// tarred makes a gzipped tar file of items. The body of a link is its target.
func tarred(t *testing.T, items []item) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for _, i := range items {
		header := &tar.Header{Name: i.name, Typeflag: tar.TypeReg, Size: int64(len(i.body)), Mode: 0o644}
		if i.mode&fs.ModeSymlink != 0 {
			header = &tar.Header{Name: i.name, Typeflag: tar.TypeSymlink, Linkname: i.body}
			i.body = ""
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(i.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileArchivesAreRefused(t *testing.T) {
	small := limits{entries: 4, file: 100, total: 150, tar: 1 << 20}
	for name, c := range map[string]struct {
		items   []item
		message string
	}{
		"a name that climbs":     {[]item{{name: "../evil", body: "x"}}, "points outside"},
		"one that climbs inside": {[]item{{name: "a/../../evil", body: "x"}}, "points outside"},
		"an absolute name":       {[]item{{name: "/tmp/evil", body: "x"}}, "points outside"},
		"a file too large":       {[]item{{name: "big", body: strings.Repeat("x", 101)}}, "100"},
		"too much in all":        {[]item{{name: "a", body: strings.Repeat("x", 100)}, {name: "b", body: strings.Repeat("x", 51)}}, "more than 50 bytes"},
		"too many entries":       {[]item{{name: "a"}, {name: "b"}, {name: "c"}, {name: "d"}, {name: "e"}}, "more than 4 entries"},
		"the same name twice":    {[]item{{name: "a", body: "1"}, {name: "a", body: "2"}}, "exists"},
	} {
		t.Run(name, func(t *testing.T) {
			for file, content := range map[string][]byte{"a.whl": zipped(t, c.items), "a.tar.gz": tarred(t, c.items)} {
				outside := t.TempDir()
				dir := filepath.Join(outside, "inside")
				if err := os.Mkdir(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				if _, err := unpackInto(t, dir, file, content, small); err == nil || !strings.Contains(err.Error(), c.message) {
					t.Errorf("%s: %v, want an error about %q", file, err, c.message)
				}
				if exists(filepath.Join(outside, "evil")) || exists("/tmp/evil") {
					t.Errorf("%s: a file was written outside", file)
				}
			}
		})
	}
}

// What is not kept of a tar file has to be unpacked all the same.
func TestBombsThatAreNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.tar.gz")
	write(t, path, tarred(t, []item{{name: "zeros", body: strings.Repeat("\x00", 2<<20)}, {name: "kept", body: "x"}}))
	for most, want := range map[int64]string{1 << 20: "unpacks to more than 1048576 bytes", 3 << 20: ""} {
		u := &unpacker{limits: limits{entries: 10, tar: most}, report: func(int64, int64) {}}
		err := u.tarball(t.Context(), path, func(string) (string, bool) { return "", false })
		if (want == "") != (err == nil) || err != nil && err.Error() != want {
			t.Errorf("of %d bytes: error %v, want %q", most, err, want)
		}
	}
}

func TestLinksAreNotMade(t *testing.T) {
	outside := t.TempDir()
	items := []item{
		{name: "tensorflow", body: outside, mode: fs.ModeSymlink | 0o777},
		{name: "tensorflow/libtensorflow_cc.so.2", body: "library"},
		{name: "nvidia", body: "/etc/passwd", mode: fs.ModeSymlink | 0o777},
	}
	for file, content := range map[string][]byte{"a.whl": zipped(t, items), "a.tar.gz": tarred(t, items)} {
		dir := t.TempDir()
		u, err := unpackInto(t, dir, file, content, defaultLimits)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(u.files) != 1 || u.files[0].Path != "tensorflow/libtensorflow_cc.so.2" {
			t.Errorf("%s unpacked %+v, want the one plain file", file, u.files)
		}
		if exists(filepath.Join(outside, "libtensorflow_cc.so.2")) || exists(filepath.Join(dir, "nvidia")) {
			t.Errorf("%s: a link was made", file)
		}
	}
}

// A zip file states sizes twice and may lie.
func TestLyingSizeIsRefused(t *testing.T) {
	content := zipped(t, []item{{name: "a", body: strings.Repeat("x", 1000)}})
	lying := bytes.ReplaceAll(content, []byte{0xe8, 0x03, 0, 0}, []byte{10, 0, 0, 0})
	if bytes.Equal(content, lying) {
		t.Fatal("the size was not found in the file")
	}
	if _, err := unpackInto(t, t.TempDir(), "a.whl", lying, limits{entries: 10, file: 100, total: 1000, tar: 1 << 20}); err == nil {
		t.Error("a file of 1000 bytes was taken for one of 10")
	}
}

func TestDamagedArchivesAreRefused(t *testing.T) {
	items := []item{{name: "a", body: strings.Repeat("some text ", 500)}}
	whl, tgz := zipped(t, items), tarred(t, items)
	for name, c := range map[string]struct {
		file    string
		content []byte
	}{
		"zip cut":                {"a.whl", whl[:len(whl)-30]},
		"zip, byte changed":      {"a.whl", flipped(whl, 60)},
		"tar cut":                {"a.tar.gz", tgz[:len(tgz)-30]},
		"tar cut in trailer":     {"a.tar.gz", tgz[:len(tgz)-2]},
		"tar, checksum changed":  {"a.tar.gz", flipped(tgz, len(tgz)-6)},
		"tar, length changed":    {"a.tar.gz", flipped(tgz, len(tgz)-2)},
		"no archive, as zip":     {"a.whl", []byte("<html>not found</html>")},
		"no archive, as tarball": {"a.tar.gz", []byte("<html>not found</html>")},
	} {
		if _, err := unpackInto(t, t.TempDir(), c.file, c.content, defaultLimits); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func flipped(b []byte, at int) []byte {
	c := bytes.Clone(b)
	c[at] ^= 0xff
	return c
}
