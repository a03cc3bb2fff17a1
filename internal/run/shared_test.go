package run

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

// threeUnits is a lab with three units, the last of which reads both others.
func threeUnits(t *testing.T, w work) *lab {
	l := newLab(t)
	a := l.add("download.a", "a", w)
	b := l.add("pretrain.b", "b", w, a)
	l.add("evaluate.c", "c", w, a, b)
	return l
}

func (l *lab) shared(ctx context.Context, b remote.Bucket) (*Result, error) {
	l.t.Helper()
	r, err := Execute(ctx, l.plan, Options{Store: l.store, Cores: 2, RunsDir: filepath.Join(l.root, "runs"), Shared: b,
		Sink: func(e Event) { l.events = append(l.events, e) }})
	if r != nil {
		if err := r.Close(); err != nil {
			l.t.Error(err)
		}
	}
	return r, err
}

// said are the messages of a run, with their units.
func (l *lab) said() string {
	var lines []string
	for _, e := range l.events {
		if e.Type == Message {
			lines = append(lines, strings.TrimPrefix(e.Unit+": ", ": ")+e.Message)
		}
	}
	return strings.Join(lines, "\n")
}

func s3Server(t *testing.T) (*remotetest.Server, remote.Bucket) {
	minio.DefaultRetryUnit, minio.DefaultRetryCap = time.Millisecond, time.Millisecond
	s := remotetest.Start(t)
	return s, s.Bucket(t, remote.Options{})
}

// A second machine gets every result from the bucket and runs nothing.
func TestSecondMachineRunsNothing(t *testing.T) {
	_, b := s3Server(t)
	one, two := threeUnits(t, nil), threeUnits(t, nil)
	first, err := one.shared(context.Background(), b)
	if err != nil || first.Executed != 3 {
		t.Fatalf("%+v, %v", first, err)
	}
	ahead := false
	r, err := Execute(context.Background(), two.plan, Options{Store: two.store, Cores: 1, RunsDir: filepath.Join(two.root, "runs"), Shared: b,
		Ahead: func() { ahead = true }, Sink: func(e Event) { two.events = append(two.events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // a test
	if r.Executed != 0 || r.Cached != 3 || len(two.log) != 0 || ahead {
		t.Errorf("%+v, ran %q, prepared %v", r, two.log, ahead)
	}
	for address, e := range first.Entries {
		if got := r.Entries[address]; got == nil || got.Tree != e.Tree {
			t.Errorf("%s: %+v", address, got)
		}
	}
	if !strings.Contains(two.said(), "3 results came from s3://results/some/prefix") {
		t.Errorf("said %s", two.said())
	}
}

// What another machine stores while the run goes on is taken.
func TestTakenMeanwhile(t *testing.T) {
	_, b := s3Server(t)
	other := threeUnits(t, nil)
	mine := threeUnits(t, func(_ context.Context, env *plan.Env) error {
		if env.Unit.Address == "download.a" {
			_, err := other.shared(context.Background(), b)
			return err
		}
		return nil
	})
	if r, err := mine.shared(context.Background(), b); err != nil || r.Executed != 1 || r.Cached != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if !slices.Equal(mine.log, []string{"download.a"}) {
		t.Errorf("ran %q", mine.log)
	}
}

// What was made of the same inputs elsewhere, under another fingerprint, is adopted.
func TestAdoptedFromElsewhere(t *testing.T) {
	_, b := s3Server(t)
	make := func(spelling string) *lab {
		l := newLab(t)
		a := l.add("download.a", "same", nil)
		a.Fingerprint = strings.Repeat(spelling, 64)
		l.add("pretrain.b", "b", nil, a)
		return l
	}
	one, two := make("a"), make("b")
	if _, err := one.shared(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	r, err := two.shared(context.Background(), b)
	if err != nil || r.Executed != 1 || r.Cached != 1 || !slices.Equal(two.log, []string{"download.a"}) {
		t.Errorf("%+v, ran %q, %v: %s", r, two.log, err, two.said())
	}
}

// A bucket that fails, in any way, makes a run no worse than one without; that is told
// once.
func TestFailingBucketFailsNoRun(t *testing.T) {
	for name, fault := range map[string]remotetest.Fault{"503": remotetest.Fail, "cut": remotetest.Cut} {
		t.Run(name, func(t *testing.T) {
			s, b := s3Server(t)
			s.Inject(func(*http.Request) remotetest.Fault { return fault })
			l := threeUnits(t, nil)
			if r, err := l.shared(context.Background(), b); err != nil || r.Executed != 3 {
				t.Fatalf("%+v, %v", r, err)
			}
			if n := strings.Count(l.said(), "This goes on without the store"); n != 1 {
				t.Errorf("told %d times: %s", n, l.said())
			}
			if !strings.HasSuffix(l.said(), "3 results are not in s3://results/some/prefix yet: the next run sends what is missing, and so does sslpipe cache push") {
				t.Errorf("said %s", l.said())
			}
			s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
			l.events = nil
			if r, err := l.shared(context.Background(), b); err != nil || r.Cached != 3 || !strings.Contains(l.said(), "sends 3 results of earlier runs to") {
				t.Errorf("%+v, %v: %s", r, err, l.said())
			}
			if r, err := threeUnits(t, nil).shared(context.Background(), b); err != nil || r.Cached != 3 {
				t.Errorf("another machine: %+v, %v", r, err)
			}
		})
	}
}

// A wrong byte is refused, with the unit's name, and the unit runs.
func TestWrongBytesRunTheUnit(t *testing.T) {
	dir := t.TempDir()
	b, err := remote.Open(remote.Location{URL: "file://" + dir}, remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := threeUnits(t, nil).shared(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	blobs, err := filepath.Glob(filepath.Join(dir, "files", "*", "*"))
	if err != nil || len(blobs) == 0 {
		t.Fatal(err)
	}
	for _, blob := range blobs {
		text, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		text[0] ^= 1
		if err := os.Chmod(blob, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(blob, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	l := threeUnits(t, nil)
	if r, err := l.shared(context.Background(), b); err != nil || r.Executed != 3 {
		t.Errorf("%+v, %v", r, err)
	}
	if !strings.Contains(l.said(), "pretrain.b: refused what file://"+dir+" has: files/") || !strings.Contains(l.said(), "holds other bytes than its name says") {
		t.Errorf("said %s", l.said())
	}
	// It is mended by the way.
	if r, err := threeUnits(t, nil).shared(context.Background(), b); err != nil || r.Executed != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// An interrupt while results are sent ends the run soon; nothing half can be seen.
func TestInterruptWhileSending(t *testing.T) {
	s, b := s3Server(t)
	ctx, cancel := context.WithCancel(context.Background())
	s.Inject(func(r *http.Request) remotetest.Fault {
		if r.Method == http.MethodPut {
			cancel()
			return remotetest.Hang
		}
		return remotetest.None
	})
	l := threeUnits(t, nil)
	if _, err := l.shared(ctx, b); err != nil && !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
	if !strings.Contains(l.said(), "not in s3://results/some/prefix yet") {
		t.Errorf("said %s", l.said())
	}
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
	for blob, err := range b.List(context.Background(), "") {
		t.Errorf("%v, %v", blob, err)
	}
}

func TestNothingIsContactedUnlessSet(t *testing.T) {
	s, _ := s3Server(t)
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	if _, err := threeUnits(t, nil).shared(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if asked := s.Requests(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}
