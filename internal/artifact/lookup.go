package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// fault is what is wrong with a stored result; path is the file or folder to set
// aside, if any.
type fault struct {
	reason string
	path   string
}

// Lookup returns the result stored for a fingerprint, after checking that every
// file of it is there with its size. No result is (nil, false, nil); one that
// cannot be used is set aside and reported as a [*DamagedError] with false, which
// callers may treat as no result.
func (s *Store) Lookup(fingerprint string) (*Entry, bool, error) {
	return s.check(fingerprint, listed)
}

// Verify reads every file of a result again and compares it with its digest. A
// result that differs is set aside and reported as a [*DamagedError].
func (s *Store) Verify(e *Entry) error {
	_, ok, err := s.check(e.Fingerprint, s.hash)
	if err == nil && !ok {
		err = &DamagedError{Fingerprint: e.Fingerprint, Reason: "its entry is missing"}
	}
	return err
}

// hash is hashTree for as long as the store's work goes on.
func (s *Store) hash(dir string) ([]File, error) { return hashTree(s.ctx, dir) }

// VerifyFiles is [Store.Verify] for some files of a result, by their paths: those
// that are about to be read.
func (s *Store) VerifyFiles(e *Entry, some func(path string) bool) error {
	_, ok, err := s.check(e.Fingerprint, func(dir string) ([]File, error) {
		files, err := listed(dir)
		for i := range files {
			if err == nil && some(files[i].Path) {
				err = hashFile(s.ctx, dir, &files[i], func(*os.File) error { return nil })
			}
		}
		return files, err
	})
	if err == nil && !ok {
		err = &DamagedError{Fingerprint: e.Fingerprint, Reason: "its entry is missing"}
	}
	return err
}

func listed(dir string) ([]File, error) {
	files, _, err := listTree(dir)
	return files, err
}

func (s *Store) check(fingerprint string, read func(dir string) ([]File, error)) (*Entry, bool, error) {
	if err := checkFingerprint(fingerprint); err != nil {
		return nil, false, err
	}
	e, bad, err := s.load(fingerprint, read)
	if bad == nil || err != nil {
		return e, e != nil, err
	}
	if s.readOnly != nil {
		return nil, false, &DamagedError{Fingerprint: fingerprint, Reason: bad.reason}
	}
	// Looked at again under the lock: another process may have repaired it.
	err = s.Exclusively(func() error {
		e, bad, err = s.load(fingerprint, read)
		if bad == nil || err != nil {
			return err
		}
		e = nil
		damaged := &DamagedError{Fingerprint: fingerprint, Reason: bad.reason}
		if bad.path == "" {
			return damaged
		}
		if damaged.Aside, err = s.setAside(bad.path); err != nil {
			return fmt.Errorf("set aside what is damaged (%s): %w", bad.reason, err)
		}
		return damaged
	})
	return e, e != nil, err
}

// load reads an entry and compares its object with it. Absence is a nil entry
// without fault; the entry of a faulty object is returned with the fault.
func (s *Store) load(fingerprint string, read func(dir string) ([]File, error)) (*Entry, *fault, error) {
	path := s.action(fingerprint)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read cache entry: %w", err)
	}
	e, err := DecodeEntry(text, fingerprint)
	if err != nil {
		return nil, &fault{reason: fmt.Sprintf("its entry cannot be read: %v", err), path: path}, nil
	}
	bad, err := s.inspect(e, read)
	return e, bad, err
}

// inspect compares the object that e names with e.
func (s *Store) inspect(e *Entry, read func(dir string) ([]File, error)) (*fault, error) {
	object := s.object(e.Tree)
	if _, err := os.Lstat(object); errors.Is(err, fs.ErrNotExist) {
		return &fault{reason: "its files are missing"}, nil
	}
	files, err := read(object)
	if errors.Is(err, fs.ErrPermission) || interrupted(err) {
		return nil, fmt.Errorf("read stored result: %w", err)
	}
	if err != nil { // unreadable sectors, links, or files that come and go
		return &fault{reason: err.Error(), path: object}, nil
	}
	if difference := compareTrees(e.Files, files); difference != "" {
		return &fault{reason: difference, path: object}, nil
	}
	return nil, nil
}

// interrupted tells an end of reading that says nothing of what was read.
func interrupted(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Handle returns what a later unit sees of an entry's output.
func (s *Store) Handle(e *Entry, output string) (Handle, error) {
	out, err := e.output(output)
	if err != nil {
		return Handle{}, err
	}
	return Handle{Type: out.Type, Path: s.object(e.Tree), Meta: out.Meta, Digest: e.Tree, Unit: e.Unit}, nil
}
