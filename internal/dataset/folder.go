package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// folderTree reads files of a folder or of the program itself. A folder is an
// os.Root: symbolic links inside of it are followed, those that lead out fail.
type folderTree struct {
	fsys   fs.FS
	closer io.Closer // nil for embedded files
	sorted []string
}

func newFolder(fsys fs.FS, closer io.Closer) (tree, error) {
	t := &folderTree{fsys: fsys, closer: closer}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Type().IsRegular() {
			t.sorted = append(t.sorted, name)
			return nil
		}
		info, err := fs.Stat(fsys, name) // follows links
		if err != nil {
			return fmt.Errorf("%s: %w", shown(name), err)
		}
		if info.IsDir() {
			return fmt.Errorf("%s is a link to a folder: give the folder itself", shown(name))
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no plain file (%s)", shown(name), info.Mode().Type())
		}
		t.sorted = append(t.sorted, name)
		return nil
	})
	slices.Sort(t.sorted)
	return t, err
}

func (t *folderTree) names() []string { return t.sorted }

func (t *folderTree) Close() error {
	if t.closer == nil {
		return nil
	}
	return t.closer.Close()
}

func (t *folderTree) size(name string) (int64, error) {
	info, err := fs.Stat(t.fsys, name)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (t *folderTree) open(name string) (blob, error) {
	f, err := t.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	at, ok := f.(readAtFile)
	if !ok {
		return nil, errors.Join(fmt.Errorf("%s cannot be read at an offset", shown(name)), f.Close())
	}
	return fileBlob{File: at, size: info.Size()}, nil
}

// readAtFile is what os and embed files are.
type readAtFile interface {
	io.ReaderAt
	io.Closer
}

// fileBlob is an open file.
type fileBlob struct {
	File readAtFile
	size int64
}

func (f fileBlob) ReadAt(p []byte, off int64) (int, error) { return f.File.ReadAt(p, off) }
func (f fileBlob) Close() error                            { return f.File.Close() }
func (f fileBlob) Size() int64                             { return f.size }

// sectionBlob is a part of something that outlives it, or of memory.
type sectionBlob struct{ *io.SectionReader }

func (sectionBlob) Close() error { return nil }
