package mirror_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"sslpipe/internal/artifact"
	"sslpipe/internal/mirror"
	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit, minio.DefaultRetryCap = time.Millisecond, time.Millisecond
	os.Exit(m.Run())
}

const (
	fingerprint = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	other       = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	key         = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
)

// machine is a store with a mirror, and what was told.
type machine struct {
	*mirror.Mirror
	t     *testing.T
	store *artifact.Store
	mu    sync.Mutex
	notes []string
}

func newMachine(t *testing.T, b remote.Bucket) *machine { return machineIn(t, t.TempDir(), b) }

func machineIn(t *testing.T, dir string, b remote.Bucket) *machine {
	t.Helper()
	store, err := artifact.OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, store: store}
	m.Mirror = mirror.New(context.Background(), store, b, func(n mirror.Note) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.notes = append(m.notes, n.Text)
	})
	return m
}

func (m *machine) told() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.notes, "\n")
}

// commit stores files as a result here.
func (m *machine) commit(fingerprint string, files map[string]string, meta any) artifact.Committed {
	m.t.Helper()
	dir := m.store.WorkDir(fingerprint)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			m.t.Fatal(err)
		}
	}
	c, err := m.store.Commit(artifact.Work{Fingerprint: fingerprint, Unit: "pretrain.x", Key: key}, dir,
		map[string]artifact.Output{"out": {Type: artifact.TypeMetrics, Meta: meta}}, 1.5)
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		m.t.Fatal(err)
	}
	return c
}

func (m *machine) fetch(fingerprints ...string) mirror.Fetched {
	m.t.Helper()
	sum, err := m.Fetch(context.Background(), fingerprints, func(mirror.Fetched) {})
	if err != nil {
		m.t.Fatal(err)
	}
	return sum
}

func (m *machine) send(c artifact.Committed) (unsent int) {
	m.Send(c, func() {})
	return m.Wait(time.Hour, func(int) {})
}

// content is a file of a stored result, after all files were compared with their digests.
func (m *machine) content(name string) string {
	m.t.Helper()
	e, ok, err := m.store.Lookup(fingerprint)
	if err != nil || !ok {
		m.t.Fatalf("not stored: %v", err)
	}
	if err := m.store.Verify(e); err != nil {
		m.t.Fatal(err)
	}
	h, err := m.store.Handle(e, "out")
	if err != nil {
		m.t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.Path, name))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

func (m *machine) absent(fingerprint string) {
	m.t.Helper()
	if _, ok, err := m.store.Lookup(fingerprint); ok || err != nil {
		m.t.Errorf("stored %v, %v", ok, err)
	}
}

var weights = map[string]string{"weights/a.bin": strings.Repeat("0123456789", 500), "losses.csv": "step,loss\n1,2\n2,1\n", "empty": ""}

func TestWhatOneMakesAnotherGets(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		one, two := newMachine(t, b), newMachine(t, b)
		c := one.commit(fingerprint, weights, "meta")
		if n := one.send(c); n != 0 || one.told() != "" {
			t.Fatalf("%d unsent: %s", n, one.told())
		}
		sum := two.fetch(other, fingerprint)
		if sum != (mirror.Fetched{Results: 1, Found: 1, Bytes: 5018, Total: 5018}) {
			t.Errorf("fetched %+v", sum)
		}
		if got := two.content("weights/a.bin"); got != weights["weights/a.bin"] {
			t.Errorf("other content: %.20q", got)
		}
		e, _, err := two.store.Lookup(fingerprint)
		if err != nil || e.Unit != "pretrain.x" || e.Seconds != 1.5 || !e.Created.Equal(c.Entry.Created) {
			t.Errorf("entry %+v, %v", e, err)
		}
		two.absent(other)
		// What is here is not fetched again.
		if sum := two.fetch(fingerprint); sum.Bytes != 0 || sum.Results != 1 {
			t.Errorf("fetched %+v again", sum)
		}
	})
}

