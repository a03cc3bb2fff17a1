package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cluster"
	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
	"sslpipe/internal/run"
)

// Workers that run whole units side by side do what one process does, less what others
// have done or are at. Several machines tell each other of it in the store, processes of
// one machine by the locks of the folder that they share; nothing listens.

// beside is what makes a run one of several. The zero beside is a process for itself.
type beside struct {
	lease     *lease.Terms // nil where the processes share a folder and nothing else
	agreement *agreement   // nil as well
	processes []*cluster.Process
	interrupt func()      // asks them once to end: a second time ends them at once
	stop      func() bool // of passing an interrupt on
}

// besideOf finds out how a process of a team takes part in a run of whole units. On one
// machine it leaves the others their share of it.
func (s *settings) besideOf(ctx context.Context, team *cluster.Cluster, p *plan.Plan, device string, force []string, shared remote.Bucket) (*beside, error) {
	mistake := func(text string) error { return exitError{code: exitMistake, err: errors.New(text)} }
	switch {
	case len(force) > 0:
		return nil, mistake("with parallel = \"units\" each worker would run what --force names: run it on one machine, without workers")
	case shared == nil && !team.OneMachine():
		return nil, mistake("with parallel = \"units\", workers on several machines pass results to each other through a store: name one in the pipeline (store { url = ... }), by --store or in SSLPIPE_STORE")
	}
	if team.OneMachine() {
		n := len(team.Members)
		s.Jobs, s.memory = max(s.Jobs/n, 1), s.memory/int64(n)
	}
	b := &beside{}
	if shared == nil {
		return b, nil
	}
	// One that fails later ends nothing; without one from the start each would do all.
	if _, err := shared.Stat(ctx, "leases/any"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed(fmt.Errorf("the workers cannot share units: %w", err))
	}
	period := p.Pipeline.Cluster.Lease
	b.lease = &lease.Terms{Who: team.Members[team.Self].String(), Period: period}
	b.agreement = agreeIn(shared, team, p, cluster.Identity{Program: buildID(), Runtime: runtimeIdentity(device)}, period)
	return b, nil
}

// start starts the other processes of a team on this machine, unless TF_CONFIG names
// them. An interrupt is passed on to them, so that they save what they are at.
func (b *beside) start(ctx context.Context, team *cluster.Cluster) error {
	b.interrupt = sync.OnceFunc(func() {
		for _, p := range b.processes {
			p.Interrupt()
		}
	})
	if os.Getenv(cluster.Variable) == "" {
		for i := 1; i < len(team.Members); i++ {
			process, err := team.Start(i, os.Args)
			if err != nil {
				b.end()
				return failed(err)
			}
			b.processes = append(b.processes, process)
		}
	}
	b.stop = context.AfterFunc(ctx, b.interrupt)
	return nil
}

// run runs the plan, until it turns out that the chief is another program, or on another
// class of machine.
func (b *beside) run(cmd *cobra.Command, s *settings, p *plan.Plan, store *artifact.Store, o run.Options) (*run.Result, error) {
	if b.agreement == nil {
		return s.execute(cmd, p, store, o)
	}
	before := cmd.Context()
	defer cmd.SetContext(before)
	ctx, cancel := context.WithCancelCause(before)
	defer cancel(nil)
	cmd.SetContext(ctx)
	o.Ahead = func() { b.agreement.watch(ctx, cancel) }
	result, err := s.execute(cmd, p, store, o)
	if cause := context.Cause(ctx); cause != nil && before.Err() == nil {
		err = cause
	}
	return result, err
}

// finish waits for the processes that were started, which have nothing left to do, and
// tells of those that failed.
func (b *beside) finish(cmd *cobra.Command, team *cluster.Cluster) {
	for i, p := range b.processes {
		if err := p.Finish(cmd.Context()); err != nil {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "%s: %v. The others ran its units.\n", team.Members[i+1], err)
		}
	}
}

// saving is how long the processes that were started have to save what they are at; a
// second interrupt ends them with this one.
const saving = time.Minute

// end ends the processes that were started.
func (b *beside) end() {
	if b.stop != nil {
		b.stop()
	}
	if b.agreement != nil {
		b.agreement.end()
	}
	b.interrupt()
	ctx, cancel := context.WithTimeout(context.Background(), saving)
	defer cancel()
	for _, p := range b.processes {
		_ = p.Finish(ctx) // it was told to end
	}
	cluster.EndAll(b.processes)
}

// beside runs a plan as one of several processes, each of which runs whole units. The
// chief prints what came of it.
func (f *runFlags) beside(cmd *cobra.Command, s *settings, args []string, team *cluster.Cluster, p *plan.Plan, o run.Options) error {
	store, shared, err := s.open(p)
	if err != nil {
		return err
	}
	b, err := s.besideOf(cmd.Context(), team, p, o.Device, f.Force, shared)
	if err != nil {
		return err
	}
	chief, self := team.Members[0], team.Members[team.Self]
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "This is %s of %d that run whole units.\n", self, len(team.Members))
	if err := b.start(cmd.Context(), team); err != nil {
		return err
	}
	defer b.end()
	o.Shared, o.Lease = shared, b.lease
	result, runErr := b.run(cmd, s, p, store, o)
	if !team.Chief() {
		if runErr == nil {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "All units are done; %s prints the tables.\n", chief)
		}
		return f.ended(runErr, func() string { return f.again(cmd, args, p) })
	}
	if runErr == nil {
		b.finish(cmd, team)
	}
	return f.conclude(cmd, s, args, gathering{plan: p, store: store, result: result, device: o.Device}, runErr)
}
