package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// content is what the test servers serve.
var content = bytes.Repeat([]byte("0123456789abcdef"), 4096)

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// quick does not make tests wait.
var quick = Fetcher{Wait: time.Millisecond, Tries: 3, Stall: 5 * time.Second}

// fetch downloads from a handler and returns the destination and the error.
func fetch(t *testing.T, f Fetcher, handler http.HandlerFunc, prepare func(dest, url string)) (string, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	dest := filepath.Join(t.TempDir(), "file.bin")
	if prepare != nil {
		prepare(dest, server.URL)
	}
	file := File{URL: server.URL, Size: int64(len(content)), SHA256: digestOf(content)}
	return dest, f.Fetch(t.Context(), file, dest, func(int64, int64) {})
}

// wantContent checks that the file is there and nothing beside it but the lock.
func wantContent(t *testing.T, dest string) {
	t.Helper()
	got, err := os.ReadFile(dest)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("file of %d bytes, error %v; want the %d served", len(got), err, len(content))
	}
	wantFiles(t, dest, "file.bin", "file.bin.lock")
}

func wantFiles(t *testing.T, dest string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(dest))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Fatalf("folder holds %v, want %v", got, want)
	}
}

func serveContent(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// writePart leaves what an interrupted download leaves.
func writePart(t *testing.T, bytes []byte, etag string) func(dest, url string) {
	return func(dest, url string) {
		state := fmt.Sprintf(`{"url":%q,"sha256":%q,"etag":%q,"length":%d}`, url, digestOf(content), etag, len(content))
		if err := errors.Join(os.WriteFile(dest+".part", bytes, 0o644), os.WriteFile(dest+".part.json", []byte(state), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchWhole(t *testing.T) {
	dest, err := fetch(t, quick, serveContent, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchKeepsWhatIsThere(t *testing.T) {
	_, err := fetch(t, quick, func(http.ResponseWriter, *http.Request) { t.Error("asked the server") }, func(dest, _ string) {
		if err := os.WriteFile(dest, content, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFetchReplacesDamagedFile(t *testing.T) {
	dest, err := fetch(t, quick, serveContent, func(dest, _ string) {
		if err := os.WriteFile(dest, content[1:], 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchRetriesCutsAndRefusals(t *testing.T) {
	var requests []string
	dest, err := fetch(t, quick, func(w http.ResponseWriter, r *http.Request) {
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

func TestFetchResumesAfterRestart(t *testing.T) {
	var ranges []string
	dest, err := fetch(t, quick, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		serveContent(w, r)
	}, writePart(t, content[:50000], `"v1"`))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
	if len(ranges) != 1 || ranges[0] != "bytes=50000-" {
		t.Errorf("requests for %q, want one for bytes=50000-", ranges)
	}
}

func TestFetchRestartsWhenFileChanged(t *testing.T) {
	dest, err := fetch(t, quick, serveContent, writePart(t, bytes.Repeat([]byte("x"), 50000), `"v0"`))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchStartsAnewWhenPartWasWrong(t *testing.T) {
	// The server says that the old bytes are still right, and they are not.
	dest, err := fetch(t, quick, serveContent, writePart(t, bytes.Repeat([]byte("x"), 50000), `"v1"`))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchServerWithoutRanges(t *testing.T) {
	dest, err := fetch(t, quick, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }, writePart(t, content[:50000], ""))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchWrongDigestLeavesNothing(t *testing.T) {
	wrong := bytes.ToUpper(content)
	dest, err := fetch(t, quick, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wrong) }, nil)
	if err == nil || !strings.Contains(err.Error(), "has sha256 "+digestOf(wrong)+", not "+digestOf(content)) {
		t.Fatalf("error %v", err)
	}
	wantFiles(t, dest, "file.bin.lock")
}

func TestFetchRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    string
		asked   int32
	}{
		"not found":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "server answers 404 Not Found", 1},
		"other size":  {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content[:100]) }, "server offers 100 bytes, the file has 65536", 1},
		"always down": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "gave up after 3 attempts: server answers 500", 3},
	} {
		var asked atomic.Int32
		_, err := fetch(t, quick, func(w http.ResponseWriter, r *http.Request) { asked.Add(1); c.handler(w, r) }, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if asked.Load() != c.asked {
			t.Errorf("%s: asked %d times, want %d", name, asked.Load(), c.asked)
		}
	}
}

func TestFetchWithoutDigest(t *testing.T) {
	err := quick.Fetch(t.Context(), File{URL: "http://127.0.0.1:1/x"}, filepath.Join(t.TempDir(), "x"), nil)
	if err == nil || !strings.Contains(err.Error(), "a sha256 digest is needed") {
		t.Fatalf("error %v", err)
	}
}

func TestFetchSilentServer(t *testing.T) {
	f := quick
	f.Stall, f.Tries = 30*time.Millisecond, 1
	_, err := fetch(t, f, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, nil)
	if err == nil || !strings.Contains(err.Error(), "server was silent for 30ms") {
		t.Fatalf("error %v", err)
	}
}

func TestFetchCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "65536")
		_, _ = w.Write(content[:30000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	dest := filepath.Join(t.TempDir(), "file.bin")
	err := quick.Fetch(ctx, File{URL: server.URL, SHA256: digestOf(content)}, dest, func(done, _ int64) {
		if done == 30000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	wantFiles(t, dest, "file.bin.lock", "file.bin.part", "file.bin.part.json")
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
