package artifact

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sslpipe/internal/filelock"
)

// Object is a stored folder: what its digest is of.
type Object struct {
	Tree  string `json:"tree"`
	Files []File `json:"files"`
}

// Check refuses an object that is not what its digest says, or whose files would not
// be inside of it.
func (o Object) Check() error {
	if !digests.MatchString(o.Tree) || o.Tree != treeDigest(o.Files) {
		return errors.New("its list of files does not match its digest")
	}
	for _, f := range o.Files {
		if !digests.MatchString(f.SHA256) {
			return fmt.Errorf("the digest of its file %q is none", f.Path)
		}
	}
	return CheckFiles(o.Files)
}

// Object is the folder that a result is made of.
func (e *Entry) Object() Object { return Object{Tree: e.Tree, Files: e.Files} }

// Speaks lists the objects in the store, beside its own, that a result cannot be read
// without, by their digests: that of views speaks of its data set.
func (s *Store) Speaks(e *Entry) []string {
	var trees []string
	for _, tree := range mentions(e.Outputs) {
		if _, err := os.Lstat(s.object(tree)); err == nil && tree != e.Tree && !slices.Contains(trees, tree) {
			trees = append(trees, tree) // what is not here is a digest of something else
		}
	}
	return trees
}

// ReadObject reads all files of an object for their digests.
func (s *Store) ReadObject(tree string) (Object, error) {
	files, err := s.hash(s.object(tree))
	o := Object{Tree: tree, Files: files}
	if err == nil {
		err = o.Check()
	}
	if err != nil {
		return Object{}, fmt.Errorf("read stored files %.12s: %w", tree, err)
	}
	return o, nil
}

// Open opens a file of an object for reading.
func (s *Store) Open(o Object, file File) (*os.File, error) {
	return os.Open(filepath.Join(s.object(o.Tree), filepath.FromSlash(file.Path)))
}

// incoming is the private folder of an object on its way here. It is beside those of
// units, and like theirs survives an interruption.
func (s *Store) incoming(tree string) string { return filepath.Join(s.work, tree+".incoming") }

// Receive gets an object that was made elsewhere, unless it is here: fill writes its
// files into a private folder, in which an earlier attempt may have left some. All of
// them are compared with their digests before they become part of the store. One
// process does so at a time.
func (s *Store) Receive(o Object, fill func(dir string) error) (err error) {
	if err := errors.Join(s.ReadOnly(), o.Check()); err != nil {
		return err
	}
	e := &Entry{Tree: o.Tree, Files: o.Files}
	if bad, err := s.inspect(e, listed); bad == nil || err != nil {
		return err
	}
	dir := s.incoming(o.Tree)
	lock, err := filelock.Take(s.ctx, dir+".lock", s.waiting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Remove()) }()
	if bad, err := s.inspect(e, listed); bad == nil || err != nil { // somebody has got it meanwhile
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	if err := fill(dir); err != nil {
		return err
	}
	files, err := sealTree(dir)
	if err != nil {
		return err
	}
	if difference := compareTrees(o.Files, files); difference != "" {
		return errors.Join(fmt.Errorf("what was received is not what was announced: %s", difference), os.RemoveAll(dir))
	}
	if err := s.Exclusively(func() error { return s.install(e, dir) }); err != nil {
		return err
	}
	return os.RemoveAll(dir) // it is there still where somebody has put the object in place
}

// Enter makes an entry that was written elsewhere the result of its fingerprint, once
// its object has been received, and returns what counts from now on, as
// [Store.Commit] does. Where its object is not here it is an error.
func (s *Store) Enter(e *Entry) (*Entry, error) {
	if err := (Work{Fingerprint: e.Fingerprint, Unit: e.Unit, Key: e.Key}).check(); err != nil {
		return nil, err
	}
	var counts *Entry
	err := s.Exclusively(func() error {
		bad, err := s.inspect(e, listed)
		if err == nil && bad != nil {
			err = errors.New(bad.reason)
		}
		if err == nil {
			err = s.index(Work{Fingerprint: e.Fingerprint, Unit: e.Unit, Key: e.Key})
		}
		if err == nil {
			counts, err = s.record(e)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("store result: %w", err)
	}
	return counts, nil
}
