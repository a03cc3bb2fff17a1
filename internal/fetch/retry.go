package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// complete attempts the transfer until the part is whole.
func (t *transfer) complete(ctx context.Context) error {
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval, waits.MaxInterval = t.Wait, 30*t.Wait
	for failures, most := 0, t.have; ; {
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
		if !t.resumable() {
			t.discard() // bytes that cannot be continued are no gain
		}
		// A gain is more than ever before: a server that makes the same bytes
		// start again and again would otherwise be asked for ever.
		if failures++; t.have > most {
			failures, most = 0, t.have
			waits.Reset()
		}
		if failures >= t.Tries {
			return fmt.Errorf("gave up after %d attempts: %w", failures, err)
		}
		wait := max(waits.NextBackOff(), asked(err))
		t.Retrying(err, wait)
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

func pause(ctx context.Context, wait time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// retryAfter is a refusal by a server that said when to come back.
type retryAfter struct {
	status string
	wait   time.Duration
}

func (r *retryAfter) Error() string { return "server answers " + r.status }

// asked is how long the server behind an error wants to be left alone.
func asked(err error) time.Duration {
	if after, ok := errors.AsType[*retryAfter](err); ok {
		return after.wait
	}
	return 0
}

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