func TestAdoptable(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	one, two := newMachine(t, b), newMachine(t, b)
	one.send(one.commit(fingerprint, weights, "meta"))
	work := artifact.Work{Fingerprint: other, Unit: "pretrain.y", Key: key}
	if e, err := two.store.Adopt(work); e != nil || err != nil {
		t.Fatalf("adopted %v, %v", e, err)
	}
	if err := two.Adoptable(context.Background(), key); err != nil {
		t.Fatal(err)
	}
	if e, err := two.store.Adopt(work); e == nil || err != nil || e.Adopted != fingerprint {
		t.Errorf("adopted %v, %v", e, err)
	}
}

// A result that speaks of another object, as views do of their data, brings it along.
func TestWhatAResultSpeaksOfComesToo(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		one, two := newMachine(t, b), newMachine(t, b)
		data := one.commit(other, map[string]string{"images": "pixels"}, "meta")
		views := one.commit(fingerprint, map[string]string{"views": "crop"}, map[string]string{"data": data.Entry.Tree})
		one.send(views)
		two.fetch(fingerprint)
		e, _, err := two.store.Lookup(fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		h, err := two.store.Handle(e, "out")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(h.Object(data.Entry.Tree), "images")); err != nil || string(text) != "pixels" {
			t.Errorf("%q, %v", text, err)
		}
		two.absent(other) // its object alone came
	})
}

// A wrong byte anywhere in what comes is found, named, and never stored.
func TestWrongBytesAreRefused(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	one := newMachine(t, b)
	one.send(one.commit(fingerprint, weights, "meta"))
	for what, want := range map[string]string{"/results/": "cannot be read: its checksum does not match", "/files/": "holds other bytes than its name says"} {
		two := newMachine(t, b)
		s.Inject(func(r *http.Request) remotetest.Fault {
			if r.Method == http.MethodGet && strings.Contains(r.URL.Path, what) {
				return remotetest.Wrong
			}
			return remotetest.None
		})
		if sum := two.fetch(fingerprint); sum.Results != 0 {
			t.Errorf("%s: fetched %+v", what, sum)
		}
		if !strings.Contains(two.told(), "refused what s3://results/some/prefix has: ") || !strings.Contains(two.told(), want) {
			t.Errorf("%s: told %s", what, two.told())
		}
		two.absent(fingerprint)
		s.Requests()
		two.fetch(fingerprint)
		if again := s.Requests(); len(again) > 0 {
			t.Errorf("%s: what was refused is asked for again: %q", what, again)
		}
	}
}

// A byte that is wrong on the way alone is got again.
func TestWrongOnTheWay(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	one, two := newMachine(t, b), newMachine(t, b)
	one.send(one.commit(fingerprint, weights, "meta"))
	n := 0
	var mu sync.Mutex
	s.Inject(func(r *http.Request) remotetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if strings.Contains(r.URL.Path, "/files/") {
			if n++; n == 1 {
				return remotetest.Wrong
			}
		}
		return remotetest.None
	})
	if sum := two.fetch(fingerprint); sum.Results != 1 || two.told() != "" {
		t.Errorf("fetched %+v, told %s", sum, two.told())
	}
}

