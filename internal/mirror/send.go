package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"sslpipe/internal/artifact"
)

// sendsAbreast is how many results are sent at once, beside what computes.
const sendsAbreast = 2

// sender is what of a Mirror sends in the background.
type sender struct {
	jobs  sync.WaitGroup
	slots chan struct{}

	count   sync.Mutex
	pending int
	unsent  []job
}

// job is a result to be sent: the one that counts and, where it differs, another of
// the same fingerprint.
type job struct{ first, made *artifact.Entry }

// Send sends a result in the background, as it was committed, and then calls done,
// whether it could be sent or not. Until it has been sent there is a note of it on the
// disk, for [Mirror.Resume].
func (m *Mirror) Send(c artifact.Committed, done func()) {
	j := job{first: c.Entry}
	if c.Diverged() {
		j.made = c.Made
	}
	m.leaveNote(j.first.Fingerprint)
	m.change(1)
	m.jobs.Go(func() {
		defer m.change(-1)
		defer done()
		select {
		case m.slots <- struct{}{}:
			defer func() { <-m.slots }()
		case <-m.ctx.Done():
		}
		m.try(j)
	})
}

func (m *Mirror) change(n int) {
	m.count.Lock()
	defer m.count.Unlock()
	m.pending += n
}

// Pending is how many results are being sent or wait for it.
func (m *Mirror) Pending() int {
	m.count.Lock()
	defer m.count.Unlock()
	return m.pending
}

// try sends a result, or keeps it for another attempt.
func (m *Mirror) try(j job) {
	err := m.Reach(m.ctx, func() error { return m.send(m.ctx, j) })
	if err == nil {
		m.removeNote(j.first.Fingerprint)
		return
	}
	if isLocal(err) && m.ctx.Err() == nil {
		m.tell(Note{Fingerprint: j.first.Fingerprint, Text: fmt.Sprintf("cannot be sent to %s: %v", m, err)})
	}
	m.count.Lock()
	defer m.count.Unlock()
	m.unsent = append(m.unsent, j)
}

// Wait returns when everything has been sent, or cannot be, with the number of results
// that have not been. It reports every so often how many are left.
func (m *Mirror) Wait(every time.Duration, report func(left int)) (unsent int) {
	done := make(chan struct{})
	go func() {
		m.jobs.Wait()
		m.again()
		close(done)
	}()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			m.count.Lock()
			defer m.count.Unlock()
			return len(m.unsent)
		case <-tick.C:
			report(m.Pending())
		}
	}
}

// again tries once more what could not be sent: the bucket may have come back.
func (m *Mirror) again() {
	m.count.Lock()
	left := m.unsent
	m.unsent = nil
	m.count.Unlock()
	for _, j := range left {
		m.try(j)
	}
}

func (m *Mirror) send(ctx context.Context, j job) error {
	_, err := m.sendFirst(ctx, j.first)
	if err == nil && j.made != nil {
		err = m.sendBeside(ctx, j.first, j.made)
	}
	return err
}

// sendFirst makes e what the bucket has for its fingerprint, unless it has a result
// for it that can be used. Where that is another one, e is put beside it.
func (m *Mirror) sendFirst(ctx context.Context, e *artifact.Entry) (sent bool, err error) {
	there, err := m.read(ctx, e.Fingerprint)
	if err != nil && !isWrong(err) {
		return false, err
	}
	broken := err != nil || there != nil && m.isBroken(there)
	switch {
	case there != nil && !broken && artifact.SameResult(there.Entry, e):
		m.remember(e.Object())
		return false, nil
	case there != nil && !broken:
		return false, m.sendBeside(ctx, there.Entry, e)
	}
	text, err := m.sendParts(ctx, e)
	if err != nil {
		return false, err
	}
	if broken {
		err := m.bucket.Put(ctx, resultName(e.Fingerprint), body(text))
		if err == nil {
			m.unmark(resultName(e.Fingerprint))
		}
		return err == nil, err
	}
	err = m.bucket.PutFirst(ctx, resultName(e.Fingerprint), body(text))
	if !errors.Is(err, fs.ErrExist) {
		return err == nil, err
	}
	there, err = m.read(ctx, e.Fingerprint) // somebody was faster
	if err != nil || there == nil || artifact.SameResult(there.Entry, e) {
		return false, err
	}
	return false, m.sendBeside(ctx, there.Entry, e)
}

