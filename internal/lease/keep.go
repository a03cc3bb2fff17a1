package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"
)

// ErrLost is matched by the error of a lease that another process has taken over.
var ErrLost = errors.New("the lease is lost")

// Lease is one that this process took, and renews.
type Lease struct {
	leases     *Leases
	name, next string // of its blob, and of that which takes it over

	mu       sync.Mutex // of what follows, and while the blob is written
	document document
	ended    bool

	lost chan struct{} // closed with it
	stop context.CancelFunc
	kept chan struct{} // closed when it is no longer renewed
}

// begin renews the lease from now on.
func (l *Lease) begin() {
	l.lost, l.kept = make(chan struct{}), make(chan struct{})
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	go l.keep(ctx)
}

// perPeriod is how often a lease is renewed in a period.
const perPeriod = 3

// keep renews the lease. A bucket that fails is tried again: whether somebody took the
// lease over meanwhile is seen when it is back.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.kept)
	tick := time.NewTicker(l.leases.terms.Period / perPeriod)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if errors.Is(l.Confirm(ctx), ErrLost) {
			return
		}
	}
}

// Bind returns a context that also ends when the lease is lost, with an error that
// matches [ErrLost]. The function frees what it takes.
func (l *Lease) Bind(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.lost:
			cancel(ErrLost)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// Confirm renews the lease now. The error matches [ErrLost] where another process has
// taken it over; any other is the bucket's, which then does not say who holds it.
func (l *Lease) Confirm(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return l.verdict()
	}
	d := l.document
	d.Renewed++
	if err := l.write(ctx, d); err != nil {
		return err
	}
	l.document = d
	// After the writing, so that who took it over before that is seen.
	return l.overtaken(ctx)
}

// write changes the blob, unless it is no longer this process's: servers without
// conditional writes let the last one win of two that come first.
func (l *Lease) write(ctx context.Context, d document) error {
	text, err := l.leases.read(ctx, l.name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && decode(text).Token != d.Token {
		return l.lose()
	}
	return l.leases.bucket.Put(ctx, l.name, bytes.NewReader(d.encode()))
}

func (l *Lease) overtaken(ctx context.Context) error {
	_, err := l.leases.bucket.Stat(ctx, l.next)
	switch {
	case err == nil:
		return l.lose()
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return err
}

func (l *Lease) lose() error {
	l.ended = true
	close(l.lost)
	return l.verdict()
}

// verdict is how the lease ended.
func (l *Lease) verdict() error {
	select {
	case <-l.lost:
		return fmt.Errorf("%s: %w", l.name, ErrLost)
	default:
		return nil
	}
}

// farewell is how long the bucket has to hear that a lease is released.
const farewell = 10 * time.Second

// Release lets others take the lease, at once; a bucket that fails leaves them to wait
// until it lapses. The reason says why the work was not done, or is empty. A lease that
// is lost, or has been released, stays as it is.
func (l *Lease) Release(reason string) {
	l.stop()
	<-l.kept
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.ended = true
	d := l.document
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "..."
	}
	d.Released, d.Reason = true, reason
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	_ = l.write(ctx, d) // who waits takes it over in the end
}
