package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sslpipe/internal/durable"
)

// Removal names what to remove from a store.
type Removal struct {
	Results []string // fingerprints
	Objects []string // digests, that no result that stays is made of
	Damaged []string // names in the folder of what was set aside
	Outside []string // paths outside of the store
}

// Remove lets choose look at the store, and removes what it names, while nobody
// else changes the store. Entries go first, and objects by a rename, so that a
// crash leaves at most files that no result names. Their space is free when
// Remove returns. An interrupt leaves what is not removed yet for the next time.
//
// Choose must not call the store. A process that reads an object meanwhile keeps
// what it has opened.
func (s *Store) Remove(choose func(*Inventory) (Removal, error)) error {
	err := s.Exclusively(func() error {
		inv, err := s.Inventory()
		if err != nil {
			return err
		}
		r, err := choose(inv)
		if err == nil {
			err = inv.check(r)
		}
		if err != nil {
			return err
		}
		return errors.Join(s.remove(r), s.reindex(inv, r), removeAll(s.ctx, r.Outside))
	})
	if err != nil {
		return fmt.Errorf("remove from the cache: %w", err)
	}
	return s.emptyTrash()
}

// check refuses to take files from a result that stays.
func (inv *Inventory) check(r Removal) error {
	goes := map[string]bool{}
	for _, fingerprint := range r.Results {
		goes[fingerprint] = true
	}
	needed := map[string]string{}
	for _, e := range inv.Entries {
		if goes[e.Fingerprint] {
			continue
		}
		for _, tree := range e.Names() {
			needed[tree] = e.Unit
		}
	}
	for _, tree := range r.Objects {
		if unit, ok := needed[tree]; ok {
			return fmt.Errorf("object %.12s is in use by %s, which stays", tree, unit)
		}
	}
	return nil
}

func (s *Store) remove(r Removal) error {
	for _, fingerprint := range r.Results {
		if err := os.Remove(s.action(fingerprint)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	// Entries must be gone for good before what they name may be.
	if err := durable.SyncFolder(s.path("actions")); err != nil {
		return err
	}
	for _, tree := range r.Objects {
		if err := s.discard(s.object(tree)); err != nil {
			return err
		}
	}
	for _, name := range r.Damaged {
		if err := s.discard(s.path("damaged", filepath.Base(name))); err != nil {
			return err
		}
	}
	return durable.SyncFolder(s.path("objects"))
}

// reindex lets the keys of results that have gone lead to a result with the same key
// that stays, or nowhere.
func (s *Store) reindex(inv *Inventory, r Removal) error {
	goes := map[string]bool{}
	for _, fingerprint := range r.Results {
		goes[fingerprint] = true
	}
	stays := map[string]*Entry{}
	for _, e := range inv.Entries {
		if !goes[e.Fingerprint] && e.Key != "" && stays[e.Key] == nil {
			stays[e.Key] = e
		}
	}
	var err error
	for _, e := range inv.Entries {
		if !goes[e.Fingerprint] || e.Key == "" || s.indexed(e.Key) != e.Fingerprint {
			continue
		}
		if stays[e.Key] != nil {
			err = errors.Join(err, s.index(Work{Fingerprint: stays[e.Key].Fingerprint, Unit: stays[e.Key].Unit, Key: e.Key}))
			continue
		}
		if removed := os.Remove(s.indexFile(e.Key)); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// discard moves a file or folder to the trash, so that it goes in one step.
func (s *Store) discard(path string) error {
	if err := os.MkdirAll(s.path("trash"), 0o777); err != nil {
		return err
	}
	for n := 1; ; n++ {
		to := s.path("trash", fmt.Sprintf("%s.%d", filepath.Base(path), n))
		if _, err := os.Lstat(to); err == nil {
			continue // an interrupted removal left it
		}
		err := os.Rename(path, to)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
}

// emptyTrash leaves the folder, which another process may be about to use.
func (s *Store) emptyTrash() error {
	left, err := os.ReadDir(s.path("trash"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var paths []string
	for _, d := range left {
		paths = append(paths, s.path("trash", d.Name()))
	}
	if err := removeAll(s.ctx, paths); err != nil {
		return fmt.Errorf("remove from the cache: %w", err)
	}
	return nil
}

// removeAll removes files and folders, and stops between two when ctx ends.
func removeAll(ctx context.Context, paths []string) error {
	var err error
	for _, path := range paths {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}
