package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/remote"
)

// fill writes the files of an object into a folder, in which an earlier attempt may
// have left some.
func (m *Mirror) fill(ctx context.Context, o artifact.Object, dir string, count func(n int)) error {
	if err := removeOthers(o, dir); err != nil {
		return err
	}
	for _, f := range o.Files {
		to := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		if err := m.fetchFile(ctx, f, to, count); err != nil {
			return err
		}
	}
	return nil
}

// removeOthers removes what is not of an object.
func removeOthers(o artifact.Object, dir string) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		ours := func(f artifact.File) bool { return f.Path == filepath.ToSlash(rel) }
		if d.Type().IsRegular() && slices.ContainsFunc(o.Files, ours) {
			return nil
		}
		return os.Remove(name)
	})
}

// fetchFile gets a file, or the rest of what there is of it. What is wrong in the end
// is got once more from its beginning: an earlier attempt or the line may be to blame.
func (m *Mirror) fetchFile(ctx context.Context, f artifact.File, path string, count func(n int)) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
	if errors.Is(err, fs.ErrPermission) { // read-only: it was whole, and its object could not be put in place
		if err = os.Chmod(path, 0o666); err == nil {
			out, err = os.OpenFile(path, os.O_RDWR, 0)
		}
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	var wrong *wrongError
	for range 2 {
		if wrong, err = m.complete(ctx, f, out, count); wrong == nil || err != nil {
			return err
		}
		if err := out.Truncate(0); err != nil {
			return err
		}
	}
	return m.mark(wrong)
}

// complete gets what a file lacks, and says what is wrong with the blob.
func (m *Mirror) complete(ctx context.Context, f artifact.File, out *os.File, count func(n int)) (*wrongError, error) {
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.New()
	have, err := io.Copy(sum, out)
	if err != nil {
		return nil, err
	}
	name := fileName(f)
	if have < f.Size { // an empty file needs no blob
		have, err = remote.Fetch(ctx, m.bucket, name, have, f.Size, &counted{out: out, sum: sum, count: count})
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &wrongError{name, "is missing"}, nil
	case isDisk(err):
		return nil, err
	case err != nil:
		return nil, bucketError{err}
	case have > f.Size:
		return &wrongError{name, fmt.Sprintf("is longer than %d bytes", f.Size)}, nil
	case have < f.Size:
		return &wrongError{name, fmt.Sprintf("has %d bytes, not %d", have, f.Size)}, nil
	case hex.EncodeToString(sum.Sum(nil)) != f.SHA256:
		return &wrongError{name, "holds other bytes than its name says"}, nil
	}
	return nil, nil
}

// diskError is a failure to write what came.
type diskError struct{ error }

func (e diskError) Unwrap() error { return e.error }

func isDisk(err error) bool {
	_, ok := errors.AsType[diskError](err)
	return ok
}

// counted is a file that is written, hashed and counted.
type counted struct {
	out   *os.File
	sum   hash.Hash
	count func(n int)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.sum.Write(p[:n])
	c.count(n)
	if err != nil {
		err = diskError{err}
	}
	return n, err
}
