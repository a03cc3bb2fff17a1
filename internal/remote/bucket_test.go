package remote_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit, minio.DefaultRetryCap = time.Millisecond, time.Millisecond
	os.Exit(m.Run())
}

func TestBuckets(t *testing.T) {
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		b := remotetest.Folder(t, dir)
		remotetest.Contract(t, b)
		remotetest.Large(t, b)
		if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
			t.Errorf("left in tmp: %v, %v", left, err)
		}
	})
	t.Run("s3", func(t *testing.T) { remotetest.Contract(t, remotetest.Start(t).Bucket(t, remote.Options{})) })
}

func TestFolderMustBeThere(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	b := remotetest.Folder(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	_, statErr := b.Stat(ctx, "results/x")
	_, getErr := b.Get(ctx, "results/x", 0)
	listErr := error(nil)
	for _, listErr = range b.List(ctx, "") {
	}
	for what, err := range map[string]error{"put": b.Put(ctx, "files/x", bytes.NewReader(nil)), "stat": statErr, "get": getErr, "list": listErr} {
		if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "there is no such folder: make it, or mount what it is on") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the folder was made, where one may only not be mounted")
	}
}

func TestFolderKeepsInside(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	for _, name := range []string{"../x", "/x", "a/../../x", "tmp/x", "", "."} {
		if err := b.Put(context.Background(), name, bytes.NewReader(nil)); err == nil || !strings.Contains(err.Error(), "is no name for a blob") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func put(t *testing.T, b remote.Bucket, name string, content []byte) {
	t.Helper()
	if err := b.Put(context.Background(), name, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

// A server that fails now and then is asked again; one that always does ends it.
func TestFailures(t *testing.T) {
	ctx := context.Background()
	content := bytes.Repeat([]byte("0123456789"), 1000)
	for name, fault := range map[string]remotetest.Fault{"503": remotetest.Fail, "cut": remotetest.Cut, "hang": remotetest.Hang} {
		t.Run(name, func(t *testing.T) {
			survives(t, remotetest.Start(t), fault, content)
		})
	}
	t.Run("always", func(t *testing.T) {
		s := remotetest.Start(t)
		b := s.Bucket(t, remote.Options{})
		s.Inject(func(*http.Request) remotetest.Fault { return remotetest.Fail })
		err := b.Put(ctx, "files/x", bytes.NewReader(content))
		if err == nil || !strings.Contains(err.Error(), "s3://results/some/prefix: the server answers 503") {
			t.Errorf("put: %v", err)
		}
		if n := len(s.Requests()); n != 5 {
			t.Errorf("asked %d times", n)
		}
	})
}

// survives puts and gets through a server that fails twice each time.
func survives(t *testing.T, s *remotetest.Server, fault remotetest.Fault, content []byte) {
	t.Helper()
	b := s.Bucket(t, remote.Options{Stall: 200 * time.Millisecond})
	twice := func() func(*http.Request) remotetest.Fault {
		n := 0
		return func(*http.Request) remotetest.Fault {
			if n++; n <= 2 {
				return fault
			}
			return remotetest.None
		}
	}
	s.Inject(twice())
	put(t, b, "files/x", content)
	s.Inject(twice())
	if got, err := remote.ReadAll(context.Background(), b, "files/x"); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// What a server says of a blob that is not there, and its lists, are asked for again where
// they were cut; a list goes on behind what it had.
func TestCutAnswers(t *testing.T) {
	ctx := context.Background()
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	for _, name := range []string{"files/a", "files/b", "files/c"} {
		put(t, b, name, []byte(name))
	}
	cut := func(times int) {
		n := 0
		s.Inject(func(*http.Request) remotetest.Fault {
			if n++; n <= times {
				return remotetest.Cut
			}
			return remotetest.None
		})
	}
	cut(2)
	if _, err := remote.ReadAll(ctx, b, "files/none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("get: %v", err)
	}
	list := func() (names []string, failed error) {
		for blob, err := range b.List(ctx, "files/") {
			if err != nil {
				return names, err
			}
			names = append(names, blob.Name)
		}
		return names, nil
	}
	cut(2)
	if names, err := list(); err != nil || strings.Join(names, " ") != "files/a files/b files/c" {
		t.Errorf("list: %q, %v", names, err)
	}
	cut(100)
	if names, err := list(); err == nil || len(names) > 0 {
		t.Errorf("a list that is always cut: %q, %v", names, err)
	}
}

// A transfer that is cut at every tenth goes on where it was cut, and is whole.
func TestCutAtEveryTenth(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	content := bytes.Repeat([]byte("0123456789"), 1000)
	put(t, b, "files/x", content)
	s.Requests()
	var ranges []string
	s.Inject(func(r *http.Request) remotetest.Fault {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) < 10 {
			return remotetest.Cut
		}
		return remotetest.None
	})
	var got bytes.Buffer
	n, err := remote.Fetch(context.Background(), b, "files/x", 0, int64(len(content)), &got)
	if err != nil || n != int64(len(content)) || !bytes.Equal(got.Bytes(), content) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if want := []string{"", "bytes=1000-", "bytes=1900-", "bytes=2710-"}; len(ranges) != 10 || !strings.HasPrefix(strings.Join(ranges, " "), strings.Join(want, " ")) {
		t.Errorf("ranges %q", ranges)
	}
}

func TestNoMoreThanAnnounced(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	put(t, b, "files/x", []byte("0123456789"))
	var got bytes.Buffer
	if n, err := remote.Fetch(context.Background(), b, "files/x", 0, 4, &got); err != nil || n != 5 || got.String() != "01234" {
		t.Errorf("%d bytes %q, %v", n, &got, err)
	}
}

// Without the condition If-None-Match, it is looked first whether there is one.
func TestServerWithoutConditions(t *testing.T) {
	for _, text := range []string{"first", "second"} {
		s := remotetest.Start(t)
		s.RefuseConditions()
		b := s.Bucket(t, remote.Options{})
		if text == "second" {
			put(t, b, "results/x", []byte("first"))
		}
		err := b.PutFirst(context.Background(), "results/x", bytes.NewReader([]byte(text)))
		if (text == "first") != (err == nil) || err != nil && !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", text, err)
		}
		if got, err := remote.ReadAll(context.Background(), b, "results/x"); err != nil || string(got) != "first" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	ctx := context.Background()
	s := remotetest.Start(t)
	s.Bucket(t, remote.Options{}) // sets credentials
	open := func(l remote.Location) remote.Bucket {
		b, err := remote.Open(l, remote.Options{Getenv: func(name string) string {
			if name == "AWS_ENDPOINT_URL" {
				return s.URL
			}
			return ""
		}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	missing := open(remote.Location{URL: "s3://nowhere"})
	if err := missing.Put(ctx, "x", bytes.NewReader(nil)); err == nil || !strings.Contains(err.Error(), "s3://nowhere: the server has no such bucket") {
		t.Errorf("no bucket: %v", err)
	}
	s.Deny()
	denied := open(remote.Location{URL: "s3://results"})
	if _, err := denied.Stat(ctx, "x"); err == nil || !strings.Contains(err.Error(), "the credentials need s3:ListBucket") {
		t.Errorf("denied: %v", err)
	}
	public := open(remote.Location{URL: "s3://results", Credentials: "none"})
	if _, err := public.Stat(ctx, "x"); err == nil || !strings.Contains(err.Error(), "there are no credentials: set AWS_ACCESS_KEY_ID") {
		t.Errorf("no credentials: %v", err)
	}
}
