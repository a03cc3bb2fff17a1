package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// numbered is what the servers of these tests offer; every byte says where it is.
var numbered = func() []byte {
	b := make([]byte, 100_000)
	for i := range b {
		b[i] = byte(i*7 + i/251)
	}
	return b
}()

// script answers one request after the other, the last one for ever.
type script struct {
	answers  []http.HandlerFunc
	requests []http.Header
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := s.answers[min(len(s.requests), len(s.answers)-1)]
	s.requests = append(s.requests, r.Header.Clone())
	answer(w, r)
}

// whole serves b as a file server does, ranges included.
func whole(etag string, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
	}
}

// cut states the length of b and breaks the connection after n bytes.
func cut(etag string, b []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", etag)
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b[:n])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func partly(contentRange string, b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", contentRange)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(b)
	}
}

func TestFetchUnpinned(t *testing.T) {
	other := bytes.Repeat([]byte("other "), 10_000)
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		want    []byte
		message string   // of the error, where want is nil
		ranges  []string // of the requests
	}{
		"at once":                    {answers: []http.HandlerFunc{whole(`"1"`, numbered)}, want: numbered, ranges: []string{""}},
		"after a failure":            {answers: []http.HandlerFunc{status(503), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", ""}},
		"resumed":                    {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", "bytes=60000-"}},
		"changed meanwhile":          {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), whole(`"2"`, other)}, want: other, ranges: []string{"", "bytes=60000-"}},
		"changed to a longer one":    {answers: []http.HandlerFunc{cut(`"1"`, other, 50_000), whole(`"2"`, numbered)}, want: numbered, ranges: []string{"", "bytes=50000-"}},
		"a weak tag is not resumed":  {answers: []http.HandlerFunc{cut(`W/"1"`, numbered, 60_000), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", ""}},
		"no tag is not resumed":      {answers: []http.HandlerFunc{cut("", numbered, 60_000), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", ""}},
		"a rest that ends early":     {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), partly("bytes 60000-99999/100000", numbered[60_000:90_000]), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", "bytes=60000-", ""}},
		"always cut":                 {answers: []http.HandlerFunc{cut("", numbered, 60_000)}, message: "unexpected EOF", ranges: []string{"", "", "", ""}},
		"not found":                  {answers: []http.HandlerFunc{status(404)}, message: "404", ranges: []string{""}},
		"another range":              {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), partly("bytes 50000-99999/100000", numbered[50_000:])}, message: `range "bytes 50000-99999/100000"`, ranges: []string{"", "bytes=60000-"}},
		"a range of another length":  {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), partly("bytes 60000-99998/99999", numbered[60_000:99_999])}, message: "range", ranges: []string{"", "bytes=60000-"}},
		"a rest that is too long":    {answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), partly("bytes 60000-99999/100000", append(numbered[60_000:100_000:100_000], "more"...)), whole(`"1"`, numbered)}, want: numbered, ranges: []string{"", "bytes=60000-", ""}},
		"a range nobody asked for":   {answers: []http.HandlerFunc{partly("bytes 0-99/100", numbered[:100])}, message: "206", ranges: []string{""}},
		"a length that is not known": {answers: []http.HandlerFunc{chunked}, message: "length of -1 bytes", ranges: []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: c.answers}
			server := httptest.NewServer(s)
			defer server.Close()
			local := filepath.Join(t.TempDir(), "a.tar.gz")
			f := Fetcher{Client: server.Client(), Tries: 4, Wait: time.Millisecond, Stall: time.Minute, NoLock: true}
			err := f.Fetch(t.Context(), File{URL: server.URL, Unpinned: true}, local, func(int64, int64) {})
			got, _ := os.ReadFile(local)
			if c.want == nil && (err == nil || !strings.Contains(err.Error(), c.message) || got != nil) {
				t.Errorf("fetch: %v and %d bytes, want an error about %q and none", err, len(got), c.message)
			}
			if c.want != nil && (err != nil || !bytes.Equal(got, c.want)) {
				t.Errorf("fetch: %v, %d bytes, want %d", err, len(got), len(c.want))
			}
			checkRequests(t, s.requests, c.ranges)
		})
	}
}

// chunked sends a body whose length it does not state.
func chunked(w http.ResponseWriter, _ *http.Request) {
	for range 2 {
		_, _ = w.Write(numbered[:100])
		_ = http.NewResponseController(w).Flush()
	}
}

