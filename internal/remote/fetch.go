package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// maxCuts is how often in a row a transfer may end early without a byte.
const maxCuts = 4

// Fetch writes what follows the first have bytes of a blob to w, at most until it
// has size bytes and one more, which tells that it is too long. It goes on where a
// transfer was cut, and returns how many bytes there are now. An error of w ends it.
func Fetch(ctx context.Context, b Bucket, name string, have, size int64, w io.Writer) (int64, error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = cutPause, 20*cutPause
	cuts := 0
	for {
		n, err := fetchOnce(ctx, b, name, have, size+1-have, w)
		have += n
		if n > 0 {
			cuts = 0
			wait.Reset()
		}
		if cuts++; err == nil || !isCut(err) || ctx.Err() != nil || cuts > maxCuts {
			return have, err
		}
		select {
		case <-time.After(wait.NextBackOff()):
		case <-ctx.Done():
		}
	}
}

// cutPause is how long it waits at first before it goes on.
var cutPause = 100 * time.Millisecond

// cutError is the early end of a transfer: another attempt may go on there.
type cutError struct{ error }

func (e cutError) Unwrap() error { return e.error }

func isCut(err error) bool {
	var cut cutError
	return errors.As(err, &cut)
}

func fetchOnce(ctx context.Context, b Bucket, name string, from, most int64, w io.Writer) (n int64, err error) {
	r, err := b.Get(ctx, name, from)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(w, io.LimitReader(r, most))
	return n, errors.Join(err, r.Close())
}

// maxText is more than a document takes.
const maxText = 256 << 20

// ErrTooLong is the error of [ReadAll] for what is no document.
var ErrTooLong = errors.New("it is far too long")

// ReadAll reads a blob into memory. Where there is none, the error matches
// fs.ErrNotExist.
func ReadAll(ctx context.Context, b Bucket, name string) ([]byte, error) {
	var text sink
	n, err := Fetch(ctx, b, name, 0, maxText, &text)
	if err == nil && n > maxText {
		err = &fs.PathError{Op: "read", Path: name, Err: ErrTooLong}
	}
	return text.bytes, err
}

type sink struct{ bytes []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.bytes = append(s.bytes, p...)
	return len(p), nil
}
