package tfruntime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// fetcher downloads a file of unknown digest over HTTP. It resumes only bytes
// of which the server says that they are of the same version of the file, and
// insists on the length that the server states.
type fetcher struct {
	client *http.Client
	tries  uint          // attempts before it gives up
	wait   time.Duration // before the second attempt; grows
	stall  time.Duration // longest silence of the server
}

// origin says which version of which file the bytes of a part belong to. It is
// kept beside the part.
type origin struct {
	URL    string `json:"url"`
	ETag   string `json:"etag"`
	Length int64  `json:"length"`
}

// maxArchive bounds a download; the archive has some 150 MB.
const maxArchive = 4 << 30

// fetch downloads url to the path local, by way of local.part. A local that is
// there already is kept: it was complete when it was renamed.
func (f fetcher) fetch(ctx context.Context, url, local string, report func(done, total int64)) error {
	if exists(local) {
		return nil
	}
	part := local + ".part"
	waits := backoff.NewExponentialBackOff()
	waits.InitialInterval = f.wait
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, f.attempt(ctx, url, part, report)
	}, backoff.WithBackOff(waits), backoff.WithMaxTries(f.tries), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return err
	}
	if err := os.Rename(part, local); err != nil {
		return err
	}
	return errors.Join(os.Remove(part+".json"), syncFolder(filepath.Dir(local)))
}

// attempt makes one request for what is missing and reads its answer.
func (f fetcher) attempt(ctx context.Context, url, part string, report func(done, total int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silent := time.AfterFunc(f.stall, func() { cancel(fmt.Errorf("the server was silent for %s", f.stall)) })
	defer silent.Stop()
	have, from := partial(part, url)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return backoff.Permanent(err)
	}
	request.Header.Set("Accept-Encoding", "identity") // another encoding has other offsets
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		request.Header.Set("If-Range", from.ETag)
	}
	response, err := f.client.Do(request)
	if err != nil {
		return cause(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	if have, from, err = accept(response, have, from); err != nil {
		return err
	}
	body := &meter{ctx: ctx, from: response.Body, read: func(n int64) {
		silent.Reset(f.stall)
		report(have+n, from.Length)
	}}
	return cause(ctx, appendPart(part, have, from, body))
}

// cause names the stall where that is why a request was cancelled.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// partial returns what an earlier attempt left of url. Without a strong entity
// tag nobody can say that the rest would fit, so it starts again.
func partial(part, url string) (have int64, from origin) {
	raw, err := os.ReadFile(part + ".json")
	info, statErr := os.Stat(part)
	if err != nil || statErr != nil || json.Unmarshal(raw, &from) != nil ||
		from.URL != url || len(from.ETag) == 0 || from.ETag[0] != '"' || info.Size() >= from.Length {
		return 0, origin{URL: url}
	}
	return info.Size(), from
}

// accept reads the head of an answer: where its body belongs, and how long the
// whole file is.
func accept(r *http.Response, have int64, from origin) (int64, origin, error) {
	from.ETag = r.Header.Get("ETag")
	switch {
	case r.StatusCode == http.StatusOK:
		have, from.Length = 0, r.ContentLength
	case r.StatusCode == http.StatusPartialContent && have > 0:
		var first, last, length int64
		_, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &length)
		if err != nil || first != have || last != length-1 || length != from.Length {
			return 0, from, backoff.Permanent(fmt.Errorf("the server answers with the range %q to a request for %d bytes after %d",
				r.Header.Get("Content-Range"), from.Length-have, have))
		}
	case r.StatusCode >= 500, r.StatusCode == http.StatusTooManyRequests, r.StatusCode == http.StatusRequestTimeout:
		return 0, from, fmt.Errorf("the server answers %s", r.Status)
	default:
		return 0, from, backoff.Permanent(fmt.Errorf("the server answers %s", r.Status))
	}
	if from.Length <= 0 || from.Length > maxArchive {
		return 0, from, backoff.Permanent(fmt.Errorf("the server states a length of %d bytes", from.Length))
	}
	return have, from, nil
}

// appendPart writes a body behind the first have bytes of the part, notes where
// they come from, and insists on the length of the whole.
func appendPart(part string, have int64, from origin, body io.Reader) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return backoff.Permanent(err)
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return backoff.Permanent(err)
	}
	if err := errors.Join(f.Truncate(have), os.WriteFile(part+".json", raw, 0o644)); err != nil {
		return backoff.Permanent(errors.Join(err, f.Close()))
	}
	n, err := io.Copy(io.NewOffsetWriter(f, have), io.LimitReader(body, from.Length-have))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if have+n != from.Length {
		return fmt.Errorf("the server sent %d of %d bytes", have+n, from.Length)
	}
	return nil
}