// What is damaged in the bucket is refused by one machine and mended by it, once it
// has made the result itself.
func TestDamageIsMended(t *testing.T) {
	for what, damage := range map[string]func(path string) error{
		"flipped":   func(path string) error { return rewrite(path, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }) },
		"cut short": func(path string) error { return rewrite(path, func(b []byte) []byte { return b[:len(b)/2] }) },
		"too long":  func(path string) error { return rewrite(path, func(b []byte) []byte { return append(b, 'x') }) },
		"missing":   os.Remove,
	} {
		for _, pattern := range []string{"results/*", "files/*/*"} {
			if what == "missing" && pattern == "results/*" {
				continue // that is a result which is not there
			}
			t.Run(what+" "+pattern[:5], func(t *testing.T) {
				dir := t.TempDir()
				b := remotetest.Folder(t, dir)
				one, two, three := newMachine(t, b), newMachine(t, b), newMachine(t, b)
				one.send(one.commit(fingerprint, weights, "meta"))
				paths, err := filepath.Glob(filepath.Join(dir, pattern))
				if err != nil || len(paths) == 0 {
					t.Fatal(err)
				}
				if err := damage(paths[0]); err != nil {
					t.Fatal(err)
				}
				if two.fetch(fingerprint); !strings.Contains(two.told(), "refused") {
					t.Errorf("told %s", two.told())
				}
				two.absent(fingerprint)
				if n := two.send(two.commit(fingerprint, weights, "meta")); n != 0 {
					t.Fatalf("%d unsent: %s", n, two.told())
				}
				if sum := three.fetch(fingerprint); sum.Results != 1 || three.told() != "" {
					t.Errorf("fetched %+v, told %s", sum, three.told())
				}
			})
		}
	}
}

func rewrite(path string, change func([]byte) []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return errors.Join(os.Chmod(path, 0o666), os.WriteFile(path, change(text), 0o666))
}

// Whoever sends learns when that has been tried, whether it came to something or not.
func TestSendTellsWhenItIsDone(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	for name, fault := range map[string]remotetest.Fault{"sent": remotetest.None, "unsent": remotetest.Fail} {
		m := newMachine(t, b)
		s.Inject(func(*http.Request) remotetest.Fault { return fault })
		done := make(chan bool, 2)
		m.Send(m.commit(fingerprint, weights, "meta"), func() {
			_, err := b.Stat(context.Background(), "results/"+fingerprint+".json")
			done <- err == nil
		})
		m.Wait(time.Hour, func(int) {})
		if there := <-done; len(done) > 0 || there != (name == "sent") {
			t.Errorf("%s: the result is there: %v, told %d times", name, there, len(done)+1)
		}
	}
}

// Of two that write a fingerprint at once, the first counts; the other is kept beside
// it, whole, and told.
func TestConcurrentWriters(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		one, two, three := newMachine(t, b), newMachine(t, b), newMachine(t, b)
		first := one.commit(fingerprint, weights, "meta")
		second := two.commit(fingerprint, map[string]string{"losses.csv": "step,loss\n1,2\n2,3\n"}, "meta")
		one.Send(first, func() {})
		two.Send(second, func() {})
		if n := one.Wait(time.Hour, func(int) {}) + two.Wait(time.Hour, func(int) {}); n != 0 {
			t.Fatalf("%d unsent", n)
		}
		if n := strings.Count(one.told()+two.told(), "DIVERGED from the first result in "+b.String()); n != 1 {
			t.Errorf("told %d times: %s\n%s", n, one.told(), two.told())
		}
		if sum := three.fetch(fingerprint); sum.Results != 1 {
			t.Errorf("fetched %+v", sum)
		}
		e, _, err := three.store.Lookup(fingerprint)
		if err != nil {
			t.Fatal(err)
		}
		counts, beside := first, second
		if e.Tree != first.Entry.Tree {
			counts, beside = second, first
		}
		if e.Tree != counts.Entry.Tree {
			t.Errorf("neither counts: %s", e.Tree)
		}
		var kept []string
		for blob, err := range b.List(context.Background(), "divergent/") {
			if err != nil {
				t.Fatal(err)
			}
			text, err := remote.ReadAll(context.Background(), b, blob.Name)
			if err != nil || !bytes.Contains(text, []byte(beside.Entry.Tree)) {
				t.Errorf("%s, %v", text, err)
			}
			kept = append(kept, blob.Name)
		}
		if len(kept) != 1 || !strings.HasPrefix(kept[0], "divergent/"+fingerprint+"/") {
			t.Errorf("kept %q", kept)
		}
	})
}

