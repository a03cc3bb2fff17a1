package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sslpipe/internal/durable"

	"github.com/google/renameio/v2"
)

// indexRecord is a file of the folder byinput, whose name is a key.
type indexRecord struct {
	Fingerprint string `json:"fingerprint"` // of the first result with this key
}

func (s *Store) indexFile(key string) string { return s.path("byinput", key+".json") }

// Adopt looks for a result of the same work on the same content, stored for
// another fingerprint, and makes it the result for w's as well: nothing has to
// run because an input was made in another way. It returns nil where there is
// none. Every file is compared with its digest; what has changed is set aside and
// reported as a [*DamagedError], which callers may treat as no result.
func (s *Store) Adopt(w Work) (*Entry, error) {
	if err := w.check(); err != nil || w.Key == "" {
		return nil, err
	}
	fingerprint := s.indexed(w.Key)
	if fingerprint == "" {
		return nil, nil
	}
	found, ok, err := s.check(fingerprint, s.hash)
	if err != nil || !ok || found.Key != w.Key {
		return nil, err
	}
	e := *found
	e.Fingerprint, e.Unit, e.Adopted = w.Fingerprint, w.Unit, found.Fingerprint
	e.Created, e.Divergent = time.Now().UTC().Round(0), nil
	var adopted *Entry
	err = s.Exclusively(func() error {
		// The files may have gone since they were read.
		if bad, err := s.inspect(&e, listed); bad != nil || err != nil {
			return err
		}
		adopted, err = s.record(&e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("adopt stored result: %w", err)
	}
	return adopted, nil
}

// indexed returns the fingerprint that a key leads to, or "". It is a hint, which
// the entry there confirms by its own key; so one that cannot be read is none.
func (s *Store) indexed(key string) string {
	text, err := os.ReadFile(s.indexFile(key))
	var record indexRecord
	if err != nil || json.Unmarshal(text, &record) != nil || checkFingerprint(record.Fingerprint) != nil {
		return ""
	}
	return record.Fingerprint
}

// index makes w's key lead to its fingerprint, unless it leads to a sound result
// already; the caller holds the lock.
func (s *Store) index(w Work) error {
	if w.Key == "" {
		return nil
	}
	text, err := json.Marshal(indexRecord{Fingerprint: w.Fingerprint})
	if err != nil {
		return err
	}
	text = append(text, '\n')
	path := s.indexFile(w.Key)
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if before := s.indexed(w.Key); before != "" && before != w.Fingerprint {
		e, bad, err := s.load(before, listed)
		if err != nil || e != nil && bad == nil && e.Key == w.Key {
			return err
		}
	}
	if err := os.Mkdir(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := renameio.WriteFile(path, text, 0o666, renameio.WithTempDir(s.path("tmp"))); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}
