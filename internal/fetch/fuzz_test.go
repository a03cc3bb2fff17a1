package fetch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func FuzzContentRange(f *testing.F) {
	for _, seed := range []string{"bytes 0-99/100", "bytes 5-9/*", "bytes */100", "bytes 9-5/10", "bytes 0-100/100", "bytes -1-5/10", "bytes 0-1/99999999999999999999", "items 0-1/2", "", "bytes 0x1-2/3"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		first, length, ok := parseContentRange(header)
		if !ok {
			return
		}
		// Written down again from what was read, it is the same but for its zeros.
		var last int64
		if _, err := fmt.Sscanf(header[strings.Index(header, "-")+1:], "%d", &last); err != nil || first < 0 || last < first || length != 0 && last >= length {
			t.Errorf("%q is read as %d-%d of %d", header, first, last, length)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"7", "-3", "soon", "86400", "9223372036854775807", "99999999999999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "Wed, 21 Oct 9999 07:28:00 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if wait := parseRetryAfter(header); wait < 0 || wait > maxRetryAfter {
			t.Errorf("%q: %s", header, wait)
		}
	})
}

// FuzzAnswer gives headers to a transfer that continues or begins, and checks what
// may go on from there.
func FuzzAnswer(f *testing.F) {
	f.Add("bytes 10-99/100", `"1"`, "Wed, 21 Oct 2026 07:28:00 GMT", "gzip", "text/html", int64(90), 206)
	f.Add("bytes 9-99/100", `W/"1"`, "yesterday", "", "", int64(-1), 200)
	f.Add("", "\"\x1b\"", "\x00", "\x1b", "text/html; \x1b", int64(1<<62), 503)
	f.Fuzz(func(t *testing.T, contentRange, etag, modified, encoding, media string, length int64, code int) {
		response := &http.Response{StatusCode: code, ContentLength: length, Header: http.Header{
			"Content-Range": {contentRange}, "Etag": {etag}, "Last-Modified": {modified}, "Content-Encoding": {encoding}, "Content-Type": {media},
		}}
		tr := transfer{file: File{URL: "http://x/y", SHA256: strings.Repeat("0", 64), Size: 100}, part: t.TempDir() + "/part", have: 10}
		tr.state = transferState{ETag: `"1"`, Length: 100}
		err := tr.accept(response)
		if err == nil && (tr.have != 0 && tr.have != 10 || tr.total() != 100) {
			t.Errorf("accepted at %d of %d", tr.have, tr.total())
		}
		if err != nil && plain(err.Error()) != err.Error() {
			t.Errorf("the error cannot be shown: %q", err)
		}
		request, err := tr.request(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if validator := request.Header.Get("If-Range"); validator != "" && validator != etag && validator != modified && validator != `"1"` || plain(validator) != validator {
			t.Errorf("asks with If-Range %q", validator)
		}
	})
}

func FuzzSHA256Text(f *testing.F) {
	f.Add(strings.Repeat("0f", 32))
	f.Add(strings.Repeat("0F", 32))
	f.Add(strings.Repeat("\u212a", 21) + "a") // the Kelvin sign, which is k in lower case
	f.Fuzz(func(t *testing.T, text string) {
		hexadecimal := len(text) == 64
		for _, b := range []byte(text) {
			hexadecimal = hexadecimal && (b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F')
		}
		if IsSHA256(text) != hexadecimal {
			t.Errorf("%q", text)
		}
	})
}

// What a server asks for must not overflow into no wait at all.
func TestRetryAfterOverflow(t *testing.T) {
	for _, header := range []string{"9223372036854775807", "99999999999999999999", "10000000000"} {
		if got := parseRetryAfter(header); got != 5*time.Minute {
			t.Errorf("Retry-After %q: %s, want 5m", header, got)
		}
	}
}

// FuzzPart begins with whatever is left of an earlier attempt. What is fetched in the
// end is the file, whether a digest says so or a server that tells its versions apart.
func FuzzPart(f *testing.F) {
	const body, etag, url = "0123456789", `"1"`, "http://x/y"
	sum := sha256.Sum256([]byte(body))
	for _, pinned := range []bool{true, false} {
		file := File{URL: url, Unpinned: !pinned}
		if pinned {
			file.SHA256 = hex.EncodeToString(sum[:])
		}
		state, err := json.Marshal(transferState{Address: digestOfAddress(url), SHA256: file.SHA256, ETag: etag, Length: 10})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(state, 4, pinned)
		f.Add(state, 10, pinned)
		f.Add(bytes.Replace(state, []byte("10"), []byte("-10"), 1), 12, pinned)
	}
	f.Add([]byte(`null`), 0, true)
	client := &http.Client{Transport: within(func(r *http.Request) *http.Response {
		w := httptest.NewRecorder()
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
		return w.Result()
	})}
	f.Fuzz(func(t *testing.T, state []byte, have int, pinned bool) {
		dest := filepath.Join(t.TempDir(), "file")
		part := strings.Repeat(body, 2)[:min(max(have, 0), 2*len(body))]
		file := File{URL: url, Unpinned: !pinned}
		if pinned {
			file.SHA256 = hex.EncodeToString(sum[:])
		}
		for path, text := range map[string]string{dest + ".part": part, dest + ".part.json": string(state)} {
			if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := (Fetcher{Client: client, Tries: 3, Wait: time.Nanosecond, NoLock: true}).Fetch(t.Context(), file, dest, func(int64, int64) {}); err != nil {
			t.Fatalf("with %d bytes and %s: %v", len(part), state, err)
		}
		if got, err := os.ReadFile(dest); err != nil || string(got) != body {
			t.Errorf("with %d bytes and %s it is %q, %v", len(part), state, got, err)
		}
	})
}

// within is a server without a network.
type within func(r *http.Request) *http.Response

func (a within) RoundTrip(r *http.Request) (*http.Response, error) { return a(r), nil }
