package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Damage is a result, or an object without one, whose files are not as they were
// stored.
type Damage struct {
	Unit        string `json:"unit,omitempty"`        // that made it; empty where nothing tells
	Fingerprint string `json:"fingerprint,omitempty"` // of the result
	Object      string `json:"object,omitempty"`      // digest of files that are no result's
	Reason      string `json:"reason"`
	Aside       string `json:"aside,omitempty"` // where it is now; empty when it was missing
}

// Audit says what a store was found to hold.
type Audit struct {
	Results int      `json:"results"`
	Objects int      `json:"objects"`
	Read    Usage    `json:"read"`
	Damaged []Damage `json:"damaged"`
}

// VerifyAll reads every stored file and compares it with its digest. What differs
// is set aside, as Verify does, and listed. Report is called with the bytes that
// were read and those in total. It ends when ctx does.
func (s *Store) VerifyAll(ctx context.Context, report func(done, total int64)) (*Audit, error) {
	s = s.With(ctx, s.waiting)
	inv, err := s.Inventory()
	if err != nil {
		return nil, err
	}
	r := &auditor{ctx: ctx, sound: map[string][]File{}, report: report}
	a := &Audit{Results: len(inv.Entries) + len(inv.Broken), Objects: len(inv.Objects), Damaged: []Damage{}}
	for _, object := range inv.Objects {
		a.Read.Add(object.Usage)
	}
	r.total = a.Read.Bytes
	if err := s.verifyResults(ctx, inv, a, r.read); err != nil {
		return a, err
	}
	for _, tree := range slices.Sorted(maps.Keys(inv.Objects)) {
		if err := ctx.Err(); err != nil {
			return a, err
		}
		damage, err := s.checkObject(tree, r.read)
		if err != nil {
			return a, err
		}
		if damage != nil {
			a.Damaged = append(a.Damaged, *damage)
		}
	}
	return a, nil
}

func (s *Store) verifyResults(ctx context.Context, inv *Inventory, a *Audit, read func(dir string) ([]File, error)) error {
	units := map[string]string{}
	for _, e := range inv.Entries {
		units[e.Fingerprint] = e.Unit
	}
	for _, b := range inv.Broken {
		units[b.Name] = ""
	}
	for _, fingerprint := range slices.Sorted(maps.Keys(units)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, _, err := s.check(fingerprint, read)
		if damaged, ok := errors.AsType[*DamagedError](err); ok {
			a.Damaged = append(a.Damaged, Damage{Unit: units[fingerprint], Fingerprint: fingerprint, Reason: damaged.Reason, Aside: damaged.Aside})
		} else if err != nil {
			return err
		}
	}
	return nil
}

// checkObject compares an object with its own name, and sets it aside where they
// differ.
func (s *Store) checkObject(tree string, read func(dir string) ([]File, error)) (*Damage, error) {
	reason, err := s.inspectObject(tree, read)
	if reason == "" || err != nil {
		return nil, err
	}
	damage := &Damage{Object: tree, Reason: reason}
	if s.readOnly != nil {
		return damage, nil
	}
	err = s.Exclusively(func() error { // looked at again: see check
		damage.Reason, err = s.inspectObject(tree, read)
		if damage.Reason != "" && err == nil {
			damage.Aside, err = s.setAside(s.object(tree))
		}
		return err
	})
	if damage.Reason == "" || err != nil {
		return nil, err
	}
	return damage, nil
}

func (s *Store) inspectObject(tree string, read func(dir string) ([]File, error)) (string, error) {
	object := s.object(tree)
	if _, err := os.Lstat(object); errors.Is(err, fs.ErrNotExist) {
		return "", nil // removed or set aside meanwhile
	}
	files, err := read(object)
	switch {
	case errors.Is(err, fs.ErrPermission) || interrupted(err):
		return "", fmt.Errorf("read stored files: %w", err)
	case err != nil:
		return err.Error(), nil
	case treeDigest(files) != tree:
		return "its content does not match its digest", nil
	}
	return "", nil
}

// auditor reads folders, those that are sound only once, and tells how far it is.
type auditor struct {
	ctx         context.Context
	sound       map[string][]File
	done, total int64 // bytes
	report      func(done, total int64)
}

// read is hashTree with progress.
func (a *auditor) read(dir string) ([]File, error) {
	if files, ok := a.sound[dir]; ok {
		return files, nil
	}
	files, err := hashEach(a.ctx, dir, func(f File) {
		a.done = min(a.done+f.Size, a.total) // what is damaged is read twice
		a.report(a.done, a.total)
	})
	if err != nil {
		return nil, err
	}
	if treeDigest(files) == filepath.Base(dir) {
		a.sound[dir] = files
	}
	return files, nil
}
