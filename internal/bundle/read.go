package bundle

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Create makes the place for a file of a bundle.
type Create func(File) (io.WriteCloser, error)

// Read reads all of a bundle of some size in bytes and checks it. The content of each
// file is written where create says; nil drops it. What is written is to be trusted
// only when Read returns without an error. What is wrong with the bundle is a
// [*RefusedError].
func Read(r io.Reader, packed int64, create Create) (*Manifest, error) {
	if create == nil {
		create = func(File) (io.WriteCloser, error) { return nowhere{io.Discard}, nil }
	}
	unpacker, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(windowSize))
	if err != nil {
		return nil, err
	}
	defer unpacker.Close()
	text := &limited{from: unpacker, left: maxManifest + perArchive}
	archive := tar.NewReader(text)
	m, err := readManifest(archive, unpackedLimit(packed))
	if err != nil {
		return nil, err
	}
	text.left = m.Size() + int64(len(m.Files))*perFile + perArchive
	for _, f := range m.Files {
		if err := readFile(archive, f, create); err != nil {
			return nil, err
		}
	}
	switch header, err := archive.Next(); {
	case err == nil:
		return nil, refuse("it holds %.200q, which its manifest does not list", header.Name)
	case !errors.Is(err, io.EOF):
		return nil, damaged(err)
	}
	if n, err := io.Copy(io.Discard, text); err != nil {
		return nil, damaged(err)
	} else if n > 0 {
		return nil, refuse("something follows its end")
	}
	return m, nil
}

// What an archive may have beside the content of its files: their headers, rounded up,
// and its own end.
const (
	perFile    = 4*512 + 2*maxName
	perArchive = 1 << 20
)

// nowhere is a file that is dropped.
type nowhere struct{ io.Writer }

// Close implements io.Closer.
func (nowhere) Close() error { return nil }

func readManifest(archive *tar.Reader, limit int64) (*Manifest, error) {
	header, err := archive.Next()
	if err != nil {
		return nil, damaged(err)
	}
	if header.Name != ManifestFile || header.Typeflag != tar.TypeReg {
		return nil, refuse("it does not begin with %s, so it is none of this program", ManifestFile)
	}
	if header.Size > maxManifest {
		return nil, refuse("its manifest has %d bytes, and at most %d are read", header.Size, maxManifest)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return nil, damaged(err)
	}
	return decodeManifest(text, limit)
}

// readFile reads the next entry, which must be the file.
func readFile(archive *tar.Reader, f File, create Create) (err error) {
	header, err := archive.Next()
	switch {
	case errors.Is(err, io.EOF):
		return refuse("%q is listed and missing", f.Name)
	case err != nil:
		return damaged(err)
	case header.Name != f.Name:
		return refuse("it holds %.200q where its manifest lists %q", header.Name, f.Name)
	case header.Typeflag != tar.TypeReg:
		return refuse("%q is no plain file", f.Name)
	case header.Size != f.Size:
		return refuse("%q has %d bytes, and %d are listed", f.Name, header.Size, f.Size)
	}
	file, err := create(f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := &counter{to: file, hash: sha256.New()}
	if _, err := io.Copy(writing{out}, archive); err != nil {
		if failure, ok := errors.AsType[*writeError](err); ok {
			return fmt.Errorf("write %s: %w", f.Name, failure.err)
		}
		return damaged(err)
	}
	if hex.EncodeToString(out.hash.Sum(nil)) != f.SHA256 {
		return refuse("%q is damaged: its digest is another", f.Name)
	}
	return nil
}

// damaged is the error for an archive that cannot be read.
func damaged(err error) error {
	if refused, ok := errors.AsType[*RefusedError](err); ok {
		return refused
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err // of who reads
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("it is cut short")
	}
	return refuse("it is damaged, or no bundle: %v", err)
}

// limited refuses to read more than is left.
type limited struct {
	from io.Reader
	left int64
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	n, err := l.from.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, refuse("it unpacks to more than its size allows")
	}
	return n, err
}

// writing tells errors of writing from those of reading.
type writing struct{ to io.Writer }

type writeError struct{ err error }

func (e *writeError) Error() string { return e.err.Error() }

// Write implements io.Writer.
func (w writing) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if err != nil {
		err = &writeError{err}
	}
	return n, err
}
