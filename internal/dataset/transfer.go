package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
// belongs to something else is dropped.
func (t *transfer) load() int64 {
	raw, err := os.ReadFile(t.part + ".json")
	info, statErr := os.Stat(t.part)
	if err != nil || statErr != nil || json.Unmarshal(raw, &t.state) != nil ||
		t.state.URL != t.file.URL || t.state.SHA256 != t.file.SHA256 {
		t.discard()
		return 0
	}
	t.have = info.Size()
	return t.have
}

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
	case t.state.ETag != "" && !strings.HasPrefix(t.state.ETag, "W/"): // weak tags promise nothing about bytes
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
	switch r.StatusCode {
	case http.StatusOK:
		t.discard()
	case http.StatusPartialContent:
		var first, last int64
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &length); err != nil || first != t.have {
			t.discard()
			return fmt.Errorf("server sent range %q", r.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		t.discard()
		return errors.New("server has no bytes after those that are here")
	default:
		return refusal(r)
	}
	length = max(length, 0)
	if t.file.Size > 0 && length > 0 && length != t.file.Size {
		return backoff.Permanent(fmt.Errorf("server offers %d bytes, the file has %d", length, t.file.Size))
	}
	t.state = transferState{
		URL: t.file.URL, SHA256: t.file.SHA256,
		ETag: r.Header.Get("ETag"), Modified: r.Header.Get("Last-Modified"), Length: length,
	}
	raw, err := json.Marshal(t.state)
	if err != nil {
		return backoff.Permanent(err)
	}
	if err := os.WriteFile(t.part+".json", raw, 0o644); err != nil {
		return backoff.Permanent(err)
	}
	return nil
}

// maxDownload bounds a file whose length nobody states.
const maxDownload = 1 << 40

// total is the length of the whole file, 0 if unknown.
func (t *transfer) total() int64 {
	return max(t.file.Size, t.state.Length)
}

// write appends body to the partial file. A failing disk is permanent, a body
// that ends early is not.
func (t *transfer) write(body io.Reader) error {
	f, err := os.OpenFile(t.part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return backoff.Permanent(err)
	}
	start := t.have
	if err := errors.Join(f.Truncate(start), seek(f, start)); err != nil {
		return backoff.Permanent(errors.Join(err, f.Close()))
	}
	limit := int64(maxDownload)
	if t.total() > 0 {
		limit = t.total()
	}
	n, copyErr := io.Copy(f, io.LimitReader(body, limit-start+1)) // one byte too many fails the digest
	t.have = start + n
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return backoff.Permanent(err)
	}
	if _, disk := errors.AsType[*fs.PathError](copyErr); disk {
		return backoff.Permanent(copyErr)
	}
	if copyErr == nil && t.total() > 0 && t.have < t.total() {
		return io.ErrUnexpectedEOF
	}
	return copyErr
}

func seek(f *os.File, offset int64) error {
	_, err := f.Seek(offset, io.SeekStart)
	return err
}
