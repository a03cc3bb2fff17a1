package bundle

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Entry is a file to be packed.
type Entry struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Bytes is an entry of some content.
func Bytes(name string, content []byte) Entry {
	return Entry{name, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

// Copy is an entry with the content of a file.
func Copy(name, path string) Entry {
	return Entry{name, func() (io.ReadCloser, error) { return os.Open(path) }}
}

// Written is a bundle that was written.
type Written struct {
	Manifest *Manifest
	Size     int64 // packed, in bytes
	SHA256   string
}

// Write writes a bundle. The order of the entries does not matter. Every entry is
// opened twice; one that changes between that is an error.
func Write(w io.Writer, program, pipeline string, entries []Entry) (*Written, error) {
	entries = slices.SortedFunc(slices.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	m := &Manifest{Format: Format, Program: program, Pipeline: pipeline, Files: []File{}}
	for _, e := range entries {
		f, err := describe(e)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", e.Name, err)
		}
		m.Files = append(m.Files, f)
	}
	if err := m.check(maxUnpacked); err != nil {
		return nil, err
	}
	out := &counter{to: w, hash: sha256.New()}
	packer, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithWindowSize(windowSize))
	if err != nil {
		return nil, err
	}
	if err := writeArchive(packer, m, entries); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	return &Written{Manifest: m, Size: out.bytes, SHA256: hex.EncodeToString(out.hash.Sum(nil))}, nil
}

// windowSize is what packing looks back, and what reading needs in memory.
const windowSize = 8 << 20

func describe(e Entry) (File, error) {
	hash := sha256.New()
	size, err := e.copyTo(hash)
	return File{Name: e.Name, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, err
}

func (e Entry) copyTo(w io.Writer) (int64, error) {
	r, err := e.Open()
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // nothing was written
	return io.Copy(w, r)
}

func writeArchive(w io.Writer, m *Manifest, entries []Entry) error {
	text, err := m.encode()
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	if err := archive.WriteHeader(headerOf(ManifestFile, int64(len(text)))); err != nil {
		return err
	}
	if _, err := archive.Write(text); err != nil {
		return err
	}
	for i, f := range m.Files {
		if err := archive.WriteHeader(headerOf(f.Name, f.Size)); err != nil {
			return fmt.Errorf("pack %s: %w", f.Name, err)
		}
		hash := sha256.New()
		size, err := entries[i].copyTo(io.MultiWriter(archive, hash))
		if err != nil {
			return fmt.Errorf("pack %s: %w", f.Name, err)
		}
		if size != f.Size || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
			return fmt.Errorf("pack %s: it changed while it was read", f.Name)
		}
	}
	return archive.Close()
}

func headerOf(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: mode, ModTime: epoch, Format: tar.FormatPAX}
}

// counter counts and hashes what is written.
type counter struct {
	to    io.Writer
	hash  hash.Hash
	bytes int64
}

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	_, _ = c.hash.Write(p[:n]) // never fails
	return n, err
}
