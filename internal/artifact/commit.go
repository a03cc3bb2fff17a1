package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"sslpipe/internal/durable"

	"github.com/google/renameio/v2"
)

// Work is what a result belongs to.
type Work struct {
	Fingerprint string
	Unit        string // address
	// Key identifies the work by the content of its inputs and not by how they
	// came about, so that [Store.Adopt] finds it; empty where that is not known.
	Key string
}

// check keeps file names inside the store.
func (w Work) check() error {
	if w.Key == "" {
		return checkFingerprint(w.Fingerprint)
	}
	return errors.Join(checkFingerprint(w.Fingerprint), checkFingerprint(w.Key))
}

// Committed is what became of a result.
type Committed struct {
	// Entry is what counts for the fingerprint from now on: the first result.
	Entry *Entry
	// Made is this result. Where it was made before, it is the same as Entry.
	Made *Entry
}

// Diverged tells whether a later result differs from the first.
func (c Committed) Diverged() bool { return !SameResult(c.Entry, c.Made) }

// Commit stores the folder dir as the result of a unit: it hashes it, makes its
// files read-only, forces it to disk, renames it into the store, and then writes
// the entry. A crash leaves either no entry or a whole result. When the store
// has this content already, dir stays where it is, for the caller to remove.
//
// The first result of a fingerprint is the one that counts. A later one that
// differs is recorded in that entry's Divergent list, and stored as well.
func (s *Store) Commit(w Work, dir string, outs map[string]Output, seconds float64) (Committed, error) {
	c, err := s.commit(w, dir, outs, seconds)
	if err != nil {
		return Committed{}, fmt.Errorf("store result: %w", err)
	}
	return c, nil
}

func (s *Store) commit(w Work, dir string, outs map[string]Output, seconds float64) (c Committed, err error) {
	if err := w.check(); err != nil {
		return c, err
	}
	files, err := sealTree(dir)
	if err != nil {
		return c, err
	}
	if c.Made, err = newEntry(w, files, outs, seconds); err != nil {
		return c, err
	}
	err = s.Exclusively(func() error {
		if err := s.install(c.Made, dir); err != nil {
			return err
		}
		// Before the entry: a process that is killed in between leaves a key that
		// leads nowhere, and not a result that its key never leads to.
		if err := s.index(w); err != nil {
			return err
		}
		c.Entry, err = s.record(c.Made)
		return err
	})
	return c, err
}

// install renames dir to the object that e names, unless a sound one is there.
func (s *Store) install(e *Entry, dir string) error {
	object := s.object(e.Tree)
	switch _, err := os.Lstat(object); {
	case err == nil:
		bad, err := s.inspect(e, s.hash)
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
	return errors.Join(durable.SyncFolder(filepath.Dir(object)), durable.SyncFolder(filepath.Dir(dir)))
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
	case first != nil && bad == nil && SameResult(first, e):
		return first, nil
	case first != nil && bad == nil:
		first.diverge(e)
		e = first
	case first != nil: // its files are gone, so the new result takes its place
		e.diverge(first)
	}
	text, err := EncodeEntry(e)
	if err != nil {
		return nil, err
	}
	path := s.action(e.Fingerprint)
	if err := renameio.WriteFile(path, text, 0o666, renameio.WithTempDir(s.path("tmp"))); err != nil {
		return nil, err
	}
	return e, durable.SyncFolder(filepath.Dir(path))
}