func TestManyWritersOfTheSame(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		var wg sync.WaitGroup
		for range 6 {
			m := newMachine(t, b)
			c := m.commit(fingerprint, weights, "meta")
			wg.Go(func() {
				if n := m.send(c); n != 0 || m.told() != "" {
					t.Errorf("%d unsent: %s", n, m.told())
				}
			})
		}
		wg.Wait()
		if sum := newMachine(t, b).fetch(fingerprint); sum.Results != 1 {
			t.Errorf("fetched %+v", sum)
		}
	})
}

// A forced rerun that differs is kept beside the first result.
func TestDivergedHere(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	one := newMachine(t, b)
	one.commit(fingerprint, weights, "meta")
	again := one.commit(fingerprint, map[string]string{"losses.csv": "step,loss\n1,2\n2,3\n"}, "meta")
	if n := one.send(again); n != 0 || !strings.Contains(one.told(), "the loss differs from step 2 on") {
		t.Errorf("%d unsent: %s", n, one.told())
	}
	two := newMachine(t, b)
	two.fetch(fingerprint)
	if got := two.content("losses.csv"); got != weights["losses.csv"] {
		t.Errorf("counts: %q", got)
	}
}

// A bucket that fails is told once and left alone; nothing here fails, and the next
// process sends what is left.
func TestBucketFails(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	dir := t.TempDir()
	one := machineIn(t, dir, b)
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.Fail })
	if sum := one.fetch(fingerprint); sum != (mirror.Fetched{}) {
		t.Errorf("fetched %+v", sum)
	}
	s.Requests()
	one.fetch(other)
	if n := one.send(one.commit(fingerprint, weights, "meta")); n != 1 {
		t.Errorf("%d unsent", n)
	}
	if asked := s.Requests(); len(asked) > 0 {
		t.Errorf("it is not left alone: %q", asked)
	}
	if want := "s3://results/some/prefix: the server answers 503 Service Unavailable. This goes on without the store: what is not here is made here"; one.told() != want {
		t.Errorf("told %s", one.told())
	}
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
	later := machineIn(t, dir, b)
	if n, err := later.Resume(); n != 1 || err != nil {
		t.Errorf("resumed %d, %v", n, err)
	}
	if n := later.Wait(time.Hour, func(int) {}); n != 0 {
		t.Errorf("%d unsent: %s", n, later.told())
	}
	if sum := newMachine(t, b).fetch(fingerprint); sum.Results != 1 {
		t.Errorf("fetched %+v", sum)
	}
	if n, err := machineIn(t, dir, b).Resume(); n != 0 || err != nil {
		t.Errorf("resumed %d, %v again", n, err)
	}
}

// An interrupt at any request of sending leaves a bucket from which everybody gets the
// whole result or none.
func TestInterruptedSending(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	for cut := 1; ; cut++ {
		print := strings.Repeat(string(rune('a'+cut%6))+string(rune('0'+cut/6)), 32)
		dir := t.TempDir()
		store := machineIn(t, dir, b)
		c := store.commit(print, map[string]string{"a": print, "b": print + "b"}, "meta")
		ctx, cancel := context.WithCancel(context.Background())
		m := mirror.New(ctx, store.store, b, func(mirror.Note) {})
		n := 0
		s.Inject(func(r *http.Request) remotetest.Fault {
			if n++; n == cut {
				cancel()
				return remotetest.Hang
			}
			return remotetest.None
		})
		m.Send(c, func() {})
		unsent := m.Wait(time.Hour, func(int) {})
		cancel()
		s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
		after := newMachine(t, b)
		sum := after.fetch(print)
		if after.told() != "" || sum.Results != sum.Found || unsent == 0 && sum.Results != 1 {
			t.Errorf("cut at request %d: fetched %+v, %d unsent, told %s", cut, sum, unsent, after.told())
		}
		if n < cut {
			if cut < 6 {
				t.Errorf("there are only %d requests", n)
			}
			return // nothing was cut any more
		}
		if resumed, err := store.Resume(); resumed != 1 || err != nil {
			t.Errorf("cut at request %d: resumed %d, %v", cut, resumed, err)
		}
		store.Wait(time.Hour, func(int) {})
		if sum := newMachine(t, b).fetch(print); sum.Results != 1 {
			t.Errorf("cut at request %d: not sent by the next process: %s", cut, store.told())
		}
	}
}

