package mirror

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"sslpipe/internal/artifact"
)

// Listed is a result that the bucket has.
type Listed struct {
	*artifact.Entry
	Bytes int64 // of its files
	// Wrong says why it cannot be read; then only the fingerprint is known.
	Wrong string
}

// List reads what the bucket has, in the order of the fingerprints. An error is the
// bucket's. Report is called one call at a time.
func (m *Mirror) List(ctx context.Context, report func(done, total int)) ([]Listed, error) {
	var fingerprints []string
	for blob, err := range m.bucket.List(ctx, results) {
		if err != nil {
			return nil, err
		}
		name, ok := strings.CutSuffix(strings.TrimPrefix(blob.Name, results), ".json")
		if ok && isDigest(name) {
			fingerprints = append(fingerprints, name)
		}
	}
	slices.Sort(fingerprints)
	list := make([]Listed, len(fingerprints))
	var mu sync.Mutex
	done := 0
	err := each(ctx, len(list), func(i int) error {
		r, err := m.read(ctx, fingerprints[i])
		switch wrong, isWrong := errors.AsType[*wrongError](err); {
		case isWrong:
			list[i] = Listed{Entry: &artifact.Entry{Fingerprint: fingerprints[i]}, Wrong: wrong.reason}
		case err != nil:
			return err
		case r != nil:
			list[i] = Listed{Entry: r.Entry, Bytes: r.size()}
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		report(done, len(list))
		return nil
	})
	return slices.DeleteFunc(list, func(l Listed) bool { return l.Entry == nil }), err
}
