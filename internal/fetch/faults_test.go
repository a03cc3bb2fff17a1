package fetch

import (
	"bytes"
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

// pinnedOf fetches numbered, of which only the digest is known, and returns the
// bytes that came of it; none must be there beside an error.
func pinnedOf(t *testing.T, f Fetcher, url string) ([]byte, error) {
	t.Helper()
	dest := filepath.Join(t.TempDir(), "file.bin")
	err := f.Fetch(t.Context(), File{URL: url, SHA256: digestOf(numbered)}, dest, func(int64, int64) {})
	got, readErr := os.ReadFile(dest)
	if (err == nil) != (readErr == nil) {
		t.Errorf("error %v, and reading the file: %v", err, readErr)
	}
	if err != nil && plain(err.Error()) != err.Error() {
		t.Errorf("the error cannot be shown: %q", err)
	}
	return got, err
}

// raw answers every connection with bytes of its own and closes it.
func raw(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = conn.Write([]byte(answer))
		_ = conn.Close()
	}
}

func headed(name, value string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		next(w, r)
	}
}

// tenth serves what is asked for and cuts the connection after a tenth.
func tenth(w http.ResponseWriter, r *http.Request) {
	start := 0
	if asked := r.Header.Get("Range"); asked != "" {
		_, _ = fmt.Sscanf(asked, "bytes=%d-", &start)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(numbered)-1, len(numbered)))
	}
	w.Header().Set("ETag", `"1"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(numbered)-start))
	if start > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(numbered[start : start+len(numbered)/10])
	_ = http.NewResponseController(w).Flush()
	if start+len(numbered)/10 < len(numbered) {
		panic(http.ErrAbortHandler)
	}
}

func TestCutAtEveryTenth(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{tenth}}
	server := httptest.NewServer(s)
	defer server.Close()
	got, err := pinnedOf(t, quick, server.URL)
	if err != nil || !bytes.Equal(got, numbered) {
		t.Fatalf("%d bytes, error %v", len(got), err)
	}
	ranges := []string{""}
	for i := range 9 {
		ranges = append(ranges, fmt.Sprintf("bytes=%d-", 10_000*(i+1)))
	}
	checkRequests(t, s.requests, ranges)
}

func TestServerFaults(t *testing.T) {
	other := bytes.ToUpper(bytes.Repeat([]byte("other "), 20_000))[:100_000]
	page := []byte("<html><body>Sign in</body></html>")
	date := func(day int) string { return time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC).Format(http.TimeFormat) }
	dated := func(day int, b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC), bytes.NewReader(b))
		}
	}
	good := whole(`"1"`, numbered)
	for name, c := range map[string]struct {
		answers []http.HandlerFunc
		message string // of the error; "" where the bytes arrive
		asked   int
	}{
		"404":                      {[]http.HandlerFunc{status(404)}, "server answers 404 Not Found: the file is not there, or not any more; look for its new address", 1},
		"410":                      {[]http.HandlerFunc{status(410)}, "server answers 410 Gone: the file is not there", 1},
		"403":                      {[]http.HandlerFunc{status(403)}, "server answers 403 Forbidden: it wants to know who asks; get the file by other means", 1},
		"500":                      {[]http.HandlerFunc{status(500)}, "gave up after 3 attempts: server answers 500 Internal Server Error; try again later", 3},
		"503 twice":                {[]http.HandlerFunc{status(503), status(503), good}, "", 3},
		"429 in 0 seconds":         {[]http.HandlerFunc{headed("Retry-After", "0", status(429)), good}, "", 2},
		"429 at a past date":       {[]http.HandlerFunc{headed("Retry-After", date(1), status(429)), good}, "", 2},
		"a status of ours":         {[]http.HandlerFunc{raw("HTTP/1.1 999 \x1b[2J\r\n\r\n")}, "gave up after 3 attempts: server answers 999;", 3},
		"a longer length":          {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n" + string(numbered))}, "gave up after 3 attempts", 4},
		"a shorter length":         {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + string(numbered))}, "has sha256 " + digestOf(numbered[:60_000]), 1},
		"a negative length":        {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello")}, "gave up after 3 attempts", 3},
		"no length":                {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\n\r\n" + string(numbered))}, "", 1},
		"a wrong digest":           {[]http.HandlerFunc{whole(`"1"`, other)}, "the file was changed there, or the digest is of another one; compare it with what the publisher states", 1},
		"changed, by tag":          {[]http.HandlerFunc{cut(`"0"`, other, 50_000), good}, "", 2},
		"changed, by date":         {[]http.HandlerFunc{headed("Last-Modified", date(1), cut("", other, 50_000)), dated(2, numbered)}, "", 2},
		"resumed by date":          {[]http.HandlerFunc{headed("Last-Modified", date(2), cut("", numbered, 50_000)), dated(2, numbered)}, "", 2},
		"changed, unsaid":          {[]http.HandlerFunc{cut("", other, 50_000), good}, "", 3},
		"changed, denied":          {[]http.HandlerFunc{cut(`"1"`, other, 50_000), good}, "", 3},
		"changed again and again":  {[]http.HandlerFunc{cut("", other, 50_000), good, cut("", other, 50_000), good}, "has sha256", 4},
		"a tag nobody can send":    {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\nETag: \"\x1b\"\r\nContent-Length: 100000\r\n\r\n" + string(numbered[:50_000])), good}, "", 2},
		"a date that is none":      {[]http.HandlerFunc{headed("Last-Modified", "yesterday", cut("", numbered, 50_000)), good}, "", 2},
		"a range elsewhere":        {[]http.HandlerFunc{cut(`"1"`, numbered, 50_000), partly("bytes 40000-99999/100000", numbered[40_000:]), good}, "", 3},
		"a range of more":          {[]http.HandlerFunc{cut(`"1"`, numbered, 50_000), partly("bytes 50000-199999/200000", numbered[50_000:]), good}, "", 3},
		"a range of unknown":       {[]http.HandlerFunc{cut(`"1"`, numbered, 50_000), partly("bytes 50000-99999/*", numbered[50_000:])}, "", 2},
		"a range of nonsense":      {[]http.HandlerFunc{cut(`"1"`, numbered, 50_000), partly("bytes \x1b/", numbered[50_000:]), good}, "", 3},
		"a range nobody asked for": {[]http.HandlerFunc{partly("bytes 0-99999/100000", numbered)}, "server answers 206 Partial Content", 1},
		"a page for a file":        {[]http.HandlerFunc{headed("Content-Type", "text/html; charset=utf-8", whole("", page))}, "the server sent a web page, perhaps a login or a notice: open the address in a browser", 1},
		"packed on its way":        {[]http.HandlerFunc{headed("Content-Encoding", "gzip", whole("", other[:50]))}, `the server has packed it (Content-Encoding "gzip"), though asked not to`, 1},
		"packed, it says":          {[]http.HandlerFunc{headed("Content-Encoding", "gzip", good)}, "", 1}, // as some do for tar.gz
		"a header without end":     {[]http.HandlerFunc{raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 11<<20))}, "gave up after 3 attempts", 3},
		"no answer":                {[]http.HandlerFunc{raw("")}, "gave up after 3 attempts", 3},
		"another protocol":         {[]http.HandlerFunc{raw("SSH-2.0-\x1b[2J\r\n")}, "gave up after 3 attempts", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := &script{answers: c.answers}
			server := httptest.NewServer(s)
			defer server.Close()
			got, err := pinnedOf(t, quick, server.URL)
			if c.message == "" && (err != nil || !bytes.Equal(got, numbered)) {
				t.Errorf("%d bytes, error %v", len(got), err)
			}
			if c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(err.Error(), server.URL)) {
				t.Errorf("error %v, want %q and the address", err, c.message)
			}
			if len(s.requests) != c.asked {
				t.Errorf("asked %d times, want %d", len(s.requests), c.asked)
			}
		})
	}
}

// endless sends bytes until nobody reads them.
func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write(numbered); err != nil {
			return
		}
	}
}

func TestEndlessServer(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{endless}}
	server := httptest.NewServer(s)
	defer server.Close()
	f := quick
	f.Most = 1 << 20
	if _, err := pinnedOf(t, f, server.URL); err == nil || !strings.Contains(err.Error(), "server sent more than 1048576 bytes") {
		t.Errorf("error %v", err)
	}
	if len(s.requests) != 1 {
		t.Errorf("asked %d times", len(s.requests))
	}
}

// A server that sends a byte now and then is never silent, and never done.
func TestTricklingServer(t *testing.T) {
	s := &script{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", "100000")
		for _, b := range numbered {
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}}}
	server := httptest.NewServer(s)
	defer server.Close()
	f := quick
	f.Stall = 60 * time.Millisecond
	if _, err := pinnedOf(t, f, server.URL); err == nil || !strings.Contains(err.Error(), "gave up after 3 attempts: server was silent for 60ms, or sent less than 4096 bytes") {
		t.Errorf("error %v", err)
	}
}

// A password or token in an address is for its server alone.
func TestPasswordsAreNotShown(t *testing.T) {
	var user, password string
	s := &script{answers: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		user, password, _ = r.BasicAuth()
		cut(`"1"`, numbered, 50_000)(w, r)
	}}}
	server := httptest.NewServer(s)
	defer server.Close()
	dest := filepath.Join(t.TempDir(), "file.bin")
	url := strings.Replace(server.URL, "http://", "http://me:sesame@", 1) + "/a?key=sesame-too"
	f := quick
	f.Tries = 1
	err := f.Fetch(t.Context(), File{URL: url, SHA256: digestOf(numbered)}, dest, func(int64, int64) {})
	state, readErr := os.ReadFile(dest + ".part.json")
	if err == nil || readErr != nil || strings.Contains(err.Error(), "sesame@") || strings.Contains(string(state), "sesame") || !strings.Contains(err.Error(), "me:xxxxx@") {
		t.Errorf("error %v, state %s, %v", err, state, readErr)
	}
	if user != "me" || password != "sesame" {
		t.Errorf("the server was told %q and %q", user, password)
	}
}
