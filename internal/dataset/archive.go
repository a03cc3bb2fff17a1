package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"
)

// index maps the names of an archive to where their content is.
type index[T any] struct {
	at      map[string]T
	sorted  []string
	entries int // folders too
	bytes   int64
}

// add accepts one entry or says why the archive is refused.
func (x *index[T]) add(l limits, packed int64, name string, mode fs.FileMode, size int64, at T) error {
	if x.entries++; x.entries > l.entries {
		return l.tooMany()
	}
	if !utf8.ValidString(name) {
		return fmt.Errorf("entry %s has a name that is not in UTF-8: pack the files anew with a tool of today", shown(name))
	}
	name = strings.TrimPrefix(name, "./")
	if mode.IsDir() {
		name = strings.TrimSuffix(name, "/")
		if name == "" || name == "." || fs.ValidPath(name) {
			return nil
		}
	}
	if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") || len(name) > 4096 {
		return fmt.Errorf("entry %.200q leads outside of the archive or is no clean path", name)
	}
	if !mode.IsRegular() {
		return fmt.Errorf("entry %q is no plain file (%s)", name, mode.Type())
	}
	if _, twice := x.at[name]; twice {
		return fmt.Errorf("entry %q is there twice", name)
	}
	if x.bytes += size; size < 0 || x.bytes < 0 || x.bytes > l.unpacked(packed) {
		return fmt.Errorf("unpacks to more than %d bytes", l.unpacked(packed))
	}
	if x.at == nil {
		x.at = map[string]T{}
	}
	x.at[name] = at
	x.sorted = append(x.sorted, name)
	return nil
}

func (x *index[T]) find(name string) (T, error) {
	at, ok := x.at[name]
	if !ok {
		return at, fmt.Errorf("%s: %w", shown(name), fs.ErrNotExist)
	}
	return at, nil
}

type zipTree struct {
	opener
	index[*zip.File]
	archive blob
}

func (o opener) openZip(b blob) (tree, error) {
	list := &directory{of: b, limits: o.limits}
	r, err := zip.NewReader(list, b.Size())
	list.done = true
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	t := &zipTree{opener: o, archive: b}
	for _, f := range r.File {
		if f.Flags&1 != 0 {
			return nil, fmt.Errorf("entry %s is encrypted: unpack the archive with its password and give the folder", shown(f.Name))
		}
		if err := t.add(o.limits, b.Size(), f.Name, f.Mode(), int64(f.UncompressedSize64), f); err != nil {
			return nil, err
		}
	}
	slices.Sort(t.sorted)
	return t, nil
}

// directory reads a zip for its list of entries, which package zip keeps in
// memory as a whole before anybody can count them. What the archive says of their
// number may be a lie, so their signatures are counted as they are read.
type directory struct {
	of      io.ReaderAt
	limits  limits
	entries int
	done    bool // the list was read; what follows is the content of entries
}

// slack is how often the signature may be read twice, or stand in what only looks
// like an entry: the end of the archive is searched before the list is read.
const slack = 4096

func (d *directory) ReadAt(p []byte, off int64) (int, error) {
	n, err := d.of.ReadAt(p, off)
	if d.done {
		return n, err
	}
	if d.entries += bytes.Count(p[:n], []byte("PK\x01\x02")); d.entries > d.limits.entries+slack {
		return 0, d.limits.tooMany()
	}
	return n, err
}

func (t *zipTree) names() []string { return t.sorted }
func (t *zipTree) Close() error    { return t.archive.Close() }

func (t *zipTree) size(name string) (int64, error) {
	f, err := t.find(name)
	if err != nil {
		return 0, err
	}
	return int64(f.UncompressedSize64), nil
}

func (t *zipTree) open(name string) (blob, error) {
	f, err := t.find(name)
	if err != nil {
		return nil, err
	}
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown(name), err)
	}
	b, err := t.spool(r, int64(f.UncompressedSize64))
	if closing := r.Close(); err == nil && closing != nil { // it repeats what reading has failed of
		err = errors.Join(closing, b.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown(name), err)
	}
	return b, nil
}

// tarTree reads the members of an uncompressed tar by their offsets.
type tarTree struct {
	index[span]
	archive blob
}

type span struct{ offset, size int64 }

func (o opener) openTar(b blob) (tree, error) {
	// Tar reads exactly the bytes it hands out, so the section's position after
	// Next is where the member begins.
	section := io.NewSectionReader(b, 0, b.Size())
	r := tar.NewReader(cancelReader{ctx: o.ctx, r: section})
	t := &tarTree{archive: b}
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(t.sorted)
			if err := checkTarEnd(b, section); err != nil {
				return nil, err
			}
			return t, nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return nil, err
		}
		if h.Typeflag == tar.TypeXGlobalHeader {
			continue // a comment, as git writes
		}
		at, err := section.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, err
		}
		if h.Typeflag == tar.TypeLink {
			return nil, fmt.Errorf("entry %q is a link", h.Name)
		}
		if h.PAXRecords["GNU.sparse.major"] != "" || h.Typeflag == tar.TypeGNUSparse {
			return nil, fmt.Errorf("entry %q is a sparse file", h.Name)
		}
		if err := t.add(o.limits, b.Size(), h.Name, h.FileInfo().Mode(), h.Size, span{at, h.Size}); err != nil {
			return nil, err
		}
	}
}

// checkTarEnd looks for the block of zeros that ends a tar: the reader takes the
// end of a file that was cut between two members for the end of the archive.
func checkTarEnd(b blob, section io.Seeker) error {
	at, err := section.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	block := make([]byte, 512)
	if _, err := b.ReadAt(block, max(at-512, 0)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if at < 512 || len(bytes.Trim(block, "\x00")) > 0 {
		return errors.New("is cut off: the mark of its end is missing")
	}
	return nil
}

func (t *tarTree) names() []string { return t.sorted }
func (t *tarTree) Close() error    { return t.archive.Close() }

func (t *tarTree) size(name string) (int64, error) {
	at, err := t.find(name)
	return at.size, err
}

func (t *tarTree) open(name string) (blob, error) {
	at, err := t.find(name)
	if err != nil {
		return nil, err
	}
	return sectionBlob{io.NewSectionReader(t.archive, at.offset, at.size)}, nil
}
