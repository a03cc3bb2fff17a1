package tfruntime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sslpipe/internal/fetch"
)

// manifestName is the file that is written last into a runtime's folder.
const manifestName = "manifest.json"

// manifest says what a runtime's folder holds.
type manifest struct {
	TensorFlow string         `json:"tensorflow"`
	Device     string         `json:"device"`
	Sources    []string       `json:"sources"` // "name sha256:digest"
	Pinned     bool           `json:"pinned"`
	Files      []manifestFile `json:"files"`
}

// manifestFile is one unpacked file; Path has slashes.
type manifestFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func readManifest(dir string) (manifest, error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return manifest{}, err
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return manifest{}, fmt.Errorf("read %s: %w", manifestName, err)
	}
	if len(m.Files) == 0 {
		return manifest{}, fmt.Errorf("%s names no files", manifestName)
	}
	return m, nil
}

// write puts the manifest into a folder of unpacked files, forced to disk.
func (m manifest) write(dir string) error {
	raw, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	_, err = f.Write(append(raw, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

func (m manifest) bytes() int64 {
	var total int64
	for _, f := range m.Files {
		total += f.Size
	}
	return total
}

// has reports whether the files include all of the required ones, and names the
// first that is missing.
func (m manifest) has(required []string) (missing string, ok bool) {
	have := map[string]bool{}
	for _, f := range m.Files {
		have[f.Path] = true
	}
	for _, path := range required {
		if !have[path] {
			return path, false
		}
	}
	return "", true
}

// checkSizes compares the files in dir with the manifest by kind and size.
func (m manifest) checkSizes(dir string) error {
	for _, f := range m.Files {
		if !filepath.IsLocal(f.Path) {
			return fmt.Errorf("%s names a file outside: %s", manifestName, f.Path)
		}
		info, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is not a plain file", f.Path)
		}
		if info.Size() != f.Size {
			return fmt.Errorf("%s has %d bytes, not %d", f.Path, info.Size(), f.Size)
		}
	}
	return nil
}

// Verify reads every file of an installed runtime and compares its digest with
// the one that was taken when it was unpacked. Report may be nil.
func Verify(ctx context.Context, root, device string, report func(Progress)) error {
	if report == nil {
		report = func(Progress) {}
	}
	m, dir, err := open(root, device)
	if err != nil {
		return err
	}
	if err := m.checkSizes(dir); err != nil {
		return damaged(device, err)
	}
	done, total := int64(0), m.bytes()
	for _, f := range m.Files {
		sum, err := fetch.SHA256(ctx, filepath.Join(dir, filepath.FromSlash(f.Path)), func(n int64) {
			report(Progress{Step: StepVerify, File: filepath.Base(dir), Done: done + n, Total: total})
		})
		if err != nil {
			return fmt.Errorf("verify %s: %w", f.Path, err)
		}
		if sum != f.SHA256 {
			return damaged(device, fmt.Errorf("%s has sha256 %s, not %s", f.Path, sum, f.SHA256))
		}
		done += f.Size
	}
	return nil
}

// meter reads until its context ends and counts.
type meter struct {
	ctx  context.Context
	from io.Reader
	n    int64
	read func(n int64) // bytes so far
}

func (m *meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.from.Read(p)
	m.n += int64(n)
	m.read(m.n)
	return n, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
