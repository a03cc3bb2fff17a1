// Package lease keeps several machines from doing the same work at once, by nothing but
// a bucket that they share.
//
// A lease on a name is a row of blobs, NAME/1.json, NAME/2.json and so on. Each is made
// once, by whoever is first ([remote.Bucket.PutFirst]), and after that only its maker
// writes it; the last one counts. Its maker holds the lease, and shows that it lives by
// changing the blob three times in a period. Who has seen for a whole period, by its own
// clock, that nothing changed makes the next blob, which one alone can do; so clocks of
// different machines are never compared, and none that can be set is read.
//
// It refuses to promise that a holder knows of its loss at once: one that slept learns of
// it when it renews the lease, or asks by [Lease.Confirm] before it hands on what it made.
// It removes nothing, since that would take one more permission: a blob is 200 bytes.
package lease

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"time"

	"sslpipe/internal/remote"
)

// Terms are what a process says of itself where it takes a lease.
type Terms struct {
	// Who names the process for people: worker 1 (node7:2222).
	Who string
	// Period is how long it may be silent before others take its leases over.
	Period time.Duration
	// Says is a word to those who look.
	Says string
}

// The bounds of a period, which documents of others are held to.
const (
	MinPeriod = time.Second
	MaxPeriod = time.Hour
)

// Leases are those of one process in a bucket. All methods may be called at once.
type Leases struct {
	bucket remote.Bucket
	terms  Terms

	mu   sync.Mutex
	seen map[string]seen // by name
}

// New contacts nothing.
func New(bucket remote.Bucket, terms Terms) *Leases {
	terms.Period = min(max(terms.Period, MinPeriod), MaxPeriod)
	return &Leases{bucket: bucket, terms: terms, seen: map[string]seen{}}
}

// seen is the last blob of a lease as it was when it was looked at.
type seen struct {
	number int // 0 where there is none
	text   []byte
	document
	since time.Time // when it was first seen as it is
	alive bool      // it was seen to change
}

// Status says how a lease is found.
type Status struct {
	// Free tells that it can be taken: nobody has had it, or its holder let it go or has
	// been silent for its period.
	Free bool
	// Who had it last, and what that one says; empty where nobody has.
	Who, Says string
	// Alive tells that the holder has done something since it was first looked at.
	Alive bool
	// Silent is how long a holder has not been heard of that did not let go.
	Silent time.Duration
	// Reason is why its holder let it go without having done the work, if it said so.
	Reason string
}

func (s seen) status() Status {
	st := Status{Who: s.Who, Says: s.Says, Reason: s.Reason}
	if s.number > 0 && !s.Released {
		st.Silent = time.Since(s.since)
	}
	st.Free = s.number == 0 || s.Released || st.Silent >= s.period()
	st.Alive = s.alive && !st.Free
	return st
}

// Look tells how a lease is found, and takes nothing. A silence counts from the first look on.
func (l *Leases) Look(ctx context.Context, name string) (Status, error) {
	s, err := l.look(ctx, name)
	return s.status(), err
}

// Take takes a lease if it is free; else the lease is nil, and Status tells of its
// holder. It is renewed until it is released or lost.
func (l *Leases) Take(ctx context.Context, name string) (*Lease, Status, error) {
	for {
		last, err := l.look(ctx, name)
		if st := last.status(); err != nil || !st.Free {
			return nil, st, err
		}
		mine := &Lease{leases: l, name: blobName(name, last.number+1), next: blobName(name, last.number+2),
			document: document{Who: l.terms.Who, Says: l.terms.Says, Token: rand.Text(), PeriodSeconds: l.terms.Period.Seconds()}}
		err = l.bucket.PutFirst(ctx, mine.name, bytes.NewReader(mine.document.encode()))
		if errors.Is(err, fs.ErrExist) {
			// Somebody was faster; or it was this process, and the answer was lost.
			var theirs seen
			if theirs, err = l.look(ctx, name); err == nil && (theirs.number != last.number+1 || theirs.Token != mine.document.Token) {
				continue
			}
		}
		if err != nil {
			return nil, Status{}, err
		}
		mine.begin()
		return mine, last.status(), nil
	}
}

// look reads the last blob of a lease.
func (l *Leases) look(ctx context.Context, name string) (seen, error) {
	l.mu.Lock()
	before, known := l.seen[name]
	l.mu.Unlock()
	now := before
	if !known {
		var err error
		if now.number, err = l.last(ctx, name); err != nil {
			return seen{}, err
		}
	}
	if now.number > 0 {
		text, err := l.read(ctx, blobName(name, now.number))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return seen{}, err
		}
		now.text = text
	}
	for {
		text, err := l.read(ctx, blobName(name, now.number+1))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return seen{}, err
		}
		now.number, now.text = now.number+1, text
	}
	if !known || now.number != before.number || !bytes.Equal(now.text, before.text) {
		now.since, now.alive = time.Now(), known
		if now.number > 0 {
			now.document = decode(now.text)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen[name] = now
	return now, nil
}

// last is the number of the last blob, at least: a list may be behind.
func (l *Leases) last(ctx context.Context, name string) (n int, err error) {
	for blob, err := range l.bucket.List(ctx, folder+name+"/") {
		if err != nil {
			return 0, err
		}
		text := strings.TrimSuffix(strings.TrimPrefix(blob.Name, folder+name+"/"), ".json")
		if number, err := strconv.Atoi(text); err == nil && number <= maxNumber {
			n = max(n, number)
		}
	}
	return n, nil
}

func (l *Leases) read(ctx context.Context, blob string) ([]byte, error) {
	var text bytes.Buffer
	_, err := remote.Fetch(ctx, l.bucket, blob, 0, maxDocument, &text)
	return text.Bytes(), err
}
