package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"sslpipe/internal/durable"
)

// File is one file of a stored folder.
type File struct {
	Path   string `json:"path"` // relative, with slashes
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// listTree returns the regular files under dir with their sizes, sorted by path
// and not hashed, and its folders, parents first. Anything that is not a file or
// folder is refused: a link would let a result change after it was stored, and
// reading a device may never end. Empty folders are not part of a result.
func listTree(dir string) (files []File, folders []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir():
			folders = append(folders, path)
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is a %s: results hold only files and folders", rel, describeMode(d.Type()))
		case !utf8.ValidString(rel):
			return fmt.Errorf("file name %q is not valid UTF-8", rel)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files = append(files, File{Path: rel, Size: info.Size()})
		return nil
	})
	if err == nil && len(folders) == 0 {
		err = fmt.Errorf("%s is not a folder", dir)
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, folders, err
}

func describeMode(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeDevice != 0:
		return "device"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	}
	return "special file"
}

// hashTree lists dir with the digest of each file. It stops when ctx ends.
func hashTree(ctx context.Context, dir string) ([]File, error) {
	return hashEach(ctx, dir, func(File) {})
}

// hashEach is hashTree that tells of each file when it has been read.
func hashEach(ctx context.Context, dir string, done func(File)) ([]File, error) {
	files, _, err := listTree(dir)
	if err != nil {
		return nil, err
	}
	for i := range files {
		if err := hashFile(ctx, dir, &files[i], func(*os.File) error { return nil }); err != nil {
			return nil, err
		}
		done(files[i])
	}
	return files, nil
}

// sealTree hashes dir, makes its files read-only, and forces files and folders
// to disk, so that a rename that follows cannot become durable before they are.
// Folders stay writable: a cache that its owner cannot delete with rm -r is a
// nuisance, and an added file is found by every lookup.
//
// It does not stop for an interrupt: what took hours to make is worth its storing.
func sealTree(dir string) ([]File, error) {
	files, folders, err := listTree(dir)
	if err != nil {
		return nil, err
	}
	for i := range files {
		err := hashFile(context.Background(), dir, &files[i], func(f *os.File) error {
			if err := f.Chmod(0o444); err != nil {
				return err
			}
			return f.Sync()
		})
		if err != nil {
			return nil, err
		}
	}
	for _, folder := range slices.Backward(folders) {
		if err := durable.SyncFolder(folder); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func hashFile(ctx context.Context, dir string, file *File, finish func(*os.File) error) (err error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(file.Path)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	if file.Size, err = io.Copy(hash, cancelReader{ctx: ctx, r: f}); err != nil {
		return err
	}
	file.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return finish(f)
}

// cancelReader stops reading when its context ends, so that hashing gigabytes can
// be interrupted.
type cancelReader struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// treeDigest is the sha256 of the files' list as JSON: paths, sizes and digests.
func treeDigest(files []File) string {
	if files == nil {
		files = []File{} // no files are one content, however the list was made
	}
	text, err := json.Marshal(files)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return digest(text)
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// compareTrees says how got differs from want, or returns "". Digests count only
// where got has them.
func compareTrees(want, got []File) string {
	found := make(map[string]File, len(got))
	for _, f := range got {
		found[f.Path] = f
	}
	for _, w := range want {
		g, ok := found[w.Path]
		switch {
		case !ok:
			return fmt.Sprintf("%s is missing", w.Path)
		case g.Size != w.Size:
			return fmt.Sprintf("%s has %d bytes, not %d", w.Path, g.Size, w.Size)
		case g.SHA256 != "" && g.SHA256 != w.SHA256:
			return fmt.Sprintf("the content of %s has changed", w.Path)
		}
		delete(found, w.Path)
	}
	for _, g := range got {
		if _, extra := found[g.Path]; extra {
			return fmt.Sprintf("%s was added", g.Path)
		}
	}
	return ""
}
