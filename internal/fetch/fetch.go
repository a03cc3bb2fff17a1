// Package fetch downloads files over HTTP: data sets, and TensorFlow's library.
//
// A [Fetcher] resumes what an earlier attempt left, retries what may pass (5xx,
// 429, 408, cut and stalled connections) with growing waits, and shows a file
// under its name only when it is whole. It refuses
//
//   - a file without a SHA-256 digest, unless the caller says [File].Unpinned,
//     and bytes that do not match the digest or the size that a caller knows;
//   - to go from https to http, or to anything else, and certificates that do
//     not prove who the server is;
//   - a server that sends next to nothing, or without end;
//   - of an unpinned file, whose caller checks what it can: an answer without a
//     length or with a huge one, another length than the server stated, and
//     bytes of which no strong entity tag says that they are of one version.
//
// It does not unpack, and knows nothing of what it downloads. What a caller may
// state about a file is a field of [File]; how a server's answer is judged is in
// accept (transfer.go), which answers are worth another attempt in refusal
// (retry.go), where a server may point in redirect (address.go).
package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sslpipe/internal/durable"

	"github.com/gofrs/flock"
)

// File is what a caller knows of a file at an address.
type File struct {
	URL      string
	Size     int64  // bytes; 0: unknown
	SHA256   string // hexadecimal
	Unpinned bool   // nobody publishes a digest: SHA256 is empty, and the caller checks what arrives
}

// Fetcher says how to download. The zero value is ready for use.
type Fetcher struct {
	Client *http.Client  // nil: the default; where it is redirected to is decided here
	Tries  int           // attempts in a row that gain no byte before it gives up; 0: 6
	Wait   time.Duration // first wait between attempts; 0: one second
	Stall  time.Duration // longest time without 4 KiB of the file; 0: one minute
	Most   int64         // bytes of a file whose length nobody states; 0: 256 GiB
	// Retrying is told why an attempt failed and how long it waits before the
	// next; nil is not told.
	Retrying func(err error, wait time.Duration)
	NoLock   bool // the caller holds a lock of its own: nobody else asks for the same dest
}

// Fetch downloads file to the path dest, whose folder must exist. A dest that
// already matches the digest is kept, as is any dest of an unpinned file; two
// processes may ask for the same dest. While it runs, the bytes so far are in
// dest.part and their origin in dest.part.json; dest.lock stays. Report is
// called with bytes done and in total (0 if unknown).
func (f Fetcher) Fetch(ctx context.Context, file File, dest string, report func(done, total int64)) (err error) {
	if !IsSHA256(file.SHA256) && (file.SHA256 != "" || !file.Unpinned) {
		return fmt.Errorf("download %s: a sha256 digest is needed to trust it", Address(file.URL))
	}
	if !f.NoLock {
		lock := flock.New(dest + ".lock")
		if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
			return fmt.Errorf("download %s: wait for another download: %w", Address(file.URL), err)
		}
		defer func() { err = errors.Join(err, lock.Unlock()) }()
	}
	// Without a digest, to be there says enough: it was whole when it was renamed.
	if _, err := os.Stat(dest); err == nil && file.verify(ctx, dest) == nil {
		// A process that died between the renaming and what comes after it has left its notes.
		(&transfer{part: dest + ".part"}).discard()
		return nil
	}
	if err := f.download(ctx, file, dest, report); err != nil {
		return fmt.Errorf("download %s: %w", Address(file.URL), err)
	}
	return nil
}

func (f Fetcher) download(ctx context.Context, file File, dest string, report func(done, total int64)) error {
	t := transfer{Fetcher: f.withDefaults(), file: file, part: dest + ".part", report: report}
	t.load()
	for again := false; ; again = true {
		if err := t.complete(ctx); err != nil {
			return err
		}
		err := file.verify(ctx, t.part)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = fmt.Errorf("%w: %s", err, t.suspicion())
		joined := t.joined
		// The bytes are wrong: they must not be there for the next attempt.
		t.discard()
		if again || !joined {
			return err
		}
		// Parts of different versions may have been joined: once more, from nothing.
		t.Retrying(err, 0)
	}
	if err := os.Rename(t.part, dest); err != nil {
		return err
	}
	t.discard()
	return durable.SyncFolder(filepath.Dir(dest))
}

func (f Fetcher) withDefaults() Fetcher {
	if f.Client == nil {
		// A connection is for one request: what comes behind the answer is nothing
		// that anybody waits for.
		own := http.DefaultTransport.(*http.Transport).Clone()
		own.DisableKeepAlives = true
		f.Client = &http.Client{Transport: own}
	}
	client := *f.Client
	client.CheckRedirect = redirect
	f.Client = &client
	if f.Tries == 0 {
		f.Tries = 6
	}
	if f.Wait == 0 {
		f.Wait = time.Second
	}
	if f.Stall == 0 {
		f.Stall = time.Minute
	}
	if f.Most == 0 {
		f.Most = maxDownload
	}
	if f.Retrying == nil {
		f.Retrying = func(error, time.Duration) {}
	}
	return f
}

// pinned reports whether a digest decides in the end which bytes are right.
func (f File) pinned() bool { return f.SHA256 != "" }

// verify compares what is at a path with the digest, if there is one.
func (f File) verify(ctx context.Context, path string) error {
	if !f.pinned() {
		return nil
	}
	got, err := SHA256(ctx, path, nil)
	if err != nil {
		return err
	}
	if !strings.EqualFold(got, f.SHA256) {
		return fmt.Errorf("what is there has sha256 %s, not %s", got, f.SHA256)
	}
	return nil
}
