package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"syscall"

	"sslpipe/internal/filelock"
)

// Store keeps results by fingerprint. Under its folder, actions holds one JSON
// entry a fingerprint, objects the folders that entries name by content digest,
// byinput which fingerprint has a result for given inputs, damaged what was found
// changed, and tmp nothing while nobody writes. Private folders of running units
// are in work, beside the store's folder.
//
// Any number of processes may use a store at once.
type Store struct {
	dir      string // absolute, without symbolic links
	work     string
	readOnly error // why nothing can be stored; nil where all is well

	ctx     context.Context // ends waiting and reading
	waiting func(holder string)
}

// OpenStore opens the store in dir, usually .sslpipe/cache, making it first where
// needed. One that is there and cannot be written is opened for reading; see
// [Store.ReadOnly].
func OpenStore(dir string) (*Store, error) {
	s, err := openStore(dir)
	if err != nil {
		return nil, fmt.Errorf("open cache %s: %w", dir, err)
	}
	return s, nil
}

func openStore(dir string) (*Store, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(abs, 0o777); err != nil {
		return nil, err
	}
	// A cache may be a link to a larger disk; work must be on that disk too, or
	// a result could not be renamed into place.
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return nil, err
	}
	s := &Store{dir: abs, work: filepath.Join(filepath.Dir(abs), "work"), ctx: context.Background(), waiting: func(string) {}}
	err = s.prepare()
	if _, missing := os.Stat(s.path("actions")); missing == nil && denied(err) {
		s.readOnly, err = err, nil
	}
	return s, err
}

// denied tells whether an error is about who may write, or a disk that nobody may
// write to.
func denied(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}

// With returns the same store for work that ends with ctx: reading stored files
// and waiting for other processes does. Waiting is told, once for each wait that
// is not short, who is changing the store, by process, host and time.
func (s *Store) With(ctx context.Context, waiting func(holder string)) *Store {
	other := *s
	other.ctx, other.waiting = ctx, waiting
	return &other
}

// ReadOnly says why nothing can be stored here; nil where something can.
func (s *Store) ReadOnly() error {
	if s.readOnly == nil {
		return nil
	}
	return fmt.Errorf("the cache %s cannot be written: %w", s.dir, s.readOnly)
}

// prepare makes the store's folders and proves that they can be written: that they
// cannot must be known now and not after hours of training.
func (s *Store) prepare() error {
	for _, folder := range []string{s.work, s.path("actions"), s.path("objects"), s.path("tmp")} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		if err := Writable(folder); err != nil {
			return err
		}
	}
	// Whoever holds the lock has cleared what there was.
	lock, err := filelock.Try(s.path("lock"))
	if lock == nil || err != nil {
		return err
	}
	return errors.Join(s.clearTemp(), lock.Unlock())
}

// Writable returns an error that names a folder in which this process may make no
// files.
func Writable(dir string) error {
	const writeAndSearch = 2 | 1
	if err := syscall.Access(dir, writeAndSearch); err != nil {
		return &fs.PathError{Op: "write to", Path: dir, Err: err}
	}
	return nil
}

// clearTemp removes what a killed process left in tmp; whoever writes there holds
// the lock that this runs under. It also proves that the disk takes files.
func (s *Store) clearTemp() error {
	left, err := os.ReadDir(s.path("tmp"))
	if err != nil {
		return err
	}
	for _, d := range left {
		if err := os.Remove(s.path("tmp", d.Name())); err != nil {
			return err
		}
	}
	probe := s.path("tmp", "probe")
	return errors.Join(os.WriteFile(probe, nil, 0o666), os.Remove(probe))
}

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

func (s *Store) action(fingerprint string) string { return s.path("actions", fingerprint+".json") }
func (s *Store) object(tree string) string        { return s.path("objects", tree) }

// Dir returns the store's absolute folder.
func (s *Store) Dir() string { return s.dir }

// WorkDir returns the private folder of the unit with this fingerprint. It need
// not exist. It survives an interruption, and the unit resumes in it.
func (s *Store) WorkDir(fingerprint string) string { return filepath.Join(s.work, fingerprint) }

// Exclusively runs f while no other process or goroutine changes the store; f must
// not either. What f makes a root of the store is one for whoever collects garbage
// next. Where nothing can be stored, it is an error.
func (s *Store) Exclusively(f func() error) (err error) {
	if err := s.ReadOnly(); err != nil {
		return err
	}
	lock, err := filelock.Take(s.ctx, s.path("lock"), s.waiting)
	if err != nil {
		return fmt.Errorf("lock the cache: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	return f()
}

var fingerprints = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)

// checkFingerprint keeps file names inside the store.
func checkFingerprint(fingerprint string) error {
	if !fingerprints.MatchString(fingerprint) {
		return fmt.Errorf("fingerprint %q is not a name of letters, digits, - and _", fingerprint)
	}
	return nil
}

// DamagedError reports a stored result that cannot be used. It counts as absent,
// and running its unit again repairs it.
type DamagedError struct {
	Fingerprint string
	Reason      string
	Aside       string // where the damaged file or folder is now; empty when it was missing
}

func (e *DamagedError) Error() string {
	text := fmt.Sprintf("stored result %.12s is damaged: %s", e.Fingerprint, e.Reason)
	if e.Aside != "" {
		text += "; it was moved to " + e.Aside
	}
	return text
}

// setAside moves path to a free name in the damaged folder, where nothing looks
// for results; the caller holds the lock.
func (s *Store) setAside(path string) (string, error) {
	if err := os.MkdirAll(s.path("damaged"), 0o777); err != nil {
		return "", err
	}
	for n := 1; ; n++ {
		to := s.path("damaged", fmt.Sprintf("%s.%d", filepath.Base(path), n))
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return to, os.Rename(path, to)
		} else if err != nil {
			return "", err
		}
	}
}
