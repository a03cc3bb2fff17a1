package remote

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// impatient ends requests on which too little comes or goes for too long. How long
// a whole request takes is not bounded: files may be large, and lines slow.
type impatient struct {
	base  http.RoundTripper
	stall time.Duration
}

// trickle is the least of a blob that must move within the longest silence, in bytes:
// a server that sends a byte a second would otherwise take years.
const trickle = 4096

// stallError is a timeout, after which a request is made again.
type stallError struct{ after time.Duration }

func (e stallError) Error() string {
	return fmt.Sprintf("next to nothing came from the server for %s", e.after)
}

// watch is the clock of one request.
type watch struct {
	timer  *time.Timer
	stall  time.Duration
	cancel context.CancelFunc
	fired  atomic.Bool
	moved  atomic.Int64
}

// count puts the end off when least bytes have moved since it was put off.
func (w *watch) count(n int, least int64) {
	if w.moved.Add(int64(n)) >= least {
		w.moved.Store(0)
		w.timer.Reset(w.stall)
	}
}

// judge words the end of a request that was waited for too long.
func (w *watch) judge(err error) error {
	if err != nil && w.fired.Load() {
		return stallError{w.stall}
	}
	return err
}

// RoundTrip implements http.RoundTripper.
func (t *impatient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	w := &watch{stall: t.stall, cancel: cancel}
	w.timer = time.AfterFunc(t.stall, func() {
		w.fired.Store(true)
		cancel()
	})
	req = req.Clone(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &watched{ReadCloser: req.Body, watch: w, least: trickle}
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		w.timer.Stop()
		cancel()
		return nil, w.judge(err)
	}
	w.timer.Reset(t.stall)
	answer := &watched{ReadCloser: resp.Body, watch: w, least: trickle, last: true}
	if req.Method != http.MethodGet {
		answer.least = 1 // a server that joins what was put sends a byte now and then
	}
	resp.Body = answer
	return resp, nil
}

// watched is a body on the way.
type watched struct {
	io.ReadCloser
	*watch
	least int64
	last  bool // the request is over with it
}

func (b *watched) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.count(n, b.least)
	if err == io.EOF { //nolint:errorlint // a reader returns it as it is
		return n, err
	}
	return n, b.judge(err)
}

func (b *watched) Close() error {
	if b.last {
		b.timer.Stop()
		defer b.cancel()
	}
	return b.ReadCloser.Close()
}
