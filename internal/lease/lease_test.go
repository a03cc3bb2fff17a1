package lease

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/minio-go/v7"

	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

func TestMain(m *testing.M) {
	minio.DefaultRetryUnit, minio.DefaultRetryCap = time.Millisecond, time.Millisecond
	os.Exit(m.Run())
}

func member(b remote.Bucket, who string) *Leases {
	return New(b, Terms{Who: who, Period: 30 * time.Second})
}

func take(t *testing.T, l *Leases, name string) (*Lease, Status) {
	t.Helper()
	lease, status, err := l.Take(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return lease, status
}

func mustTake(t *testing.T, l *Leases, name string) *Lease {
	t.Helper()
	lease, status := take(t, l, name)
	if lease == nil {
		t.Fatalf("it is held: %+v", status)
	}
	return lease
}

func look(t *testing.T, l *Leases) Status {
	t.Helper()
	status, err := l.Look(context.Background(), "unit")
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// Of several that want a lease at once, one gets it, and the others learn who; when it
// is released, the next one gets it.
func TestOneHolds(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		const n = 8
		var members [n]*Leases
		for i := range members {
			members[i] = member(b, fmt.Sprintf("worker %d", i))
		}
		for round := range 3 {
			var leases [n]*Lease
			var found [n]Status
			var wg sync.WaitGroup
			for i := range members {
				wg.Go(func() { leases[i], found[i] = take(t, members[i], "unit") })
			}
			wg.Wait()
			holder := -1
			for i, l := range leases {
				if l != nil && holder >= 0 {
					t.Fatalf("round %d: %d and %d hold it", round, holder, i)
				}
				if l != nil {
					holder = i
				}
			}
			if holder < 0 {
				t.Fatalf("round %d: nobody holds it", round)
			}
			for i := range members {
				if want := fmt.Sprintf("worker %d", holder); i != holder && (found[i].Who != want || found[i].Free) {
					t.Errorf("worker %d found %+v, and %s holds it", i, found[i], want)
				}
			}
			leases[holder].Release("")
			if s := look(t, members[0]); !s.Free {
				t.Errorf("released, and found %+v", s)
			}
		}
		mustTake(t, members[0], "another unit").Release("")
	})
}

// Work under a lease that is done until a flag is set is done by one, whoever comes.
func TestWorkIsDoneOnce(t *testing.T) {
	remotetest.Each(t, func(t *testing.T, b remote.Bucket) {
		const names = 6
		var mu sync.Mutex
		done := map[string]int{}
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				l := member(b, fmt.Sprintf("worker %d", i))
				for n := range names {
					name := fmt.Sprintf("unit-%d", n)
					for {
						lease, _ := take(t, l, name)
						if lease == nil {
							time.Sleep(time.Millisecond)
							continue
						}
						mu.Lock()
						first := done[name] == 0
						mu.Unlock()
						if first {
							mu.Lock()
							done[name]++
							mu.Unlock()
						}
						lease.Release("")
						break
					}
				}
			})
		}
		wg.Wait()
		for name, times := range done {
			if times != 1 || len(done) != names {
				t.Errorf("%s was done %d times; %d units of %d", name, times, len(done), names)
			}
		}
	})
}

// A holder that works on keeps its lease, however long.
func TestHolderKeepsIt(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		one, two := member(b, "one"), member(b, "two")
		lease := mustTake(t, one, "unit")
		for range 600 {
			time.Sleep(time.Second)
			if s := look(t, two); s.Free || s.Who != "one" {
				t.Fatalf("found %+v", s)
			}
		}
		if err := lease.Confirm(context.Background()); err != nil {
			t.Error(err)
		}
		lease.Release("the disk is full")
		if s := look(t, two); !s.Free || s.Reason != "the disk is full" || s.Who != "one" {
			t.Errorf("found %+v", s)
		}
	})
}

