package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// generated is an archive that is never stored: its bytes are made as they are
// read, block by block.
type generated struct {
	length, block int64
	at            func(n int64) []byte // the n-th block
	read          int64                // bytes so far
}

func (g *generated) Size() int64  { return g.length }
func (g *generated) Close() error { return nil }

func (g *generated) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < g.length {
		copied := copy(p[n:], g.at(off / g.block)[off%g.block:])
		n, off = n+copied, off+int64(copied)
	}
	g.read += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// tarOfMillions has as many entries, each a folder of the same name.
func tarOfMillions(t *testing.T, entries int64) *generated {
	var one bytes.Buffer
	w := tar.NewWriter(&one)
	if err := w.WriteHeader(&tar.Header{Name: "d/", Typeflag: tar.TypeDir, Mode: 0o755, Format: tar.FormatUSTAR}); err != nil {
		t.Fatal(err)
	}
	header := one.Bytes()[:512]
	return &generated{length: 512 * (entries + 2), block: 512, at: func(n int64) []byte {
		if n < entries {
			return header
		}
		return make([]byte, 512)
	}}
}

// zipOfMillions has as many entries in its list, and says it had fewer.
func zipOfMillions(entries int64) *generated {
	const block = 64 // of which an entry of the list has 46 bytes and a name of 18
	record := make([]byte, block)
	copy(record, "PK\x01\x02")
	record[28] = block - 46
	end := make([]byte, block)
	copy(end[42:], "PK\x05\x06")
	binary.LittleEndian.PutUint16(end[42+10:], uint16(entries))
	binary.LittleEndian.PutUint32(end[42+12:], uint32(entries*block))
	binary.LittleEndian.PutUint32(end[42+16:], block)
	return &generated{length: block * (entries + 2), block: block, at: func(n int64) []byte {
		switch n {
		case 0:
			return append([]byte("PK\x03\x04"), make([]byte, block-4)...)
		case entries + 1:
			return end
		}
		copy(record[46:], fmt.Sprintf("%018d", n))
		return record
	}}
}

// An archive of more entries than memory should hold is refused once they are
// counted, long before it is read.
func TestMillionsOfEntries(t *testing.T) {
	o := testOpener(t)
	o.limits.entries = 10_000
	for name, archive := range map[string]*generated{"tar": tarOfMillions(t, 10_000_000), "zip": zipOfMillions(10_000_000)} {
		_, err := o.openArchive(archive)
		if err == nil || !strings.Contains(err.Error(), "has more than 10000 entries") {
			t.Errorf("%s: error %v", name, err)
		}
		if archive.read > 8<<20 {
			t.Errorf("%s: read %d of %d bytes", name, archive.read, archive.length)
		}
	}
	// The list of few entries is read.
	few, err := o.openArchive(zipOfMillions(9_000))
	if err != nil || len(few.names()) != 9_000 {
		t.Fatalf("9,000 entries: %v", err)
	}
	if defaultLimits.entries >= 10_000_000 {
		t.Errorf("%d entries are allowed", defaultLimits.entries)
	}
}

// rezipped makes a zip whose list of entries is changed.
func rezipped(t *testing.T, entries []entry, change func(list []byte)) []byte {
	data := zipOf(t, entries, zip.Deflate)
	at := bytes.Index(data, []byte("PK\x01\x02"))
	change(data[at:])
	return data
}

