package fetch

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

// download fetches from a handler and returns the destination and the error.
func download(t *testing.T, f Fetcher, handler http.HandlerFunc, prepare func(dest, url string)) (string, error) {
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
		state := fmt.Sprintf(`{"address":%q,"sha256":%q,"etag":%q,"length":%d}`, digestOfAddress(url), digestOf(content), etag, len(content))
		if err := errors.Join(os.WriteFile(dest+".part", bytes, 0o644), os.WriteFile(dest+".part.json", []byte(state), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFetchWhole(t *testing.T) {
	dest, err := download(t, quick, serveContent, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchKeepsWhatIsThere(t *testing.T) {
	_, err := download(t, quick, func(http.ResponseWriter, *http.Request) { t.Error("asked the server") }, func(dest, _ string) {
		if err := os.WriteFile(dest, content, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A process was killed right after it had given the file its name.
func TestFetchClearsWhatAKilledOneLeft(t *testing.T) {
	dest, err := download(t, quick, func(http.ResponseWriter, *http.Request) { t.Error("asks for a file that is there") }, func(dest, _ string) {
		for path, content := range map[string][]byte{dest: content, dest + ".part.json": []byte("{}")} {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchReplacesDamagedFile(t *testing.T) {
	dest, err := download(t, quick, serveContent, func(dest, _ string) {
		if err := os.WriteFile(dest, content[1:], 0o644); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchResumesAfterRestart(t *testing.T) {
	var ranges []string
	dest, err := download(t, quick, func(w http.ResponseWriter, r *http.Request) {
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
	dest, err := download(t, quick, serveContent, writePart(t, bytes.Repeat([]byte("x"), 50000), `"v0"`))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchStartsAnewWhenPartWasWrong(t *testing.T) {
	// The server says that the old bytes are still right, and they are not.
	dest, err := download(t, quick, serveContent, writePart(t, bytes.Repeat([]byte("x"), 50000), `"v1"`))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchServerWithoutRanges(t *testing.T) {
	dest, err := download(t, quick, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }, writePart(t, content[:50000], ""))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, dest)
}

func TestFetchWrongDigestLeavesNothing(t *testing.T) {
	wrong := bytes.ToUpper(content)
	dest, err := download(t, quick, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(wrong) }, nil)
	if err == nil || !strings.Contains(err.Error(), "has sha256 "+digestOf(wrong)+", not "+digestOf(content)) {
		t.Fatalf("error %v", err)
	}
	wantFiles(t, dest, "file.bin.lock")
}

func TestFetchWithoutDigest(t *testing.T) {
	err := quick.Fetch(t.Context(), File{URL: "http://127.0.0.1:1/x"}, filepath.Join(t.TempDir(), "x"), nil)
	if err == nil || !strings.Contains(err.Error(), "a sha256 digest is needed") {
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