// A long reason is cut, and the document stays one that can be read.
func TestLongReason(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	mustTake(t, member(b, "one"), "unit").Release(strings.Repeat("\x00ü", 50000))
	if s := look(t, member(b, "two")); !s.Free || s.Who != "one" || len(s.Reason) > 2003 || !strings.HasSuffix(s.Reason, "\x00ü...") && !strings.HasSuffix(s.Reason, "\x00...") {
		t.Errorf("found %+v", s)
	}
}

// Who looks more than once can tell a holder that lives from what a dead one left, and
// knows what it says.
func TestAlive(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		first := New(b, Terms{Who: "one", Period: 30 * time.Second, Says: "version 1"})
		looks := func(l *Leases, want Status) {
			t.Helper()
			if got := look(t, l); got != want {
				t.Errorf("found %+v, want %+v", got, want)
			}
		}
		early, late := member(b, "early"), member(b, "late")
		looks(early, Status{Free: true})
		dead := mustTake(t, first, "unit")
		looks(early, Status{Who: "one", Says: "version 1", Alive: true})
		dead.stop()
		time.Sleep(time.Second)
		looks(early, Status{Who: "one", Says: "version 1", Alive: true, Silent: time.Second})
		looks(late, Status{Who: "one", Says: "version 1"})
		time.Sleep(29 * time.Second)
		looks(late, Status{Who: "one", Says: "version 1", Silent: 29 * time.Second})
		looks(early, Status{Who: "one", Says: "version 1", Free: true, Silent: 30 * time.Second})
		mustTake(t, early, "unit").Release("")
		looks(late, Status{Who: "early", Free: true})
	})
}

// A holder that died loses its lease after its period, and not before, to one of those
// who wait.
func TestDeadHolderIsReplaced(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		dead := mustTake(t, member(b, "dead"), "unit")
		time.Sleep(time.Minute + time.Second) // renewals come and go
		dead.stop()
		var waiting [3]*Leases
		for i := range waiting {
			waiting[i] = member(b, fmt.Sprintf("worker %d", i))
			look(t, waiting[i])
		}
		time.Sleep(30*time.Second - 1)
		for _, l := range waiting {
			if lease, s := take(t, l, "unit"); lease != nil || s.Silent != 30*time.Second-1 {
				t.Fatalf("taken before the period was over: %+v", s)
			}
		}
		time.Sleep(time.Nanosecond)
		var leases [len(waiting)]*Lease
		var wg sync.WaitGroup
		for i, l := range waiting {
			wg.Go(func() { leases[i], _ = take(t, l, "unit") })
		}
		wg.Wait()
		holders := 0
		for _, l := range leases {
			if l != nil {
				holders++
				l.Release("")
			}
		}
		if holders != 1 {
			t.Errorf("%d hold it", holders)
		}
	})
}

// A holder that sleeps through its period learns that it has lost, in whatever it does
// next, and disturbs its successor in nothing.
func TestSleeperLosesIt(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		sleeper := mustTake(t, member(b, "sleeper"), "unit")
		ctx, free := sleeper.Bind(context.Background())
		defer free()
		sleeper.stop() // it no longer renews
		two := member(b, "two")
		look(t, two)
		time.Sleep(30 * time.Second)
		successor := mustTake(t, two, "unit")
		if ctx.Err() != nil {
			t.Error("it knows before it looks")
		}
		for range 2 {
			if err := sleeper.Confirm(context.Background()); !errors.Is(err, ErrLost) {
				t.Errorf("confirmed: %v", err)
			}
		}
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("its work ended with %v", context.Cause(ctx))
		}
		sleeper.Release("")
		if s := look(t, member(b, "three")); s.Free || s.Who != "two" {
			t.Errorf("found %+v", s)
		}
		if err := successor.Confirm(context.Background()); err != nil {
			t.Error(err)
		}
		successor.Release("")
	})
}

