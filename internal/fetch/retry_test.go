package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestFetchRetriesCutsAndRefusals(t *testing.T) {
	var requests []string
	dest, err := download(t, quick, func(w http.ResponseWriter, r *http.Request) {
		requests = append(requests, r.Header.Get("Range")+"|"+r.Header.Get("If-Range"))
		switch len(requests) {
		case 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		case 3, 4: // the connection is cut after 20,000 bytes
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Content-Length", "65536")
			part := content
			if len(requests) == 4 {
				w.Header().Set("Content-Range", "bytes 20000-65535/65536")
				w.Header().Set("Content-Length", "45536")
				w.WriteHeader(http.StatusPartialContent)
				part = content[20000:]
			}
			_, _ = w.Write(part[:20000])
		default:
			serveContent(w, r)
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
	want := []string{"|", "|", "|", `bytes=20000-|"v1"`, `bytes=40000-|"v1"`}
	if strings.Join(requests, "\n") != strings.Join(want, "\n") {
		t.Errorf("requests %q, want %q", requests, want)
	}
}

func TestFetchRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
		asked   int32
	}{
		"not found":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "server answers 404 Not Found", 1},
		"other size": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content[:100]) }, "server offers 100 bytes, the file has 65536", 1},
		"in circles": {func(w http.ResponseWriter, r *http.Request) { // only the first of the four attempts is a gain
			if r.Header.Get("Range") != "" {
				w.WriteHeader(416)
				return
			}
			w.Header().Set("Content-Length", "65536")
			_, _ = w.Write(content[:20000])
		}, "gave up after 3 attempts", 4},
		"always down": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "gave up after 3 attempts: server answers 500", 3},
	} {
		var asked atomic.Int32
		_, err := download(t, quick, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); c.handler(w, r) }, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if asked.Load() != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, asked.Load(), c.asked)
		}
	}
}

func TestFetchSilentServer(t *testing.T) {
	f := quick
	f.Stall, f.Tries = 30*time.Millisecond, 1
	_, err := download(t, f, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, nil)
	if err == nil || !strings.Contains(err.Error(), "server was silent for 30ms") {
		t.Fatalf("error %v", err)
	}
}

func TestParseRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-3": 0, "soon": 0, "86400": 5 * time.Minute} {
		if got := parseRetryAfter(header); got != want {
			t.Errorf("Retry-After %q: %s, want %s", header, got, want)
		}
	}
	at := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	if got := parseRetryAfter(at); got < 50*time.Second || got > time.Minute {
		t.Errorf("Retry-After %q: %s, want about a minute", at, got)
	}
}

// TestFetchWaitsAsLongAsTheServerAsks and says so; the wait itself is cut short.
func TestFetchWaitsAsLongAsTheServerAsks(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	f := quick
	var told []string
	f.Retrying = func(err error, wait time.Duration) {
		told = append(told, fmt.Sprintf("%v, %v", err, wait))
		cancel()
	}
	err := f.Fetch(ctx, File{URL: server.URL, SHA256: digestOf(content)}, filepath.Join(t.TempDir(), "file"), func(int64, int64) {})
	if !errors.Is(err, context.Canceled) || len(told) != 1 || told[0] != "server answers 503 Service Unavailable, 2m0s" {
		t.Errorf("told %q, error %v", told, err)
	}
}
