package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

func folderBucket(t *testing.T) remote.Bucket {
	t.Helper()
	b, err := remote.Open(remote.Location{URL: "file://" + t.TempDir()}, remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sideBySide runs the lab's plan as one of several.
func (l *lab) sideBySide(ctx context.Context, b remote.Bucket, who string, period time.Duration) (*Result, error) {
	l.t.Helper()
	r, err := Execute(ctx, l.plan, Options{Store: l.store, Cores: 2, RunsDir: filepath.Join(l.root, "runs"), Shared: b,
		Lease: &lease.Terms{Who: who, Period: period}, Sink: func(e Event) { l.events = append(l.events, e) }})
	if r != nil {
		if err := r.Close(); err != nil {
			l.t.Error(err)
		}
	}
	return r, err
}

// document is the text of a lease's document.
func document(who, state string) *bytes.Reader {
	return bytes.NewReader(fmt.Appendf(nil, `{"who": %q, "token": "x", "period_seconds": 1, %s}`, who, state))
}

func leaseName(u *plan.Unit, number int) string {
	return fmt.Sprintf("leases/%s/%d.json", u.Fingerprint, number)
}

func mustPut(t *testing.T, b remote.Bucket, name string, body remote.Body) {
	t.Helper()
	if err := b.Put(context.Background(), name, body); err != nil {
		t.Fatal(err)
	}
}

// Several machines, each with a store of its own, run each unit once between them, and
// all end with all results, also where a request comes to nothing now and then.
func TestSideBySide(t *testing.T) {
	_, server := s3Server(t)
	failing, faulty := s3Server(t)
	requests := 0
	failing.Inject(func(*http.Request) remotetest.Fault {
		if requests++; requests%4 != 0 {
			return remotetest.None
		}
		return []remotetest.Fault{remotetest.Fail, remotetest.Cut, remotetest.Unsaid}[requests/4%3]
	})
	for name, b := range map[string]remote.Bucket{"folder": folderBucket(t), "s3": server, "faulty": faulty} {
		t.Run(name, func(t *testing.T) {
			const machines = 3
			var labs [machines]*lab
			var results [machines]*Result
			for i := range labs {
				l := newLab(t)
				nap := func(context.Context, *plan.Env) error { time.Sleep(3 * time.Millisecond); return nil }
				root := l.add("download.a", "a", nap)
				var tuned []*plan.Unit
				for seed := range 8 {
					u := l.add(fmt.Sprintf("finetune.b[seed=%d]", seed), fmt.Sprintf("b%d", seed), nap, root)
					tuned = append(tuned, u)
				}
				l.add("evaluate.c", "c", nap, tuned...)
				labs[i] = l
			}
			var wg sync.WaitGroup
			for i, l := range labs {
				wg.Go(func() {
					var err error
					if results[i], err = l.sideBySide(context.Background(), b, fmt.Sprintf("worker %d", i), 20*time.Second); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			var ran []string
			for i, l := range labs {
				ran = append(ran, l.log...)
				if r := results[i]; r.Executed != len(l.log) || r.Executed+r.Cached != len(l.plan.Units) {
					t.Errorf("worker %d: %d run, %d cached, and %q began", i, r.Executed, r.Cached, l.log)
				}
				for _, u := range l.plan.Units {
					if got, want := results[i].Entries[u.Address], results[0].Entries[u.Address]; got == nil || got.Tree != want.Tree {
						t.Errorf("worker %d has %+v of %s", i, got, u.Address)
					}
				}
				mustBeClean(t, l.root)
			}
			slices.Sort(ran)
			if len(ran) != len(labs[0].plan.Units) || len(slices.Compact(ran)) != len(labs[0].plan.Units) {
				t.Errorf("these began: %q; said %s", ran, labs[0].said())
			}
			for blob, err := range b.List(context.Background(), "leases/") {
				text, readErr := remote.ReadAll(context.Background(), b, blob.Name)
				if err != nil || readErr != nil || !strings.HasSuffix(blob.Name, "/1.json") && !strings.HasSuffix(blob.Name, "/2.json") || !strings.Contains(string(text), `"released": true`) {
					t.Errorf("%s is left: %s, %v %v", blob.Name, text, err, readErr)
				}
			}
		})
	}
}

// What a machine has made by itself before is there for the others.
func TestOffersWhatItHas(t *testing.T) {
	b := folderBucket(t)
	mine := threeUnits(t, nil)
	mine.plan.Units = mine.plan.Units[:2]
	mine.mustRun()
	mine.log, mine.plan = nil, threeUnits(t, nil).plan
	if r, err := mine.sideBySide(context.Background(), b, "worker 0", time.Minute); err != nil || r.Executed != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	other := threeUnits(t, nil)
	if r, err := other.sideBySide(context.Background(), b, "worker 1", time.Minute); err != nil || len(other.log) != 0 {
		t.Errorf("ran %q: %+v, %v", other.log, r, err)
	}
}

// hooked is a bucket in which something happens just before a blob is put that nobody
// else has put.
type hooked struct {
	remote.Bucket
	before func(name string)
}

func (h hooked) PutFirst(ctx context.Context, name string, body remote.Body) error {
	h.before(name)
	return h.Bucket.PutFirst(ctx, name, body)
}

// A unit that another machine stores just before this one claims it is not run again.
func TestStoredBeforeItWasClaimed(t *testing.T) {
	b := folderBucket(t)
	other, mine := threeUnits(t, nil), threeUnits(t, nil)
	done := false
	_, err := mine.sideBySide(context.Background(), hooked{b, func(name string) {
		if strings.HasPrefix(name, "leases/") && !done {
			done = true
			if _, err := other.shared(context.Background(), b); err != nil {
				t.Error(err)
			}
		}
	}}, "me", time.Minute)
	if err != nil || !done || len(mine.log) != 0 {
		t.Errorf("ran %q, %v", mine.log, err)
	}
}

// The unit of a worker that has died is run by another one, after the period that the
// dead one stated, and that is told.
func TestDeadWorkerIsReplaced(t *testing.T) {
	b := folderBucket(t)
	l := threeUnits(t, nil)
	a := l.plan.Units[0]
	mustPut(t, b, leaseName(a, 1), document("worker 1 (b:2222)", `"renewed": 7`))
	r, err := l.sideBySide(context.Background(), b, "worker 0", time.Minute)
	if err != nil || r.Executed != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	if got, want := l.types(a), "unit_elsewhere message unit_started unit_finished"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	if want := "download.a: nothing was heard of worker 1 (b:2222) for "; !strings.Contains(l.said(), want) {
		t.Errorf("said %s", l.said())
	}
}

// A worker that was asleep while another took its unit over keeps nothing of what it
// made: the other's result is the one that it takes, once it is there.
func TestSleeperTakesWhatOthersMade(t *testing.T) {
	for name, asleep := range map[string]func(ctx context.Context) error{
		"to the end of the unit": func(context.Context) error { return nil },
		"until it looks":         func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			b := folderBucket(t)
			other := threeUnits(t, nil)
			var mine *lab
			mine = threeUnits(t, func(ctx context.Context, env *plan.Env) error {
				if a := mine.plan.Units[0]; env.Unit == a {
					mustPut(t, b, leaseName(a, 2), document("the other", `"released": true`))
					if _, err := other.shared(context.Background(), b); err != nil {
						t.Error(err)
					}
				}
				return asleep(ctx)
			})
			r, err := mine.sideBySide(context.Background(), b, "me", lease.MinPeriod)
			if err != nil || r.Executed != 0 || r.Cached != 3 {
				t.Fatalf("%+v, %v", r, err)
			}
			if got, want := mine.types(mine.plan.Units[0]), "unit_started unit_interrupted message unit_cached"; got != want {
				t.Errorf("events %s, want %s", got, want)
			}
			if want := "download.a: another worker has taken it over, since nothing was heard of this one for 1s"; !strings.Contains(mine.said(), want) {
				t.Errorf("said %s", mine.said())
			}
			mustBeClean(t, mine.root)
		})
	}
}

// A unit that failed is tried by others, who are told why it failed; an interrupted one
// is left to them at once.
func TestUnitIsLeftToOthers(t *testing.T) {
	b := folderBucket(t)
	broken := threeUnits(t, func(context.Context, *plan.Env) error { return errors.New("the disk is full") })
	if _, err := broken.sideBySide(context.Background(), b, "worker 1", time.Hour); err == nil {
		t.Fatal("it did not fail")
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := threeUnits(t, func(ctx context.Context, _ *plan.Env) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if _, err := stopped.sideBySide(ctx, b, "worker 2", time.Hour); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	if want := "download.a: worker 1 failed with it, so it is tried here: the disk is full"; !strings.Contains(stopped.said(), want) {
		t.Errorf("said %s", stopped.said())
	}
	third := threeUnits(t, nil)
	if r, err := third.sideBySide(context.Background(), b, "worker 3", time.Hour); err != nil || r.Executed != 3 || strings.Contains(third.said(), "worker") {
		t.Errorf("%+v, %v: said %s", r, err, third.said())
	}
}

// Where the store fails, a machine runs all by itself, and is told so once.
func TestSideBySideWithoutTheStore(t *testing.T) {
	s, b := s3Server(t)
	for name, requests := range map[string]int{"from the beginning": 0, "after a while": 9} {
		n := 0
		s.Inject(func(*http.Request) remotetest.Fault {
			if n++; n > requests {
				return remotetest.Fail
			}
			return remotetest.None
		})
		l := newLab(t)
		a := l.add("download.a", "a"+name, nil)
		l.add("evaluate.c", "c", nil, a)
		if r, err := l.sideBySide(context.Background(), b, "me", time.Hour); err != nil || r.Executed != 2 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if n := strings.Count(l.said(), "This goes on without the store"); n != 1 {
			t.Errorf("%s: told %d times: %s", name, n, l.said())
		}
	}
}