// One that renews finds out by itself.
func TestKeeperFindsOut(t *testing.T) {
	b := remotetest.Folder(t, t.TempDir())
	synctest.Test(t, func(t *testing.T) {
		lease := mustTake(t, member(b, "one"), "unit")
		ctx, free := lease.Bind(context.Background())
		defer free()
		if err := b.PutFirst(context.Background(), "leases/unit/2.json", bytes.NewReader(document{Who: "two", Token: "x"}.encode())); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if !errors.Is(context.Cause(ctx), ErrLost) {
			t.Errorf("its work goes on: %v", ctx.Err())
		}
		lease.Release("")
	})
}

// A lease whose taking was answered by nothing is held nevertheless, and not lost to a
// stranger.
func TestLostAnswer(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	lost := 0
	s.Inject(func(r *http.Request) remotetest.Fault {
		if r.Method == http.MethodPut && lost == 0 {
			lost++
			return remotetest.Unsaid
		}
		return remotetest.None
	})
	lease := mustTake(t, member(b, "one"), "unit")
	if lost != 1 {
		t.Fatal("no answer was lost")
	}
	if other, status := take(t, member(b, "two"), "unit"); other != nil || status.Who != "one" {
		t.Errorf("two found %+v", status)
	}
	lease.Release("")
	if text, err := remote.ReadAll(context.Background(), b, "leases/unit/1.json"); err != nil || !strings.Contains(string(text), `"released": true`) {
		t.Errorf("%s, %v", text, err)
	}
}

// On a server without conditional writes two can come first: the one whose document is
// not there loses.
func TestServerWithoutConditions(t *testing.T) {
	s := remotetest.Start(t)
	s.RefuseConditions()
	b := s.Bucket(t, remote.Options{})
	one := mustTake(t, member(b, "one"), "unit")
	if err := b.Put(context.Background(), one.name, bytes.NewReader(document{Who: "two", Token: "x", PeriodSeconds: 30}.encode())); err != nil {
		t.Fatal(err)
	}
	if err := one.Confirm(context.Background()); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	one.Release("")
	if s := look(t, member(b, "three")); s.Free || s.Who != "two" {
		t.Errorf("found %+v", s)
	}
}

// A bucket that fails is an error, and no loss; when it is back, the lease is as it was.
func TestFailingBucket(t *testing.T) {
	s := remotetest.Start(t)
	b := s.Bucket(t, remote.Options{})
	lease := mustTake(t, member(b, "one"), "unit")
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.Fail })
	if err := lease.Confirm(context.Background()); err == nil || errors.Is(err, ErrLost) {
		t.Errorf("confirmed: %v", err)
	}
	if l, _, err := member(b, "two").Take(context.Background(), "unit"); l != nil || err == nil {
		t.Errorf("took %v, %v", l, err)
	}
	s.Inject(func(*http.Request) remotetest.Fault { return remotetest.None })
	if err := lease.Confirm(context.Background()); err != nil {
		t.Error(err)
	}
	lease.Release("")
}

// What cannot be read is somebody's until it has not changed for a minute; so is a blob
// that has gone. What says that its holder may be silent for years is not believed.
func TestStrangeDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"garbage": "{", "another's": "{}", "empty": "", "long": strings.Repeat("x", 3*maxDocument),
		"eternal": `{"who": "x", "token": "y", "period_seconds": 1e300}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			b := remotetest.Folder(t, dir)
			synctest.Test(t, func(t *testing.T) {
				put := func() {
					if err := b.Put(context.Background(), "leases/unit/7.json", strings.NewReader(text)); err != nil {
						t.Fatal(err)
					}
				}
				put()
				two := member(b, "two")
				if s := look(t, two); s.Free {
					t.Errorf("found %+v", s)
				}
				wait := time.Minute
				if name == "eternal" {
					wait = MaxPeriod
				}
				if name == "garbage" {
					time.Sleep(wait - 1)
					if err := os.Remove(filepath.Join(dir, "leases", "unit", "7.json")); err != nil {
						t.Fatal(err)
					}
					if s := look(t, two); s.Free {
						t.Errorf("found %+v", s)
					}
				}
				time.Sleep(wait)
				mustTake(t, two, "unit").Release("")
				if _, err := b.Stat(context.Background(), "leases/unit/8.json"); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