// An interrupted fetch leaves nothing in the store, and the next goes on where it was.
func TestInterruptedFetching(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	one, two := newMachine(t, b), newMachine(t, b)
	one.send(one.commit(fingerprint, map[string]string{"a": strings.Repeat("0123456789", 5000)}, "meta"))
	ctx, cancel := context.WithCancel(context.Background())
	s.Inject(func(r *http.Request) remotetest.Fault {
		if strings.Contains(r.URL.Path, "/files/") {
			return remotetest.Hang // after a tenth
		}
		return remotetest.None
	})
	_, err := two.Fetch(ctx, []string{fingerprint}, func(f mirror.Fetched) {
		if f.Bytes == 5000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || two.told() != "" {
		t.Errorf("%v, told %s", err, two.told())
	}
	two.absent(fingerprint)
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
	if sum := two.fetch(fingerprint); sum.Results != 1 || sum.Bytes != 45000 {
		t.Errorf("fetched %+v", sum)
	}
	two.content("a")
}

func TestCutAtEveryTenth(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	one, two := newMachine(t, b), newMachine(t, b)
	one.send(one.commit(fingerprint, weights, "meta"))
	n := 0
	var mu sync.Mutex
	s.Inject(func(*http.Request) remotetest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if n++; n%10 != 0 {
			return remotetest.Cut
		}
		return remotetest.None
	})
	if sum := two.fetch(fingerprint); sum.Results != 1 || two.told() != "" {
		t.Errorf("fetched %+v, told %s", sum, two.told())
	}
	two.content("weights/a.bin")
}

func TestPushAndList(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		one := newMachine(t, b)
		first := one.commit(fingerprint, weights, "meta").Entry
		gone := one.commit(other, map[string]string{"x": "y"}, "meta").Entry
		if err := os.RemoveAll(filepath.Join(one.store.Dir(), "objects", gone.Tree)); err != nil {
			t.Fatal(err)
		}
		for i, want := range []mirror.Pushed{{Sent: 1, Failed: 1}, {There: 1, Failed: 1}} {
			sum, err := one.PushAll(context.Background(), []*artifact.Entry{first, gone}, func(int, int) {})
			if err != nil || sum != want {
				t.Errorf("%d: pushed %+v, %v", i, sum, err)
			}
		}
		if !strings.Contains(one.told(), "cannot be sent: ") {
			t.Errorf("told %s", one.told())
		}
		list, err := one.List(context.Background(), func(int, int) {})
		if err != nil || len(list) != 1 || list[0].Fingerprint != fingerprint || list[0].Bytes != 5018 || list[0].Wrong != "" {
			t.Errorf("listed %+v, %v", list, err)
		}
	})
}

// No credential is in a file, here or there.
func TestCredentialsAreWrittenNowhere(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	dir := t.TempDir()
	one := machineIn(t, dir, b)
	one.send(one.commit(fingerprint, weights, "meta"))
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.Fail })
	one.fetch(other)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(remotetest.SecretKey)) || bytes.Contains(text, []byte(remotetest.AccessKey)) {
			t.Errorf("%s holds a credential", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := one.told(); text == "" || strings.Contains(text, remotetest.SecretKey) || strings.Contains(text, remotetest.AccessKey) {
		t.Errorf("told %q", text)
	}
	if slices.ContainsFunc(s.Requests(), func(r string) bool { return strings.Contains(r, remotetest.SecretKey) }) {
		t.Error("the key itself is sent")
	}
}