func checkRequests(t *testing.T, requests []http.Header, ranges []string) {
	t.Helper()
	if len(requests) != len(ranges) {
		t.Fatalf("%d requests, want %d", len(requests), len(ranges))
	}
	for i, want := range ranges {
		if got := requests[i].Get("Range"); got != want {
			t.Errorf("request %d asks for %q, want %q", i, got, want)
		}
		if (want != "") != (requests[i].Get("If-Range") == `"1"`) {
			t.Errorf("request %d says If-Range %q", i, requests[i].Get("If-Range"))
		}
	}
}

// What an interrupted process left is continued by the next one.
func TestUnpinnedContinuesLater(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{cut(`"1"`, numbered, 60_000), whole(`"1"`, numbered)}}
	server := httptest.NewServer(s)
	defer server.Close()
	local := filepath.Join(t.TempDir(), "a.tar.gz")
	ctx, cancel := context.WithCancel(t.Context())
	f := Fetcher{Client: server.Client(), Tries: 1, Wait: time.Millisecond, Stall: time.Minute, NoLock: true}
	if err := f.Fetch(ctx, File{URL: server.URL, Unpinned: true}, local, func(done, _ int64) {
		if done == 60_000 {
			cancel()
		}
	}); err == nil {
		t.Fatal("a cut download was accepted")
	}
	first := int64(-1)
	if err := f.Fetch(t.Context(), File{URL: server.URL, Unpinned: true}, local, func(done, total int64) {
		if first < 0 {
			first = done
		}
		if total != 100_000 {
			t.Errorf("reports a total of %d", total)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if first <= 60_000 {
		t.Errorf("the first report is of %d bytes, want more than the 60000 that were there", first)
	}
	wantFiles(t, local, "a.tar.gz")
	if got, _ := os.ReadFile(local); !bytes.Equal(got, numbered) {
		t.Errorf("%d bytes, want the %d served", len(got), len(numbered))
	}
	checkRequests(t, s.requests, []string{"", "bytes=60000-"})
}

func TestPartOfAnotherAddressIsNotContinued(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{whole(`"1"`, numbered)}}
	server := httptest.NewServer(s)
	defer server.Close()
	local := filepath.Join(t.TempDir(), "a.tar.gz")
	state := fmt.Appendf(nil, `{"address":%q,"etag":"\"1\"","length":100000}`, digestOfAddress("https://example.org/b.tar.gz"))
	if err := errors.Join(os.WriteFile(local+".part", []byte("something else"), 0o644), os.WriteFile(local+".part.json", state, 0o644)); err != nil {
		t.Fatal(err)
	}
	f := Fetcher{Client: server.Client(), Tries: 1, Wait: time.Millisecond, Stall: time.Minute, NoLock: true}
	if err := f.Fetch(t.Context(), File{URL: server.URL, Unpinned: true}, local, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(local); !bytes.Equal(got, numbered) {
		t.Error("bytes of another file were kept")
	}
	checkRequests(t, s.requests, []string{""})
}

func TestUnpinnedSilentServer(t *testing.T) {
	release := make(chan struct{})
	s := &script{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write(numbered[:60_000])
		_ = http.NewResponseController(w).Flush()
		<-release
	}, whole(`"1"`, numbered)}}
	server := httptest.NewServer(s)
	defer server.Close()
	defer close(release)
	local := filepath.Join(t.TempDir(), "a.tar.gz")
	f := Fetcher{Client: server.Client(), Tries: 2, Wait: time.Millisecond, Stall: 100 * time.Millisecond, NoLock: true}
	if err := f.Fetch(t.Context(), File{URL: server.URL, Unpinned: true}, local, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	checkRequests(t, s.requests, []string{"", "bytes=60000-"})
}

func TestUnpinnedCancelled(t *testing.T) {
	server := httptest.NewServer(whole(`"1"`, numbered))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := Fetcher{Client: server.Client(), Tries: 5, Wait: time.Hour, Stall: time.Minute, NoLock: true}
	if err := f.Fetch(ctx, File{URL: server.URL, Unpinned: true}, filepath.Join(t.TempDir(), "a"), func(int64, int64) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("fetch: %v, want context.Canceled", err)
	}
}

// Without a digest, what is there counts as whole, and nothing is asked.
func TestUnpinnedKeepsWhatIsThere(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{status(500)}}
	server := httptest.NewServer(s)
	defer server.Close()
	local := filepath.Join(t.TempDir(), "a.tar.gz")
	if err := os.WriteFile(local, numbered, 0o644); err != nil {
		t.Fatal(err)
	}
	f := Fetcher{Client: server.Client(), Tries: 1, Wait: time.Millisecond, NoLock: true}
	if err := f.Fetch(t.Context(), File{URL: server.URL, Unpinned: true}, local, func(int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	checkRequests(t, s.requests, nil)
	wantFiles(t, local, "a.tar.gz")
}
