// Package mirror joins the store of this machine with one that several machines
// share: what is not here is fetched from there, what is made here is sent there.
//
// Everything is named by its digest and compared with it when it comes; a wrong blob
// is refused, named, and mended by the next who sends it. It refuses to change what
// counts: as in a store, the first result of a fingerprint is the one for ever, and
// one that differs is kept beside it and told. It removes nothing, anywhere. A bucket
// that fails is told once and left alone for a while: whoever asks goes on with what
// this machine has.
//
// The layout of a bucket is in document.go.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/remote"
)

// Mirror is a store with a bucket behind it.
type Mirror struct {
	store  *artifact.Store
	bucket remote.Bucket
	ctx    context.Context // of what is sent
	tell   func(Note)

	mu    sync.Mutex
	down  time.Time         // until when the bucket is left alone
	told  bool              // that it fails
	wrong map[string]string // names of blobs that are not what they should be, and why
	known map[string]artifact.Object
	// refused are fingerprints of which the bucket has something wrong: they are told
	// once.
	refused map[string]bool

	sender
}

// Note is something to tell people. Fingerprint says which result it is about, if any.
type Note struct {
	Fingerprint string
	Text        string
}

// leftAlone is how long a bucket that failed is not asked again.
const leftAlone = 5 * time.Minute

// New joins a store and a bucket. Nothing is contacted. What is sent is sent until ctx
// ends; tell may be called from several goroutines at once.
func New(ctx context.Context, store *artifact.Store, bucket remote.Bucket, tell func(Note)) *Mirror {
	return &Mirror{store: store, bucket: bucket, ctx: ctx, tell: tell, wrong: map[string]string{}, known: map[string]artifact.Object{},
		refused: map[string]bool{}, sender: sender{slots: make(chan struct{}, sendsAbreast)}}
}

// String is the URL of the bucket.
func (m *Mirror) String() string { return m.bucket.String() }

// errLeftAlone is the end of what is not tried since the bucket has just failed.
var errLeftAlone = errors.New("the store is left alone for a while")

// Reach does something with the bucket, unless it has just failed: then it is an error
// too. Its failure is told once.
func (m *Mirror) Reach(ctx context.Context, f func() error) error {
	m.mu.Lock()
	asleep := time.Now().Before(m.down)
	m.mu.Unlock()
	if asleep {
		return errLeftAlone
	}
	err := f()
	if err == nil || ctx.Err() != nil || isWrong(err) || isLocal(err) {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = time.Now().Add(leftAlone)
	if !m.told {
		m.told = true
		m.tell(Note{Text: fmt.Sprintf("%v. This goes on without the store: what is not here is made here", err)})
	}
	return err
}

// wrongError is a blob that is not what it should be.
type wrongError struct {
	blob   string
	reason string
}

func (e *wrongError) Error() string { return e.blob + " " + e.reason }

func isWrong(err error) bool {
	_, ok := errors.AsType[*wrongError](err)
	return ok
}

// localError is a failure of this machine, of which the bucket is innocent.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

func isLocal(err error) bool {
	_, ok := errors.AsType[localError](err)
	return ok
}

func local(err error) error {
	if err == nil {
		return nil
	}
	return localError{err}
}

// mark notes what is wrong with a blob, so that whoever sends it replaces it.
func (m *Mirror) mark(err *wrongError) *wrongError {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.wrong[err.blob] = err.reason
	return err
}

func (m *Mirror) isMarked(blob string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, marked := m.wrong[blob]
	return marked
}

func (m *Mirror) unmark(blob string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.wrong, blob)
}
