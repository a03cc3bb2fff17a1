package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/gofrs/flock"
)

// Fetcher downloads files over HTTP: it resumes what an earlier attempt left,
// retries what may pass (5xx, 429, 408, cut and stalled connections) with
// growing waits, and never hands out bytes that do not match their digest. The
// zero value is ready for use.
type Fetcher struct {
	Client *http.Client  // nil: http.DefaultClient
	Tries  int           // attempts in a row that gain no byte before it gives up; 0: 6
	Wait   time.Duration // first wait between attempts; 0: one second
	Stall  time.Duration // longest silence of a server; 0: one minute
}

// Fetch downloads file to the path dest, whose folder must exist. A dest that
// already matches the digest is kept; two processes may ask for the same dest.
// While it runs, the bytes so far are in dest.part and their origin in
// dest.part.json. Report is called with bytes done and in total (0 if unknown).
func (f Fetcher) Fetch(ctx context.Context, file File, dest string, report func(done, total int64)) (err error) {
	if !isSHA256(file.SHA256) {
		return fmt.Errorf("download %s: a sha256 digest is needed to trust it", file.URL)
	}
	lock := flock.New(dest + ".lock")
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return fmt.Errorf("download %s: wait for another download: %w", file.URL, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	if verify(ctx, dest, file.SHA256) == nil {
		return nil
	}
	if err := f.download(ctx, file, dest, report); err != nil {
		return fmt.Errorf("download %s: %w", file.URL, err)
	}
	return nil
}

func (f Fetcher) download(ctx context.Context, file File, dest string, report func(done, total int64)) error {
	t := transfer{Fetcher: f.withDefaults(), file: file, part: dest + ".part", report: report}
	resumed := t.load() > 0
	for {
		if err := t.complete(ctx); err != nil {
			return err
		}
		err := verify(ctx, t.part, file.SHA256)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		// The bytes are wrong: they must not be there for the next attempt.
		t.discard()
		if !resumed {
			return err
		}
		resumed = false // an old part may have been at fault: once more, from nothing
	}
	if err := os.Rename(t.part, dest); err != nil {
		return err
	}
	t.discard()
	return syncFolder(filepath.Dir(dest))
}

func (f Fetcher) withDefaults() Fetcher {
	if f.Client == nil {
		f.Client = http.DefaultClient
	}
	if f.Tries == 0 {
		f.Tries = 6
	}
	if f.Wait == 0 {
		f.Wait = time.Second
	}
	if f.Stall == 0 {
		f.Stall = time.Minute
	}
	return f
}

// complete attempts the transfer until the part is whole.
func (t *transfer) complete(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = t.Wait, 30*t.Wait
	for failures := 0; ; {
		before := t.have
		err := t.attempt(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok {
			return permanent.Unwrap()
		}
		if failures++; t.have > before {
			failures = 0
			waits.Reset()
		}
		if failures >= t.Tries {
			return fmt.Errorf("gave up after %d attempts: %w", failures, err)
		}
		wait := waits.NextBackOff()
		if after, ok := errors.AsType[*retryAfter](err); ok && after.wait > wait {
			wait = after.wait
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// retryAfter is a refusal by a server that said when to come back.
type retryAfter struct {
	status string
	wait   time.Duration
}

func (r *retryAfter) Error() string { return "server answers " + r.status }

// refusal turns a status that is no success into an error, permanent where
// asking again is of no use.
func refusal(r *http.Response) error {
	switch {
	case r.StatusCode >= 500, r.StatusCode == http.StatusTooManyRequests, r.StatusCode == http.StatusRequestTimeout:
		return &retryAfter{status: r.Status, wait: parseRetryAfter(r.Header.Get("Retry-After"))}
	}
	return backoff.Permanent(fmt.Errorf("server answers %s", r.Status))
}

// maxRetryAfter bounds what a server may ask for: nobody waits for a day.
const maxRetryAfter = 5 * time.Minute

func parseRetryAfter(header string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// verify compares a file with a digest.
func verify(ctx context.Context, path, want string) error {
	got, err := fileSHA256(ctx, path)
	if err != nil {
		return err
	}
	if !equalHex(got, want) {
		return fmt.Errorf("%s has sha256 %s, not %s", filepath.Base(path), got, want)
	}
	return nil
}

// watched reads a response's body, counts and reports it, and cancels the
// request where the server falls silent.
type watched struct {
	body  io.Reader
	timer *time.Timer
	stall time.Duration
	count func(n int)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	w.timer.Reset(w.stall)
	w.count(n)
	return n, err
}
