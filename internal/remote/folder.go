package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sslpipe/internal/durable"
)

// folder is a folder that several machines see, as one of a file server. Blobs are
// its files, read-only, and under tmp is what is being written.
type folder struct {
	dir string
	url string
}

func openFolder(l Location, u *url.URL) *folder {
	return &folder{dir: filepath.Clean(filepath.FromSlash(u.Path)), url: l.URL}
}

func (f *folder) String() string { return f.url }

// tmp is not a place for blobs.
const tmp = "tmp"

func (f *folder) path(name string) (string, error) {
	if !fs.ValidPath(name) || name == "." || strings.HasPrefix(name, tmp+"/") {
		return "", fmt.Errorf("%q is no name for a blob", name)
	}
	return filepath.Join(f.dir, filepath.FromSlash(name)), nil
}

// present tells a folder that is not there, as one that is not mounted, from one
// that has no such blob: nothing may be made in its place.
func (f *folder) present() error {
	info, err := os.Stat(f.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		// Not matched by fs.ErrNotExist: that a blob is missing is another thing.
		return fmt.Errorf("%s: there is no such folder: make it, or mount what it is on", f.url)
	case err != nil:
		return fmt.Errorf("%s: %w", f.url, err)
	case !info.IsDir():
		return fmt.Errorf("%s is not a folder", f.url)
	}
	return nil
}

func (f *folder) failed(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		if absent := f.present(); absent != nil {
			return absent
		}
	}
	return fmt.Errorf("%s: %w", f.url, err)
}

func (f *folder) Get(_ context.Context, name string, from int64) (io.ReadCloser, error) {
	file, err := f.path(name)
	if err != nil {
		return nil, err
	}
	r, err := os.Open(file)
	if err != nil {
		return nil, f.failed(err)
	}
	if _, err := r.Seek(from, io.SeekStart); err != nil {
		return nil, errors.Join(f.failed(err), r.Close())
	}
	return r, nil
}

func (f *folder) Put(ctx context.Context, name string, body Body) error {
	return f.put(ctx, name, body, os.Rename)
}

func (f *folder) PutFirst(ctx context.Context, name string, body Body) error {
	return f.put(ctx, name, body, linkFirst)
}

// linkFirst gives a file a name that no other has. A file system without links
// leaves a moment between looking and renaming.
func linkFirst(from, to string) error {
	err := os.Link(from, to)
	for _, no := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS, syscall.EMLINK} {
		if !errors.Is(err, no) {
			continue
		}
		if _, err := os.Lstat(to); err == nil {
			return &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist}
		}
		return os.Rename(from, to)
	}
	return err
}

func (f *folder) put(ctx context.Context, name string, body Body, place func(from, to string) error) (err error) {
	file, err := f.path(name)
	if err != nil {
		return err
	}
	if err := f.present(); err != nil {
		return err
	}
	part, err := f.write(ctx, body)
	if err != nil {
		return f.failed(err)
	}
	defer func() {
		if gone := os.Remove(part); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return f.failed(err)
	}
	if err := place(part, file); err != nil {
		return f.failed(err)
	}
	return durable.SyncFolder(filepath.Dir(file))
}

// write makes a file under tmp, and has it on the disk.
func (f *folder) write(ctx context.Context, body Body) (part string, err error) {
	dir := filepath.Join(f.dir, tmp)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	f.clear(dir)
	out, err := os.CreateTemp(dir, "part-")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, untilDone{ctx, body})
	if err == nil {
		err = errors.Join(out.Chmod(0o444), out.Sync())
	}
	if err = errors.Join(err, out.Close()); err != nil {
		err = errors.Join(err, os.Remove(out.Name()))
	}
	return out.Name(), err
}

// abandoned is how old a file under tmp is that nobody can be writing any more.
const abandoned = 7 * 24 * time.Hour

// clear removes what killed processes left. That of another owner may stay.
func (f *folder) clear(dir string) {
	left, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, d := range left {
		if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(filepath.Join(dir, d.Name()))
		}
	}
}

func (f *folder) Stat(_ context.Context, name string) (Blob, error) {
	file, err := f.path(name)
	if err != nil {
		return Blob{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return Blob{}, f.failed(err)
	}
	return Blob{Name: name, Size: info.Size(), Changed: info.ModTime()}, nil
}

func (f *folder) List(ctx context.Context, prefix string) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		if err := f.present(); err != nil {
			yield(Blob{}, err)
			return
		}
		under := path.Dir(prefix + "x")
		err := fs.WalkDir(os.DirFS(f.dir), under, func(name string, d fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // it came and went
			case err != nil:
				return err
			case ctx.Err() != nil:
				return ctx.Err()
			case d.IsDir() && name == tmp:
				return fs.SkipDir
			case d.IsDir() || !strings.HasPrefix(name, prefix):
				return nil
			}
			info, err := d.Info()
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil && !yield(Blob{Name: name, Size: info.Size(), Changed: info.ModTime()}, nil) {
				return fs.SkipAll
			}
			return err
		})
		if err != nil {
			yield(Blob{}, f.failed(err))
		}
	}
}

// untilDone is a reader that ends with a context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
