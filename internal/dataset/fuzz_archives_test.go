package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// archiveSeeds are entries that archives of all kinds are made of.
var archiveSeeds = [][]entry{
	plain, {}, {{name: "../evil", body: "x"}}, {{name: "a\\b"}}, {{name: "a", body: "1"}, {name: "a", body: "2"}},
	{{name: "zeros", body: strings.Repeat("\x00", 1<<16)}}, {{name: "a", body: "y"}, {name: "a/b", body: "x"}}, {{name: "\x1b[2J\n", body: "x"}},
	{{name: "link", kind: tar.TypeSymlink, link: "/etc/passwd"}}, {{name: strings.Repeat("long/", 30) + "x"}},
}

// walk opens an archive of hostile bytes and reads all of it. Nothing comes out
// that is larger than the limits or leads elsewhere, and nothing is written.
func walk(t *testing.T, data []byte) {
	tree, err := fuzzOpener(t).openArchive(sectionBlob{io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))})
	if err != nil {
		if !printable(err.Error()) {
			t.Errorf("the error cannot be shown: %q", err)
		}
		return
	}
	var total int64
	for i, name := range tree.names() {
		if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || i > 0 && tree.names()[i-1] >= name {
			t.Errorf("name %q among %q", name, tree.names())
		}
		size, err := tree.size(name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := readAll(tree.open(name))
		if err == nil && int64(len(content)) != size {
			t.Errorf("%q has %d bytes, not %d", name, len(content), size)
		}
		if err != nil && !printable(err.Error()) {
			t.Errorf("the error cannot be shown: %q", err)
		}
		total += size
	}
	if len(tree.names()) > smallLimits.entries || total > smallLimits.bytes {
		t.Errorf("%d entries of %d bytes", len(tree.names()), total)
	}
	if err := tree.Close(); err != nil {
		t.Error(err)
	}
}

func FuzzZip(f *testing.F) {
	for _, entries := range archiveSeeds {
		f.Add(zipOf(f, entries, zip.Deflate))
		f.Add(zipOf(f, entries, zip.Store))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if packingOf(sectionBlob{io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}) == "zip" {
			walk(t, data)
		}
	})
}

func FuzzTar(f *testing.F) {
	for _, entries := range archiveSeeds {
		packed := tarOf(f, entries)
		f.Add(packed)
		f.Add(gzipOf(f, packed))
		f.Add(zstdOf(f, packed))
	}
	f.Fuzz(walk)
}
