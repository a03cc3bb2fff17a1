package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/filelock"
)

// lockPath is the lock's file for a unit's private folder. It is not in that
// folder, which is removed, and whose content says whether a unit resumes.
func lockPath(workDir string) string { return workDir + ".lock" }

// Held lists the fingerprints of the units that processes are running now, with
// who runs them.
func Held(store *artifact.Store) (map[string]string, error) {
	work := store.WorkDir("")
	files, err := os.ReadDir(work)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	held := map[string]string{}
	for _, f := range files {
		fingerprint, ok := strings.CutSuffix(f.Name(), lockPath(""))
		if !ok {
			continue
		}
		path := filepath.Join(work, f.Name())
		who, err := filelock.HeldBy(path)
		if err != nil {
			return nil, fmt.Errorf("look at the lock %s: %w", path, err)
		}
		if who != "" {
			held[fingerprint] = who
		}
	}
	return held, nil
}

// RemoveWork removes the private folder of a unit, and with it what the unit
// would resume from, unless a process is running the unit.
func RemoveWork(store *artifact.Store, fingerprint string) (removed bool, err error) {
	dir := store.WorkDir(fingerprint)
	lock, err := filelock.Try(lockPath(dir))
	if lock == nil || err != nil {
		return false, err
	}
	return true, errors.Join(os.RemoveAll(dir), lock.Remove())
}

// DownloadsDir is the folder that units share for what they fetch, unless a run
// says otherwise.
func DownloadsDir(store *artifact.Store) string {
	return filepath.Join(filepath.Dir(store.Dir()), "downloads")
}
