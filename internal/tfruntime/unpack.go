package tfruntime

import (
	"archive/tar"
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"sslpipe/internal/durable"
)

// limits bound what an archive may unpack to.
type limits struct {
	entries int   // in the archive, kept or not
	file    int64 // bytes of one kept file
	total   int64 // bytes of all kept files
	tar     int64 // bytes of one tar file, kept or not
}

// The largest runtime has 5 GB, in 13 wheels of at most 20,000 entries, and the
// largest library 1.1 GB.
var defaultLimits = limits{entries: 100_000, file: 4 << 30, total: 16 << 30, tar: 16 << 30}

// unpacker writes chosen entries of archives into one folder. Names that point
// out of an archive refuse the whole archive; links are never made.
type unpacker struct {
	root   *os.Root
	limits limits
	report func(done, total int64) // bytes of the archive at hand

	entries int
	total   int64
	files   []manifestFile
}

// wheel unpacks the entries of a zip file that keep wants.
func (u *unpacker) wheel(ctx context.Context, path string, keep func(entry string) (string, bool)) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	kept, bytes := map[*zip.File]string{}, int64(0)
	for _, entry := range z.File {
		if err := u.admit(entry.Name); err != nil {
			return err
		}
		target, wanted := keep(entry.Name)
		if !wanted || !entry.Mode().IsRegular() {
			continue
		}
		if entry.UncompressedSize64 > uint64(u.limits.file) {
			return fmt.Errorf("%.200q has %d bytes, more than %d", entry.Name, entry.UncompressedSize64, u.limits.file)
		}
		kept[entry] = target
		bytes += int64(entry.UncompressedSize64)
	}
	before := u.total
	for _, entry := range z.File {
		target, wanted := kept[entry]
		if !wanted {
			continue
		}
		if err := u.entry(ctx, entry, target, func(n int64) { u.report(u.total-before+n, bytes) }); err != nil {
			return fmt.Errorf("unpack %.200q: %w", entry.Name, err)
		}
	}
	return nil
}

func (u *unpacker) entry(ctx context.Context, entry *zip.File, target string, read func(n int64)) error {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	return errors.Join(u.write(&meter{ctx: ctx, from: from, read: read}, target, entry.Mode()), from.Close())
}

// tarball unpacks the entries of a gzipped tar file that keep wants, and reads
// it to its end, where gzip's checksum is.
func (u *unpacker) tarball(ctx context.Context, path string, keep func(entry string) (string, bool)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	z, err := gzip.NewReader(&meter{ctx: ctx, from: f, read: func(n int64) { u.report(n, info.Size()) }})
	if err != nil {
		return err
	}
	// What is not kept is unpacked too, to be passed over.
	all := &bounded{from: z, left: u.limits.tar, most: u.limits.tar}
	for t := tar.NewReader(all); ; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := u.admit(header.Name); err != nil {
			return err
		}
		target, wanted := keep(header.Name)
		if !wanted || header.Typeflag != tar.TypeReg {
			continue
		}
		if err := u.write(t, target, header.FileInfo().Mode()); err != nil {
			return fmt.Errorf("unpack %.200q: %w", header.Name, err)
		}
	}
	_, err = io.Copy(io.Discard, all)
	return errors.Join(err, z.Close())
}

// bounded fails where a reader goes on for longer than it may.
type bounded struct {
	from       io.Reader
	left, most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("unpacks to more than %d bytes", b.most)
	}
	return n, err
}

// admit refuses an entry's name that no honest archive has.
func (u *unpacker) admit(name string) error {
	if u.entries++; u.entries > u.limits.entries {
		return fmt.Errorf("more than %d entries", u.limits.entries)
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("the name %.200q points outside", name)
	}
	return nil
}

// write makes one file, forced to disk, and notes it for the manifest.
func (u *unpacker) write(from io.Reader, target string, mode fs.FileMode) error {
	if err := u.root.MkdirAll(path.Dir(target), 0o755); err != nil {
		return err
	}
	permissions := fs.FileMode(0o644)
	if mode&0o111 != 0 {
		permissions = 0o755
	}
	f, err := u.root.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, permissions)
	if err != nil {
		return err
	}
	allowed := min(u.limits.file, u.limits.total-u.total)
	hash := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(f, hash), io.LimitReader(from, allowed+1), make([]byte, 1<<20))
	if err == nil && n > allowed {
		err = fmt.Errorf("unpacks to more than %d bytes", allowed)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	u.total += n
	u.files = append(u.files, manifestFile{Path: target, Size: n, SHA256: hex.EncodeToString(hash.Sum(nil))})
	return nil
}

// syncFolders forces the folders that write made to disk.
func (u *unpacker) syncFolders(dir string) error {
	folders := []string{"."}
	for _, f := range u.files {
		for d := path.Dir(f.Path); d != "."; d = path.Dir(d) {
			folders = append(folders, d)
		}
	}
	slices.Sort(folders)
	for _, d := range slices.Compact(folders) {
		if err := durable.SyncFolder(filepath.Join(dir, d)); err != nil {
			return err
		}
	}
	return nil
}
