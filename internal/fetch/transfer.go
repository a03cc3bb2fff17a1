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
	have   int64  // bytes in the partial file
	joined bool   // the bytes came in several answers
	hint   string // what the answer looked like, where that may be why its bytes are wrong
	report func(done, total int64)
}

// transferState says which version of which file the partial bytes belong to.
type transferState struct {
	Address  string `json:"address"` // digest of it, since a part of it may be a secret
	SHA256   string `json:"sha256"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Length   int64  `json:"length"` // of the whole file; 0 unknown
}

// load reads what an earlier attempt left. A part that belongs to something else,
// or cannot be continued, is dropped.
func (t *transfer) load() {
	raw, err := os.ReadFile(t.part + ".json")
	info, statErr := os.Stat(t.part)
	if err == nil && statErr == nil && json.Unmarshal(raw, &t.state) == nil {
		t.have = info.Size()
	}
	if t.have == 0 || t.state.Address != digestOfAddress(t.file.URL) || t.state.SHA256 != t.file.SHA256 || !t.resumable() {
		t.discard()
	}
	t.joined = t.have > 0
}

// resumable reports whether it can be told that the rest fits the partial bytes:
// by the digest in the end, else by a strong entity tag when asking for it.
func (t *transfer) resumable() bool {
	return t.file.pinned() || strong(t.state.ETag) && t.have < t.state.Length
}

// strong reports whether an entity tag promises the same bytes; W/"x" does not.
// What could not be sent back is no tag.
func strong(etag string) bool {
	return len(etag) < 1024 && strings.HasPrefix(etag, `"`) && plain(etag) == etag
}

// discard forgets the partial bytes and their state. What cannot be removed is
// truncated by the next attempt.
func (t *transfer) discard() {
	for _, path := range []string{t.part, t.part + ".json"} {
		_ = os.Remove(path)
	}
	t.have, t.state, t.joined = 0, transferState{}, false
}

// attempt makes one request for the bytes that are missing.
func (t *transfer) attempt(ctx context.Context) error {
	if t.have > 0 && t.have == t.total() {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(t.Stall, func() { cancel(fmt.Errorf("server was silent for %s, or sent less than %d bytes", t.Stall, trickle)) })
	defer timer.Stop()
	request, err := t.request(ctx)
	if err != nil {
		return backoff.Permanent(err)
	}
	response, err := t.Client.Do(request)
	if err != nil {
		return unreachable(silence(ctx, err))
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
	case isDate(t.state.Modified):
		r.Header.Set("If-Range", t.state.Modified)
	}
	return r, nil
}

func isDate(header string) bool {
	_, err := http.ParseTime(header)
	return err == nil
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
	t.look(r.Header)
	if err := t.checkLength(length); err != nil {
		return backoff.Permanent(err)
	}
	return t.note(r, max(length, 0))
}

// note keeps where the bytes come from, for the next attempt or process.
func (t *transfer) note(r *http.Response, length int64) error {
	t.state = transferState{
		Address: digestOfAddress(t.file.URL), SHA256: t.file.SHA256,
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
	first, length, ok := parseContentRange(contentRange)
	if ok && length == 0 {
		length = t.state.Length // the server does not repeat it
	}
	if ok && first == t.have && (t.state.Length == 0 || length == t.state.Length) {
		t.joined = true
		return length, nil
	}
	err = fmt.Errorf("server sent range %.100q of a file of %d bytes, of which those from %d on are missing", contentRange, t.total(), t.have)
	t.discard()
	if !t.file.pinned() {
		err = backoff.Permanent(err)
	}
	return 0, err
}

// look notes what may explain wrong bytes.
func (t *transfer) look(header http.Header) {
	t.hint = ""
	if encoding := header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		t.hint = fmt.Sprintf("the server has packed it (Content-Encoding %.40q), though asked not to", encoding)
	}
	if media, _, _ := strings.Cut(header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(media), "text/html") {
		t.hint = "the server sent a web page, perhaps a login or a notice: open the address in a browser"
	}
}

// suspicion says why bytes may have the wrong digest, and what to do.
func (t *transfer) suspicion() string {
	if t.hint != "" {
		return t.hint
	}
	return "the file was changed there, or the digest is of another one; compare it with what the publisher states"
}

// checkLength compares what the server says of the whole file with what is
// known of it. Without a digest the length must be stated: a body that was cut
// shows in nothing else.
func (t *transfer) checkLength(length int64) error {
	if t.file.Size > 0 && length > 0 && length != t.file.Size {
		return fmt.Errorf("server offers %d bytes, the file has %d: %s", length, t.file.Size, t.suspicion())
	}
	if !t.file.pinned() && (length <= 0 || length > maxUnpinned) {
		return fmt.Errorf("server states a length of %d bytes", length)
	}
	return nil
}

const (
	maxDownload = 256 << 30 // of a file whose length nobody states
	maxUnpinned = 4 << 30   // of a file that only its server vouches for
)

// total is the length of the whole file, 0 if unknown.
func (t *transfer) total() int64 {
	return max(t.file.Size, t.state.Length)
}
