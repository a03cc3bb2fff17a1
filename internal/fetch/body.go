package fetch

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// watched reads a response's body, counts and reports it, and puts off the
// moment at which a silent server's request is cancelled.
type watched struct {
	body  io.Reader
	timer *time.Timer
	stall time.Duration
	count func(n int)
	since int // bytes since the moment was put off
}

// trickle is the least that a server must send within the longest silence, in
// bytes: less would take years for a data set.
const trickle = 4096

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if w.since += n; w.since >= trickle {
		w.since = 0
		w.timer.Reset(w.stall)
	}
	w.count(n)
	return n, err
}

// write appends body to the partial file. A failing disk is permanent, a body
// that ends early is not.
func (t *transfer) write(body io.Reader) error {
	f, err := os.OpenFile(t.part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return backoff.Permanent(err)
	}
	start := t.have
	if err := f.Truncate(start); err != nil {
		return backoff.Permanent(errors.Join(err, f.Close()))
	}
	limit := t.Most
	if t.total() > 0 {
		limit = t.total()
	}
	n, copyErr := io.Copy(io.NewOffsetWriter(f, start), io.LimitReader(body, limit-start+1))
	t.have = start + n
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return backoff.Permanent(err)
	}
	if _, disk := errors.AsType[*fs.PathError](copyErr); disk {
		return backoff.Permanent(copyErr)
	}
	if t.have > limit {
		err := fmt.Errorf("server sent more than %d bytes: %s", limit, t.suspicion())
		if t.total() == 0 {
			err = backoff.Permanent(err) // another attempt would be as long
		}
		t.discard()
		return err
	}
	if copyErr == nil && t.have < t.total() {
		return io.ErrUnexpectedEOF
	}
	return copyErr
}
