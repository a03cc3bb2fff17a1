package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sslpipe/internal/filelock"
)

// Scratch is a private folder beside those of the runs, for what appears whole by
// a rename. The next one removes what a killed process left there.
type Scratch struct {
	Dir  string
	lock *filelock.Lock
}

// scratchPrefix begins with a dot: what lists runs leaves such names out.
const scratchPrefix = ".scratch-"

// NewScratch makes a private folder in the folder of the runs.
func NewScratch(runs string) (*Scratch, error) {
	if err := sweepScratch(runs); err != nil {
		return nil, err
	}
	for n := 1; ; n++ {
		dir := filepath.Join(runs, fmt.Sprintf("%s%d", scratchPrefix, n))
		lock, err := filelock.Try(lockPath(dir))
		if err != nil {
			return nil, err
		}
		if lock == nil {
			continue
		}
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o777)); err != nil {
			return nil, errors.Join(err, lock.Remove())
		}
		return &Scratch{Dir: dir, lock: lock}, nil
	}
}

// Remove removes the folder and what is left in it.
func (s *Scratch) Remove() error { return errors.Join(os.RemoveAll(s.Dir), s.lock.Remove()) }

// sweepScratch removes the private folders that belong to nobody.
func sweepScratch(runs string) error {
	locks, err := filepath.Glob(filepath.Join(runs, lockPath(scratchPrefix+"*")))
	for _, path := range locks {
		lock, lockErr := filelock.Try(path)
		err = errors.Join(err, lockErr)
		if lock != nil {
			err = errors.Join(err, os.RemoveAll(strings.TrimSuffix(path, lockPath(""))), lock.Remove())
		}
	}
	return err
}
