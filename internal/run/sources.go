package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sslpipe/internal/plan"
)

// What a run's folder holds to plan the run again.
const (
	// ReplayFile is a [plan.Sources] without its files.
	ReplayFile = "replay.json"
	// SourceDir is a folder with these files, at their paths.
	SourceDir = "source"
)

// writeSources writes what a plan was made of into a run's folder.
func writeSources(dir string, s *plan.Sources) error {
	text, err := EncodeSources(s)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, ReplayFile), text, 0o666); err != nil {
		return err
	}
	for name, text := range s.Files {
		path := filepath.Join(dir, SourceDir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// EncodeSources is the text of [ReplayFile].
func EncodeSources(s *plan.Sources) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(s)
	return out.Bytes(), err
}

// ReadSources reads what the plan of a run was made of. The error is
// [fs.ErrNotExist] where the run's folder has no such record.
func ReadSources(dir string) (*plan.Sources, error) {
	path := filepath.Join(dir, ReplayFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &plan.Sources{Files: map[string][]byte{}}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, SourceDir))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		s.Files[name], err = root.ReadFile(name)
		return err
	})
	return s, err
}
