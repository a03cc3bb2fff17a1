package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/gofrs/flock"
)

// unitLock keeps other processes from running a unit. It is the kernel's lock on
// an open file, so that it ends with its process, however that ends.
type unitLock struct {
	path string
	file *flock.Flock
}

// lockPath is the lock's file for a unit's private folder. It is not in that
// folder, which is removed, and whose content says whether a unit resumes.
func lockPath(workDir string) string { return workDir + ".lock" }

// tryLock returns nil without an error when another holds the lock.
func tryLock(path string) (*unitLock, error) {
	for {
		file := flock.New(path, flock.SetPermissions(0o666))
		if ok, err := file.TryLock(); err != nil || !ok {
			return nil, err
		}
		current, err := isCurrent(file)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if !current {
			if err := file.Close(); err != nil {
				return nil, err
			}
			continue
		}
		host, err := os.Hostname()
		if err != nil {
			host = "an unnamed host"
		}
		// Who holds it is only for the message to others; the lock is the kernel's.
		err = os.WriteFile(path, fmt.Appendf(nil, "process %d on %s", os.Getpid(), host), 0o666)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return &unitLock{path: path, file: file}, nil
	}
}

// isCurrent says whether a locked file is still the one at its path: its last
// holder may have removed it after it was opened here.
func isCurrent(file *flock.Flock) (bool, error) {
	ours, err := file.Stat()
	if err != nil {
		return false, err
	}
	now, err := os.Stat(file.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(ours, now), err
}

// release removes the file while it is still locked, so that none stays behind.
func (l *unitLock) release() error {
	return errors.Join(os.Remove(l.path), l.file.Close())
}

// holder says who holds a lock.
func holder(path string) string {
	text, err := os.ReadFile(path)
	if who := strings.TrimSpace(string(text)); err == nil && who != "" {
		return who
	}
	return "another process"
}
