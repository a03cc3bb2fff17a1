package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"sslpipe/internal/artifact"
)

// notes is the folder with an empty file for each result that was made here and has
// not been sent to this bucket yet, by its fingerprint. They are reminders: losing one
// means that the result waits for sslpipe cache push.
func (m *Mirror) notes() string {
	sum := sha256.Sum256([]byte(m.bucket.String()))
	return filepath.Join(m.store.Dir(), "unsent", hex.EncodeToString(sum[:8]))
}

func (m *Mirror) leaveNote(fingerprint string) {
	if os.MkdirAll(m.notes(), 0o777) == nil {
		_ = os.WriteFile(filepath.Join(m.notes(), fingerprint), nil, 0o666)
	}
}

func (m *Mirror) removeNote(fingerprint string) {
	_ = os.Remove(filepath.Join(m.notes(), fingerprint))
}

// Resume sends in the background what earlier processes did not, and returns how many
// results that are.
func (m *Mirror) Resume() (n int, err error) {
	left, err := os.ReadDir(m.notes())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	for _, d := range left {
		e, ok, err := m.store.Examine(d.Name())
		if _, damaged := errors.AsType[*artifact.DamagedError](err); err != nil && !damaged {
			return n, err
		}
		if !ok { // it was removed, or will be made again
			m.removeNote(d.Name())
			continue
		}
		n++
		m.Send(artifact.Committed{Entry: e, Made: e}, func() {})
	}
	return n, err
}
