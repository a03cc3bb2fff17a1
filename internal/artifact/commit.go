package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// Commit stores the folder dir as the result of a unit: it hashes it, makes its
// files read-only, forces it to disk, renames it into the store, and then writes
// the entry. A crash leaves either no entry or a whole result. When the store
// has this content already, dir stays where it is, for the caller to remove.
//
// The first result of a fingerprint is the one that counts. A later one that
// differs is recorded in the returned entry's Divergent list.
func (s *Store) Commit(fingerprint, unit, dir string, outs map[string]Output, seconds float64) (*Entry, error) {
	e, err := s.commit(fingerprint, unit, dir, outs, seconds)
	if err != nil {
		return nil, fmt.Errorf("store result: %w", err)
	}
	return e, nil
}

func (s *Store) commit(fingerprint, unit, dir string, outs map[string]Output, seconds float64) (*Entry, error) {
	if err := checkFingerprint(fingerprint); err != nil {
		return nil, err
	}
	files, err := sealTree(dir)
	if err != nil {
		return nil, err
	}
	e, err := newEntry(fingerprint, unit, files, outs, seconds)
	if err != nil {
		return nil, err
	}
	err = s.exclusively(func() error {
		if err := s.install(e, dir); err != nil {
			return err
		}
		e, err = s.record(e)
		return err
	})
	return e, err
}

// install renames dir to the object that e names, unless a sound one is there.
func (s *Store) install(e *Entry, dir string) error {
	object := s.object(e.Tree)
	switch _, err := os.Lstat(object); {
	case err == nil:
		bad, err := s.inspect(e, hashTree)
		if bad == nil || err != nil {
			return err
		}
		if _, err := s.setAside(object); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.Rename(dir, object); err != nil {
		if errors.Is(err, syscall.EXDEV) {
			return fmt.Errorf("%s and %s must be on one file system: %w", s.dir, s.work, err)
		}
		return err
	}
	return errors.Join(syncDir(filepath.Dir(object)), syncDir(filepath.Dir(dir)))
}

// record writes e's entry and returns what counts from now on: e, or the first
// result where that is still sound.
func (s *Store) record(e *Entry) (*Entry, error) {
	first, bad, err := s.load(e.Fingerprint, listed)
	if err != nil {
		return nil, err
	}
	switch {
	case first == nil && bad != nil: // unreadable
		if _, err := s.setAside(bad.path); err != nil {
			return nil, err
		}
	case first != nil && bad == nil && sameResult(first, e):
		return first, nil
	case first != nil && bad == nil:
		first.diverge(e)
		e = first
	case first != nil: // its files are gone, so the new result takes its place
		e.diverge(first)
	}
	text, err := encodeEntry(e)
	if err != nil {
		return nil, err
	}
	path := s.action(e.Fingerprint)
	if err := renameio.WriteFile(path, text, 0o666, renameio.WithTempDir(s.path("tmp"))); err != nil {
		return nil, err
	}
	return e, syncDir(filepath.Dir(path))
}
