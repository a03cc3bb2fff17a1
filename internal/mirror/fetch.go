package mirror

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
)

// abreast is how many transfers go on at once.
const abreast = 8

// Fetched counts what came.
type Fetched struct {
	Results int   // that came, of
	Found   int   // those that the bucket has
	Bytes   int64 // that came, of
	Total   int64 // those of their files, once each result
}

// Fetch brings results into the store, of the fingerprints that the bucket has. What
// is wrong is told with its result, which then counts as absent, and that the bucket
// fails once. Report is called now and then, one call at a time. The error is that ctx
// ended, or one of this machine.
func (m *Mirror) Fetch(ctx context.Context, fingerprints []string, report func(Fetched)) (Fetched, error) {
	f := &fetching{m: m, report: report}
	found := make([]*result, len(fingerprints))
	if err := each(ctx, len(fingerprints), func(i int) (err error) {
		found[i], err = m.find(ctx, fingerprints[i])
		return err
	}); err != nil {
		return Fetched{}, err
	}
	found = slices.DeleteFunc(found, func(r *result) bool { return r == nil })
	if len(found) == 0 {
		return Fetched{}, nil
	}
	for _, r := range found {
		f.sum.Total += r.size()
	}
	f.sum.Found = len(found)
	report(f.sum)
	err := each(ctx, len(found), func(i int) error { return f.bring(ctx, found[i]) })
	return f.sum, err
}

// each calls f for 0 to n-1, several at a time, until one fails.
func each(ctx context.Context, n int, f func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(abreast)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(i)
		})
	}
	return group.Wait()
}

// settle makes of an error what [Mirror.Fetch] returns: what is wrong is told of a
// result and, like a bucket that fails, means that there is none.
func (m *Mirror) settle(ctx context.Context, fingerprint string, err error) error {
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if inner, ok := errors.AsType[localError](err); ok {
		return inner.error
	}
	if wrong, ok := errors.AsType[*wrongError](err); ok {
		m.mu.Lock()
		m.refused[fingerprint] = true
		m.mu.Unlock()
		m.tell(Note{Fingerprint: fingerprint, Text: fmt.Sprintf("refused what %s has: %v", m, wrong)})
	}
	return nil
}

func (m *Mirror) find(ctx context.Context, fingerprint string) (r *result, err error) {
	m.mu.Lock()
	refused := m.refused[fingerprint]
	m.mu.Unlock()
	if refused {
		return nil, nil
	}
	err = m.Reach(ctx, func() error {
		r, err = m.read(ctx, fingerprint)
		return err
	})
	return r, m.settle(ctx, fingerprint, err)
}

// Adoptable brings the result of the same work on the same content into the store,
// which can then adopt it: see [artifact.Store.Adopt].
func (m *Mirror) Adoptable(ctx context.Context, key string) error {
	var fingerprint string
	err := m.Reach(ctx, func() (err error) {
		fingerprint, err = m.indexed(ctx, key)
		return err
	})
	if err != nil || fingerprint == "" {
		return m.settle(ctx, "", err)
	}
	_, err = m.Fetch(ctx, []string{fingerprint}, func(Fetched) {})
	return err
}

// fetching is one call of Fetch.
type fetching struct {
	m      *Mirror
	mu     sync.Mutex
	sum    Fetched
	report func(Fetched)
}

func (f *fetching) add(results int, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sum.Results += results
	f.sum.Bytes += bytes
	f.report(f.sum)
}

func (f *fetching) bring(ctx context.Context, r *result) error {
	err := f.m.Reach(ctx, func() error {
		for i, o := range r.objects() {
			err := f.m.store.Receive(o, func(dir string) error {
				return f.m.fill(ctx, o, dir, func(n int) {
					if i == 0 {
						f.add(0, int64(n))
					}
				})
			})
			if err != nil {
				return asLocal(err)
			}
		}
		_, err := f.m.store.Enter(r.Entry)
		return local(err)
	})
	if err == nil {
		f.m.remember(r.objects()...)
		f.add(1, 0)
	}
	return f.m.settle(ctx, r.Fingerprint, err)
}

// asLocal tells an error of the store from one of the bucket.
func asLocal(err error) error {
	if _, ok := errors.AsType[bucketError](err); ok || isWrong(err) {
		return err
	}
	return local(err)
}

// bucketError is an error of the bucket, on its way through the store.
type bucketError struct{ error }

func (e bucketError) Unwrap() error { return e.error }
