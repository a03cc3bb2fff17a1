package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sslpipe/internal/filelock"
	"sslpipe/internal/plan"
)

// gauge counts the threads of the units that run at once.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) enter(threads int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += threads
	g.most = max(g.most, g.now)
}

func (g *gauge) leave(threads int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now -= threads
}

func TestBudgetOfCoresIsKeptAndUsed(t *testing.T) {
	l := newLab(t)
	const cores = 3
	var g gauge
	together := make(chan struct{}) // closed once the budget is used up by units of one thread
	var meeting sync.WaitGroup
	meeting.Add(cores)
	go func() { meeting.Wait(); close(together) }()
	for i := range 12 {
		threads := []int{1, 1, 1, 2, 3, 1, 2, 1, 1, 3, 1, 2}[i]
		u := l.add(fmt.Sprintf("finetune.u[seed=%d]", i), fmt.Sprint(i), func(context.Context, *plan.Env) error {
			g.enter(threads)
			defer g.leave(threads)
			if i < cores {
				meeting.Done()
				select {
				case <-together:
				case <-time.After(20 * time.Second):
					return fmt.Errorf("units do not run together")
				}
			}
			time.Sleep(time.Millisecond)
			return nil
		})
		u.Threads = threads
	}
	o := l.options()
	o.Cores = cores
	r, _, err := l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Executed != 12 || g.most != cores {
		t.Errorf("%d units, at most %d threads at once, want 12 and %d", r.Executed, g.most, cores)
	}
}

func TestUnitThatWantsMoreThanThereIsRunsAlone(t *testing.T) {
	l := newLab(t)
	var g gauge
	for i, threads := range []int{1, 8, 0, 1} {
		l.add(fmt.Sprintf("finetune.u[seed=%d]", i), fmt.Sprint(i), func(context.Context, *plan.Env) error {
			g.enter(min(max(threads, 1), 2))
			defer g.leave(min(max(threads, 1), 2))
			time.Sleep(5 * time.Millisecond)
			return nil
		}).Threads = threads
	}
	o := l.options()
	o.Cores = 2
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if g.most != 2 {
		t.Errorf("at most %d threads at once, want 2", g.most)
	}
}

func TestOrderIsThatOfThePlan(t *testing.T) {
	for range 2 {
		l := newLab(t)
		var want []string
		var units []*plan.Unit
		for i := range 12 {
			var inputs []*plan.Unit
			if i >= 5 {
				inputs = units[i-5 : i-3]
			}
			u := l.add(fmt.Sprintf("finetune.u[seed=%d]", i), fmt.Sprint(i), nil, inputs...)
			units, want = append(units, u), append(want, u.Address)
		}
		_, log := l.mustRun()
		equal(t, log, want...)
	}
}

// TestResultsDoNotDependOnCores runs one plan with 1 and with 4 cores.
func TestResultsDoNotDependOnCores(t *testing.T) {
	var trees [2][]string
	for i, cores := range []int{1, 4} {
		l := newLab(t)
		chain(l, "rotation")
		o := l.options()
		o.Cores = cores
		r, _, err := l.runWith(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range l.plan.Units {
			trees[i] = append(trees[i], r.Entries[u.Address].Tree)
		}
	}
	if !slices.Equal(trees[0], trees[1]) {
		t.Errorf("digests %v and %v", trees[0], trees[1])
	}
}

// TestUnitHeldByAnotherProcess holds a unit's lock, as another process would:
// the unit waits without taking a core, and runs once the lock is free.
func TestUnitHeldByAnotherProcess(t *testing.T) {
	l := newLab(t)
	a := l.add("pretrain.a", "a", nil)
	path := lockPath(l.store.WorkDir(a.Fingerprint))
	lock, err := filelock.Try(path)
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	l.add("pretrain.b", "b", func(context.Context, *plan.Env) error { return lock.Remove() })
	r, log := l.mustRun()
	equal(t, log, "pretrain.b", "pretrain.a")
	if r.Executed != 2 {
		t.Errorf("result %+v", r)
	}
	for _, e := range l.events {
		if e.Type == Message && (e.Unit != a.Address || !strings.HasPrefix(e.Message, "waits: process ") || !strings.HasSuffix(e.Message, " is running it")) {
			t.Errorf("message %+v", e)
		}
	}
	mustBeClean(t, l.root)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	l := newLab(t)
	a := l.add("pretrain.a", "a", nil)
	lock, err := filelock.Try(lockPath(l.store.WorkDir(a.Fingerprint)))
	if err != nil || lock == nil {
		t.Fatal(lock, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	o := l.options()
	o.Sink = func(e Event) {
		if e.Type == Message {
			cancel()
		}
	}
	_, log, err := l.runWith(ctx, o)
	if err == nil || err.Error() != "interrupted: 0 of 1 units are done, 1 remain" {
		t.Errorf("error %v", err)
	}
	equal(t, log)
	if err := lock.Remove(); err != nil {
		t.Error(err)
	}
}
