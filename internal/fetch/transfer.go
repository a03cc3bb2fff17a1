package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// transfer is one download in progress: a partial file and what is known about
// where its bytes came from.
type transfer struct {
	Fetcher
	file   File
	part   string // path of the partial file; its state is beside it, in part.json
	state  transferState
	have   int64 // bytes in the partial file
	report func(done, total int64)
}

// transferState says which version of which file the partial bytes belong to.
type transferState struct {
	URL      string `json:"url"`
	SHA256   string `json:"sha256"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Length   int64  `json:"length"` // of the whole file; 0 unknown
}

// load reads what an earlier attempt left and returns its length. A part that
// belongs to something else, or cannot be continued, is dropped.
func (t *transfer) load() int64 {
	raw, err := os.ReadFile(t.part + ".json")
	info, statErr := os.Stat(t.part)
	if err == nil && statErr == nil && json.Unmarshal(raw, &t.state) == nil {
		t.have = info.Size()
	}
	if t.have == 0 || t.state.URL != t.file.URL || t.state.SHA256 != t.file.SHA256 || !t.resumable() {
		t.discard()
	}
	return t.have
}

// resumable reports whether it can be told that the rest fits the partial bytes:
// by the digest in the end, else by a strong entity tag when asking for it.
func (t *transfer) resumable() bool {
	return t.file.pinned() || strong(t.state.ETag) && t.have < t.state.Length
}

// strong reports whether an entity tag promises the same bytes; W/"x" does not.
func strong(etag string) bool { return strings.HasPrefix(etag, `"`) }

// discard forgets the partial bytes and their state. What cannot be removed is
// truncated by the next attempt.
func (t *transfer) discard() {
	for _, path := range []string{t.part, t.part + ".json"} {
		_ = os.Remove(path)
	}
	t.have, t.state = 0, transferState{}
}

// attempt makes one request for the bytes that are missing.
func (t *transfer) attempt(ctx context.Context) error {
	if t.have > 0 && t.have == t.total() {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(t.Stall, func() { cancel(fmt.Errorf("server was silent for %s", t.Stall)) })
	defer timer.Stop()
	request, err := t.request(ctx)
	if err != nil {
		return backoff.Permanent(err)
	}
	response, err := t.Client.Do(request)
	if err != nil {
		return silence(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err := t.accept(response); err != nil {
		return err
	}
	body := &watched{body: response.Body, timer: timer, stall: t.Stall, count: func(n int) {
		t.have += int64(n)
		t.report(t.have, t.total())
	}}
	return silence(ctx, t.write(body))
}

// silence names the stall where that is why a request was cancelled.
func silence(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

func (t *transfer) request(ctx context.Context) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.file.URL, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", "sslpipe")
	// A compressed answer has other byte offsets than the file.
	r.Header.Set("Accept-Encoding", "identity")
	if t.have == 0 {
		return r, nil
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.have))
	switch {
	case strong(t.state.ETag):
		r.Header.Set("If-Range", t.state.ETag)
	case t.state.Modified != "":
		r.Header.Set("If-Range", t.state.Modified)
	}
	return r, nil
}

// accept reads a response's head and decides whether its body goes to the end
// of the partial file or replaces it.
func (t *transfer) accept(r *http.Response) error {
	length := r.ContentLength
	switch {
	case r.StatusCode == http.StatusOK:
		t.discard()
	case r.StatusCode == http.StatusPartialContent && t.have > 0:
		var err error
		if length, err = t.continued(r.Header.Get("Content-Range")); err != nil {
			return err
		}
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		t.discard()
		return errors.New("server has no bytes after those that are here")
	default:
		return refusal(r)
	}
	if err := t.checkLength(length); err != nil {
		return backoff.Permanent(err)
	}
	return t.note(r, max(length, 0))
}

// note keeps where the bytes come from, for the next attempt or process.
func (t *transfer) note(r *http.Response, length int64) error {
	t.state = transferState{
		URL: t.file.URL, SHA256: t.file.SHA256,
		ETag: r.Header.Get("ETag"), Modified: r.Header.Get("Last-Modified"), Length: length,
	}
	raw, err := json.Marshal(t.state)
	if err == nil {
		err = os.WriteFile(t.part+".json", raw, 0o644)
	}
	if err != nil {
		return backoff.Permanent(err)
	}
	return nil
}

// continued returns the length of the whole file from the header of an answer
// that must begin where the partial bytes end. One that does not is asked again
// for everything only where a digest would tell if that is a mixture too.
func (t *transfer) continued(contentRange string) (length int64, err error) {
	var first, last int64
	_, err = fmt.Sscanf(contentRange, "bytes %d-%d/%d", &first, &last, &length)
	if err == nil && first == t.have && (t.state.Length == 0 || length == t.state.Length) {
		return length, nil
	}
	t.discard()
	err = fmt.Errorf("server sent range %q", contentRange)
	if !t.file.pinned() {
		err = backoff.Permanent(err)
	}
	return 0, err
}

// checkLength compares what the server says of the whole file with what is
// known of it. Without a digest the length must be stated: a body that was cut
// shows in nothing else.
func (t *transfer) checkLength(length int64) error {
	if t.file.Size > 0 && length > 0 && length != t.file.Size {
		return fmt.Errorf("server offers %d bytes, the file has %d", length, t.file.Size)
	}
	if !t.file.pinned() && (length <= 0 || length > maxUnpinned) {
		return fmt.Errorf("server states a length of %d bytes", length)
	}
	return nil
}

const (
	maxDownload = 1 << 40 // of a file whose length nobody states
	maxUnpinned = 4 << 30 // of a file that only its server vouches for
)

// total is the length of the whole file, 0 if unknown.
func (t *transfer) total() int64 {
	return max(t.file.Size, t.state.Length)
}
