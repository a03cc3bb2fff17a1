package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// tree is a read-only set of files: a folder, or an archive that is read in
// place. Names are relative, slash-separated and clean.
type tree interface {
	names() []string // sorted
	size(name string) (int64, error)
	open(name string) (blob, error)
	Close() error
}

// blob is the content of one file, read at any offset.
type blob interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// limits keep a hostile archive from filling the disk or the memory.
type limits struct {
	entries   int   // of one archive, folders included
	bytes     int64 // unpacked bytes of one archive
	ratio     int64 // unpacked bytes for each packed byte, beyond the first 64 MiB
	documents int   // of text
	document  int   // bytes of one, and of a line or record
}

// defaultLimits leave room for the 1.4 million images of ILSVRC: what is known of
// each stays in memory. JPEG hardly packs at all and raw pixels pack about
// twofold; bombs start at a thousandfold.
var defaultLimits = limits{entries: maxImages, bytes: 1 << 40, ratio: 200, documents: maxDocuments, document: maxDocument}

// maxImages bounds a data set, since each of its images takes a few hundred bytes
// of memory beside its pixels.
const maxImages = 2_000_000

func (l limits) tooMany() error { return fmt.Errorf("has more than %d entries", l.entries) }

// unpacked returns how many bytes an archive of a size may unpack to.
func (l limits) unpacked(packed int64) int64 {
	return min(l.bytes, packed*l.ratio+64<<20)
}

// opener opens trees. Scratch is a folder for unpacked data that memory should
// not hold; what is written there vanishes when the tree is closed.
type opener struct {
	ctx     context.Context
	scratch string
	limits  limits
	report  func(done, total int64) // packed bytes read
}

// open opens a folder or an archive; archives are told by their content.
func (o opener) open(name string) (tree, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		t, err := newFolder(root.FS(), root)
		if err != nil {
			return nil, errors.Join(err, root.Close())
		}
		return t, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	t, err := o.openArchive(fileBlob{File: f, size: info.Size()})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Base(name), errors.Join(err, f.Close()))
	}
	return t, nil
}

// openArchive opens an archive and takes it over, unless it fails.
func (o opener) openArchive(b blob) (tree, error) {
	switch packingOf(b) {
	case "zip":
		return o.openZip(b)
	case "tar":
		return o.openTar(b)
	case "gzip", "zstd":
		inner, err := o.unpack(b)
		if err != nil {
			return nil, err
		}
		if packingOf(inner) != "tar" {
			return nil, errors.Join(errors.New("is a single compressed file, not an archive"), inner.Close())
		}
		t, err := o.openTar(inner)
		if err != nil {
			return nil, errors.Join(err, inner.Close())
		}
		return t, b.Close()
	}
	return nil, errors.New("is no zip, tar, tar.gz or tar.zst archive")
}

// packingOf tells an archive or compression by its first bytes.
func packingOf(b blob) string {
	head := make([]byte, 262)
	n, _ := b.ReadAt(head, 0)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return "gzip"
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return "zstd"
	case len(head) == 262 && string(head[257:262]) == "ustar":
		return "tar"
	}
	return ""
}