// A zip states sizes that its data does not have.
func TestLyingSizes(t *testing.T) {
	text := []entry{{name: "x", body: strings.Repeat("some text ", 100)}}
	resized := func(n uint32) []byte {
		return rezipped(t, text, func(list []byte) { binary.LittleEndian.PutUint32(list[24:], n) })
	}
	for name, data := range map[string][]byte{"smaller": resized(10), "larger": resized(5000), "none": resized(0)} {
		tree, err := openBytes(t, testOpener(t), data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := readAll(tree.open("x")); err == nil || !strings.HasPrefix(err.Error(), "x: ") {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
	}
	small := testOpener(t)
	small.limits = limits{entries: 10, bytes: 1 << 20, ratio: 10}
	if _, err := openBytes(t, small, resized(1<<31)); err == nil || !strings.Contains(err.Error(), "unpacks to more than 1048576 bytes") {
		t.Errorf("2 GiB: %v", err)
	}
	huge := bytes.Clone(zipOf(t, text, zip.Deflate))
	at := bytes.Index(huge, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint16(huge[at+28:], 1)
	if _, err := openBytes(t, small, huge[:len(huge)-1]); err == nil {
		t.Error("a zip without its end was opened")
	}
}

// Entries that share their data unpack to as much as if they did not.
func TestOverlappingEntries(t *testing.T) {
	var entries []entry
	body := strings.Repeat("\x00", 100_000)
	for i := range 20 {
		entries = append(entries, entry{name: fmt.Sprintf("%02d", i), body: body})
	}
	data := rezipped(t, entries, func(list []byte) {
		for ; bytes.HasPrefix(list, []byte("PK\x01\x02")); list = list[46+2:] {
			binary.LittleEndian.PutUint32(list[42:], 0) // where the entry is
		}
	})
	o := testOpener(t)
	o.limits = limits{entries: 100, bytes: 1 << 20, ratio: 1000}
	if _, err := openBytes(t, o, data); err == nil || !strings.Contains(err.Error(), "unpacks to more than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
}

func TestNamesInArchives(t *testing.T) {
	for name, c := range map[string]struct {
		entry string
		want  string // of the error; "" where the entry is one like others
	}{
		"terminal escape":  {"a\x1b[2J", ""},
		"newline":          {"Icon\r\n", ""},
		"zero byte":        {"a\x00b", `entry "a\x00b" leads outside of the archive or is no clean path`},
		"latin-1":          {"caf\xe9/1.jpg", `entry "caf\xe9/1.jpg" has a name that is not in UTF-8`},
		"drive":            {`C:\evil`, `entry "C:\\evil" leads outside`},
		"drive, slash":     {"C:/evil", ""}, // a name like others: nothing is made of it
		"another machine":  {"//host/share", "leads outside"},
		"nothing":          {"", "leads outside"},
		"long":             {strings.Repeat("0123456789/", 300) + "x", ""},
		"too long":         {strings.Repeat("0123456789/", 400) + "x", "leads outside"},
		"hostile and long": {"\x1b[2J" + strings.Repeat("../", 2000) + "x", `entry "\x1b[2J../../`},
	} {
		tree, err := openBytes(t, testOpener(t), zipOf(t, []entry{{name: c.entry, body: "x"}}, zip.Store))
		if c.want == "" {
			if err != nil || !slices.Equal(tree.names(), []string{c.entry}) {
				t.Errorf("%s: error %v", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !printable(err.Error()) || len(err.Error()) > 1000 {
			t.Errorf("%s: error %q, want %q", name, err, c.want)
		}
	}
}

// Names that differ by case are different names, as nothing is unpacked to a disk
// that takes them for one. Names that differ by how letters are composed look the
// same, and mean the same class.
func TestNamesThatLookAlike(t *testing.T) {
	x := string(flatPNG(t, 4, 4, 9, false))
	for _, pack := range []func([]entry) []byte{
		func(e []entry) []byte { return zipOf(t, e, zip.Deflate) }, func(e []entry) []byte { return gzipOf(t, tarOf(t, e)) },
	} {
		path := filepath.Join(t.TempDir(), "x")
		data := pack([]entry{{name: "Cat/1.png", body: x}, {name: "cat/1.png", body: x}, {name: "caf\u00e9/1.png", body: x}, {name: "cafe\u0301/1.png", body: x}})
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Examine(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%q", fmt.Sprint(s.Classes)); got != `"[{Cat 1 0 0} {café 2 0 0} {cat 1 0 0}]"` {
			t.Errorf("classes %s", got)
		}
	}
}

// A name for a class goes into every table.
func TestClassesThatCannotBeShown(t *testing.T) {
	x := flatPNG(t, 4, 4, 9, false)
	for _, files := range []map[string][]byte{
		{"train/\x1b[2J/1.png": x, "train/b/1.png": x},
		{"train/" + strings.Repeat("long", 60) + "/1.png": x, "train/b/1.png": x},
		{"data_batch_1.bin": slices.Concat([]byte{0}, planes(1024, 1, 2, 3)), "test_batch.bin": slices.Concat([]byte{0}, planes(1024, 1, 2, 3)), "batches.meta.txt": []byte("a\x1b[31m\nb\n")},
	} {
		_, err := Examine(t.Context(), write(t, files))
		if err == nil || !strings.Contains(err.Error(), "cannot be shown in a table: give it a name of 1 to 200 printable bytes") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("error %q", err)
		}
	}
	if err := checkLabels([]string{"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f468\u200d\U0001f469"}); err != nil {
		t.Error(err)
	}
}

// Names of bad images are shown in errors.
func TestNamesInErrorsAreQuoted(t *testing.T) {
	tftest.Load(t)
	files := imageFolder(t, 5)
	files["train/cat/\x1b[2J.png"], files["train/cat/\n.png"] = []byte("x"), []byte("x")
	_, err := tryPrepare(t, Source{Path: write(t, files), Layout: "image-folder"})
	if err == nil || !strings.Contains(err.Error(), `"train/cat/\n.png" is no JPEG, PNG, GIF or BMP; "train/cat/\x1b[2J.png" is no`) || !printable(err.Error()) {
		t.Errorf("error %q", err)
	}
}

// Cut anywhere, an archive is refused or is still whole.
func TestCutAnywhere(t *testing.T) {
	for name, data := range map[string][]byte{
		"zip": zipOf(t, plain, zip.Deflate), "stored": zipOf(t, plain, zip.Store), "tar": tarOf(t, plain),
		"tar.gz": gzipOf(t, tarOf(t, plain)), "tar.zst": zstdOf(t, tarOf(t, plain)),
	} {
		for n := range len(data) {
			o := testOpener(t)
			tree, err := o.openArchive(sectionBlob{io.NewSectionReader(bytes.NewReader(data), 0, int64(n))})
			if err != nil {
				continue
			}
			for _, e := range plain {
				if got, err := readAll(tree.open(e.name)); err != nil || string(got) != e.body {
					t.Errorf("%s cut to %d of %d bytes was opened, and %s holds %q, error %v", name, n, len(data), e.name, got, err)
				}
			}
		}
	}
}

func TestArchivesThatAreNone(t *testing.T) {
	encrypted := rezipped(t, plain, func(list []byte) { list[8] |= 1 })
	nested := gzipOf(t, gzipOf(t, tarOf(t, plain)))
	for want, data := range map[string][]byte{
		"is encrypted: unpack the archive with its password": encrypted,
		"is a single compressed file, not an archive":        nested,
		"is no zip, tar, tar.gz or tar.zst archive":          make([]byte, 1024), // a tar of nothing
	} {
		if _, err := openBytes(t, testOpener(t), data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	path := filepath.Join(t.TempDir(), "x.zip")
	if err := os.WriteFile(path, zipOf(t, nil, zip.Store), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Examine(t.Context(), path); err == nil || !strings.Contains(err.Error(), "holds no files") {
		t.Errorf("an empty zip: %v", err)
	}
}

// Reading a pipe might never end.
func TestPipesInFolders(t *testing.T) {
	folder := write(t, map[string][]byte{"a/1.png": []byte("x")})
	if err := syscall.Mkfifo(filepath.Join(folder, "a", "2.png"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := testOpener(t).open(folder); err == nil || !strings.Contains(err.Error(), "a/2.png is no plain file") {
		t.Errorf("error %v", err)
	}
}
