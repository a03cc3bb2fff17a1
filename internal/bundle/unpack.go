package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// Unpack unpacks a bundle of some size into an empty folder and writes everything to
// disk, with the manifest. After an error the folder must not be used. Texts with
// control characters are refused too, since they can be shown in a terminal.
func Unpack(r io.Reader, packed int64, dir string) (*Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // every file is closed and checked by itself
	m, err := Read(r, packed, func(f File) (io.WriteCloser, error) { return create(root, f.Name) })
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		if !isText(f.Name) {
			continue
		}
		text, err := root.ReadFile(f.Name)
		if err != nil {
			return nil, err
		}
		if !plain(f.Name, text) {
			return nil, refuse("%q holds control characters or cannot be read", f.Name)
		}
	}
	text, err := m.encode()
	if err != nil {
		return nil, err
	}
	file, err := create(root, ManifestFile)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("write %s: %w", ManifestFile, err)
	}
	return m, syncFolders(dir)
}

// create makes a file that is not there, and its folders.
func create(root *os.Root, name string) (io.WriteCloser, error) {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, err
	}
	return synced{f}, nil
}

// synced is a file that is on disk when it is closed.
type synced struct{ *os.File }

// Close implements io.Closer.
func (s synced) Close() error { return errors.Join(s.Sync(), s.File.Close()) }

func syncFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}

// isText tells whether a file is one that this program shows.
func isText(name string) bool {
	return strings.HasPrefix(name, "source/") || !strings.Contains(name, "/") && (path.Ext(name) == ".json" || path.Ext(name) == ".hcl")
}

// plain tells whether a text does nothing but be read.
func plain(name string, text []byte) bool {
	if path.Ext(name) == ".json" && !strings.Contains(name, "/") {
		var value any
		return json.Unmarshal(text, &value) == nil && plainValue(value)
	}
	return plainText(string(text))
}

func plainValue(value any) bool {
	switch v := value.(type) {
	case string:
		return plainText(v)
	case []any:
		for _, e := range v {
			if !plainValue(e) {
				return false
			}
		}
	case map[string]any:
		for key, e := range v {
			if !plainText(key) || !plainValue(e) {
				return false
			}
		}
	}
	return true
}

func plainText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r >= 0x7f && r < 0xa0
	})
}
