package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"sslpipe/internal/cluster"
	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
)

// agreement keeps workers that run whole units from working in vain: one of another
// program, runtime or class of machine than the chief would share nothing with it, or what
// it should not. The chief holds a lease of the team while it lives, which says what it
// is; others that see it live compare.
type agreement struct {
	team   *cluster.Cluster
	leases *lease.Leases
	name   string        // of the lease
	self   string        // what this process is
	every  time.Duration // between two looks

	stop context.CancelFunc
	mu   sync.Mutex
	over bool
	busy sync.WaitGroup
}

// agreeIn prepares an agreement in the store. Who does other work is of another team.
func agreeIn(b remote.Bucket, team *cluster.Cluster, p *plan.Plan, identity cluster.Identity, period time.Duration) *agreement {
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, team.Addresses()) // a hash never returns an error
	works := p.Works()
	for _, u := range p.Units {
		_, _ = fmt.Fprintln(sum, works[u])
	}
	a := &agreement{team: team, name: "chief-" + hex.EncodeToString(sum.Sum(nil)), self: identity.Encode(), every: period / 6, stop: func() {}}
	a.leases = lease.New(b, lease.Terms{Who: team.Members[team.Self].String(), Period: period, Says: a.self})
	return a
}

// watch compares until ctx or the agreement ends, and gives disagree what differs.
func (a *agreement) watch(ctx context.Context, disagree func(error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		return
	}
	ctx, a.stop = context.WithCancel(ctx)
	a.busy.Go(func() {
		if a.team.Chief() {
			a.hold(ctx)
		} else if err := a.compare(ctx); err != nil {
			disagree(err)
		}
	})
}

// end lets the lease go.
func (a *agreement) end() {
	a.mu.Lock()
	a.over = true
	a.stop()
	a.mu.Unlock()
	a.busy.Wait()
}

// hold holds the lease of the chief, after one that died. A store that fails has been
// told of where results are shared.
func (a *agreement) hold(ctx context.Context) {
	for ctx.Err() == nil {
		if held, _, err := a.leases.Take(ctx, a.name); held != nil && err == nil {
			<-ctx.Done()
			held.Release("")
			return
		}
		a.pause(ctx)
	}
}

// compare waits for a chief that lives, and returns what of it differs from this process.
func (a *agreement) compare(ctx context.Context) error {
	for ctx.Err() == nil {
		chief, err := a.leases.Look(ctx, a.name)
		if err == nil && chief.Alive {
			texts := append(slices.Repeat([]string{chief.Says}, a.team.Self), a.self)
			return a.team.Compare(texts)
		}
		a.pause(ctx)
	}
	return nil
}

func (a *agreement) pause(ctx context.Context) {
	select {
	case <-time.After(a.every):
	case <-ctx.Done():
	}
}
