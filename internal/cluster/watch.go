package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// How long others are waited for. A process that has ended on a machine that is there
// is noticed within 2 times Every, a machine that is cut off, within Misses times Every
// and Answer.
const (
	Every  = 2 * time.Second // between two looks
	Answer = 3 * time.Second // for a connection
	Misses = 3               // looks in a row that fail
	Start  = 5 * time.Minute // for the others to start
)

// Await returns when a member's address takes connections, or an error that names it
// when it has not within Start.
func Await(ctx context.Context, m Member) error {
	ctx, cancel := context.WithTimeout(ctx, Start)
	defer cancel()
	for {
		err := look(ctx, m)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return fmt.Errorf("%s did not start within %v: %w", m, Start, err)
			}
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Watch looks at a member until ctx ends, and returns an error when it is gone: nobody
// listens on its address, two times in a row, or its machine does not answer Misses
// times.
func Watch(ctx context.Context, m Member) error { return watch(ctx, m, Every) }

func watch(ctx context.Context, m Member, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := look(ctx, m)
		if err == nil {
			missed = 0
			continue
		}
		missed++
		if errors.Is(err, syscall.ECONNREFUSED) {
			missed++
		}
		if missed >= Misses && ctx.Err() == nil {
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}

// look connects to a member.
func look(ctx context.Context, m Member) error {
	dialer := net.Dialer{Timeout: Answer}
	conn, err := dialer.DialContext(ctx, "tcp", m.Address)
	if err != nil {
		return err
	}
	return conn.Close()
}
