// Package remotetest has what tests of shared stores need: an S3 server in memory,
// or a proxy before a real one, whose answers can be made to fail, and what every bucket must do. It is no part of
// the program.
package remotetest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"sslpipe/internal/remote"
)

// BucketName is the bucket that every server has.
const BucketName = "results"

// Credentials that a server is reached with. They must not be in any file or output.
const (
	AccessKey = "AKIATESTKEY"
	SecretKey = "test-secret-key-0123456789"
)

// Fault is what becomes of a request.
type Fault int

// The faults.
const (
	None   Fault = iota
	Fail         // the server answers 503
	Cut          // the answer ends after a tenth, or the request is not read
	Hang         // a few bytes come, and then nothing
	Wrong        // a byte of the content is another one
	Unsaid       // the server does what it is asked for, and the answer is lost
)

// Server is an S3 server in memory.
type Server struct {
	URL string

	mu       sync.Mutex
	faults   func(*http.Request) Fault
	requests []string // method and path
	backend  http.Handler
	done     chan struct{}
}

// Start serves until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	memory := s3mem.New()
	if err := memory.CreateBucket(BucketName); err != nil {
		t.Fatal(err)
	}
	return Before(t, gofakes3.New(memory, gofakes3.WithoutVersioning()).Server())
}

// Proxy stands before another S3 server, which has the bucket.
func Proxy(t testing.TB, address string) *Server {
	t.Helper()
	return Before(t, &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: address})
		r.Out.Host = r.In.Host // which is signed
	}})
}

// Before stands before what serves, until the test ends.
func Before(t testing.TB, backend http.Handler) *Server {
	t.Helper()
	s := &Server{backend: backend, faults: func(*http.Request) Fault { return None }, done: make(chan struct{})}
	server := httptest.NewServer(s)
	s.URL = server.URL
	t.Cleanup(func() {
		close(s.done)
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Bucket is the server's bucket, under a prefix.
func (s *Server) Bucket(t testing.TB, o remote.Options) remote.Bucket {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", SecretKey)
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	b, err := remote.Open(remote.Location{URL: "s3://" + BucketName + "/some/prefix", Endpoint: s.URL}, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Inject lets choose decide on every request from now on.
func (s *Server) Inject(choose func(*http.Request) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = choose
}

// RefuseConditions makes it a server that does not know If-None-Match.
func (s *Server) RefuseConditions() {
	s.refuse(func(r *http.Request) int {
		if r.Header.Get("If-None-Match") != "" {
			return http.StatusNotImplemented
		}
		return 0
	})
}

// Deny makes it a server that lets nobody in.
func (s *Server) Deny() { s.refuse(func(*http.Request) int { return http.StatusForbidden }) }

func (s *Server) refuse(status func(*http.Request) int) {
	inner := s.backend
	s.backend = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if code := status(r); code != 0 {
			w.WriteHeader(code)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// Requests returns method and path of the requests so far, and forgets them.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.requests
	s.requests = nil
	return list
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/"+BucketName+"/some/prefix/"))
	fault := s.faults(r)
	s.mu.Unlock()
	switch {
	case fault == Fail:
		w.WriteHeader(http.StatusServiceUnavailable)
	case fault == Cut && r.Method == http.MethodPut:
		_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/10)
		panic(http.ErrAbortHandler)
	case fault == Hang && r.Method != http.MethodGet: // an answer to HEAD would be whole
		<-s.done
	default:
		s.answer(w, r, fault)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, fault Fault) {
	recorded := httptest.NewRecorder()
	s.backend.ServeHTTP(recorded, r)
	body := bytes.Clone(recorded.Body.Bytes())
	maps.Copy(w.Header(), recorded.Header())
	if fault == Wrong && len(body) > 0 {
		body[len(body)/2] ^= 1
	}
	if fault == Unsaid {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(recorded.Code)
	if fault != Cut && fault != Hang {
		_, _ = w.Write(body)
		return
	}
	_, _ = w.Write(body[:(len(body)+9)/10])
	_ = http.NewResponseController(w).Flush()
	if fault == Hang {
		<-s.done
	}
	panic(http.ErrAbortHandler)
}