// isBroken tells whether a file of a result was found not to be what it should be.
func (m *Mirror) isBroken(r *result) bool {
	for _, o := range r.objects() {
		for _, f := range o.Files {
			if m.isMarked(fileName(f)) {
				return true
			}
		}
	}
	return false
}

// sendBeside keeps a result that differs from the one that counts, and tells of it.
func (m *Mirror) sendBeside(ctx context.Context, first, e *artifact.Entry) error {
	text, err := m.sendParts(ctx, e)
	if err != nil {
		return err
	}
	name, err := divergentName(e)
	if err != nil {
		return local(err)
	}
	if err := m.bucket.PutFirst(ctx, name, body(text)); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	difference, err := m.store.Compare(first, e)
	if err != nil {
		return local(err)
	}
	m.tell(Note{Fingerprint: e.Fingerprint, Text: fmt.Sprintf("DIVERGED from the first result in %s, of %s, which stays the one that others get; this one is kept beside it: %s",
		m, first.Created.Format(time.DateTime), difference)})
	return nil
}

// sendParts sends everything that a document names, and returns its text.
func (m *Mirror) sendParts(ctx context.Context, e *artifact.Entry) ([]byte, error) {
	objects := []artifact.Object{e.Object()}
	for _, tree := range m.store.Speaks(e) {
		o, err := m.object(tree)
		if err != nil {
			return nil, local(err)
		}
		objects = append(objects, o)
	}
	for _, o := range objects {
		for _, f := range o.Files {
			if err := m.sendFile(ctx, o, f); err != nil {
				return nil, err
			}
		}
	}
	m.remember(objects...)
	if e.Key != "" { // before the document, as in a store
		hint := fmt.Appendf(nil, "{\"fingerprint\":%q}\n", e.Fingerprint)
		if err := m.bucket.PutFirst(ctx, keyName(e.Key), body(hint)); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	text, err := encode(e, objects[1:])
	return text, local(err)
}

// remember keeps the files of objects, which would have to be read for their digests.
func (m *Mirror) remember(objects ...artifact.Object) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range objects {
		m.known[o.Tree] = o
	}
}

func (m *Mirror) object(tree string) (artifact.Object, error) {
	m.mu.Lock()
	o, ok := m.known[tree]
	m.mu.Unlock()
	if ok {
		return o, nil
	}
	o, err := m.store.ReadObject(tree)
	if err == nil {
		m.remember(o)
	}
	return o, err
}

// sendFile sends a file unless the bucket has it.
func (m *Mirror) sendFile(ctx context.Context, o artifact.Object, f artifact.File) (err error) {
	if f.Size == 0 {
		return nil
	}
	name := fileName(f)
	if !m.isMarked(name) {
		blob, err := m.bucket.Stat(ctx, name)
		if err == nil && blob.Size == f.Size {
			return nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	in, err := m.store.Open(o, f)
	if err != nil {
		return local(err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	sum := sha256.New()
	if n, err := io.Copy(sum, in); err != nil || n != f.Size || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return local(errors.Join(fmt.Errorf("the content of %s has changed since it was stored here", f.Path), err))
	}
	// A section has no Close, which the S3 client would call.
	if err := m.bucket.Put(ctx, name, io.NewSectionReader(in, 0, f.Size)); err != nil {
		return err
	}
	m.unmark(name)
	return nil
}

// Pushed counts what became of results that were to be sent.
type Pushed struct {
	Sent   int // that were not there before
	There  int // that were, or that another one counts for
	Failed int // that cannot be sent, which has been told
}

// PushAll sends results now. What is wrong with one on this machine is told, and the
// others are sent. Report is called one call at a time. An error is the bucket's.
func (m *Mirror) PushAll(ctx context.Context, list []*artifact.Entry, report func(done, total int)) (Pushed, error) {
	var mu sync.Mutex
	var sum Pushed
	err := each(ctx, len(list), func(i int) error {
		sent, err := m.sendFirst(ctx, list[i])
		if err != nil && (!isLocal(err) || ctx.Err() != nil) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err != nil:
			sum.Failed++
			m.tell(Note{Fingerprint: list[i].Fingerprint, Text: fmt.Sprintf("cannot be sent: %v", err)})
		case sent:
			sum.Sent++
		default:
			sum.There++
		}
		if err == nil {
			m.removeNote(list[i].Fingerprint)
		}
		report(sum.Sent+sum.There+sum.Failed, len(list))
		return nil
	})
	return sum, err
}
