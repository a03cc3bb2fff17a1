package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
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
		// A gain is more than ever before, and more than a trickle: a server that
		// makes the same bytes start again and again, or sends one a minute, would
		// otherwise be asked for ever.
		if failures++; t.have >= most+trickle {
			failures, most = 0, t.have
			waits.Reset()
		}
		if failures >= t.Tries {
			return fmt.Errorf("gave up after %d attempts: %w; try again later, what has arrived is kept where it can be continued", failures, err)
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
	status int
	wait   time.Duration
}

func (r *retryAfter) Error() string { return answers(r.status) }

// answers names a status in our words: those of the server may be anything.
func answers(status int) string {
	return strings.TrimSpace(fmt.Sprintf("server answers %d %s", status, http.StatusText(status)))
}

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
		return &retryAfter{status: r.StatusCode, wait: parseRetryAfter(r.Header.Get("Retry-After"))}
	}
	advice := "check the address in a browser"
	switch r.StatusCode {
	case http.StatusNotFound, http.StatusGone:
		advice = "the file is not there, or not any more; look for its new address"
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired:
		advice = "it wants to know who asks; get the file by other means"
	}
	return backoff.Permanent(fmt.Errorf("%s: %s", answers(r.StatusCode), advice))
}

// maxRetryAfter bounds what a server may ask for: nobody waits for a day.
const maxRetryAfter = 5 * time.Minute

func parseRetryAfter(header string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseInt(header, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		wait = time.Duration(min(max(seconds, 0), int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = time.Until(at)
	}
	return min(max(wait, 0), maxRetryAfter)
}
