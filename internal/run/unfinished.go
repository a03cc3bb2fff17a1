package run

import (
	"os"
	"time"

	"sslpipe/internal/artifact"
)

// Unfinished returns when the unit with a fingerprint last wrote to its private
// folder, if it can go on from what is there.
func Unfinished(store *artifact.Store, fingerprint string) (time.Time, bool) {
	entries, err := os.ReadDir(store.WorkDir(fingerprint))
	if err != nil {
		return time.Time{}, false
	}
	var latest time.Time
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.Name() != "out" && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest, !latest.IsZero()
}
