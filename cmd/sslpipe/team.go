package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sslpipe/internal/cluster"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
	"sslpipe/internal/tf"
	"sslpipe/internal/tfruntime"
)

// maxWorkers is far beyond what one machine can run: each is a process with a port.
const maxWorkers = 1000

// addWorkers adds the flag by which a plan is one for several workers.
func (f *pipelineFlags) addWorkers(cmd *cobra.Command) {
	cmd.Flags().IntVar(&f.workers, "workers", 0, "processes that share the work, as the block cluster of the pipeline says; a run starts them on this machine, unless TF_CONFIG names them")
	cmd.Flags().IntVar(&f.gpus, "gpus", 0, "GPUs of this machine that train each unit together, the first ones that CUDA_VISIBLE_DEVICES shows (default 1)")
}

// team is who trains together, by TF_CONFIG, else by --workers on this machine; nil is
// this process alone.
func (f *pipelineFlags) team() (*cluster.Cluster, error) {
	switch {
	case f.workers < 0:
		return nil, fmt.Errorf("--workers must be at least 1, not %d", f.workers)
	case f.workers > maxWorkers:
		return nil, fmt.Errorf("--workers must be at most %d, not %d", maxWorkers, f.workers)
	case f.gpus < 0:
		return nil, fmt.Errorf("--gpus must be at least 1, not %d", f.gpus)
	case f.gpus > 1 && (f.workers > 1 || os.Getenv(cluster.Variable) != ""):
		return nil, errors.New("--gpus is for one process, and several workers train on the CPU only: leave out --workers and TF_CONFIG, or --gpus")
	}
	return assemble(f.workers, func(named int) error {
		return fmt.Errorf("--workers says %d, and TF_CONFIG names %d: leave one of them out", f.workers, named)
	})
}

// teamThatTrained is who trains a plan's units as it was planned: the members of TF_CONFIG, else
// workers of this machine. Several GPUs are one process.
func teamThatTrained(p *plan.Plan, device string) (*cluster.Cluster, error) {
	if device == tfruntime.GPU {
		return nil, nil
	}
	n := 1
	for _, u := range p.Units {
		n = max(n, u.Workers)
	}
	return assemble(n, func(named int) error {
		return fmt.Errorf("TF_CONFIG names %d workers, and %d have trained this: the bits would be others", named, n)
	})
}

// assemble returns the members of TF_CONFIG, else n workers of this machine; nil is this process
// alone. Other is the mistake where TF_CONFIG names another number than n, unless that is 0.
func assemble(n int, other func(named int) error) (*cluster.Cluster, error) {
	text := os.Getenv(cluster.Variable)
	if text == "" {
		if n < 2 {
			return nil, nil
		}
		return cluster.Local(n)
	}
	c, err := cluster.Parse(text)
	switch {
	case err != nil:
		return nil, err
	case n > 0 && len(c.Members) != n:
		return nil, other(len(c.Members))
	case len(c.Members) == 1:
		return nil, nil
	}
	return c, nil
}

// size is how many processes, or GPUs, train each unit together. A TF_CONFIG that cannot be read
// is for run to refuse.
func (f *pipelineFlags) size() int {
	if f.workers > 0 {
		return f.workers
	}
	if f.gpus > 0 {
		return f.gpus
	}
	if c, err := cluster.Parse(os.Getenv(cluster.Variable)); err == nil {
		return len(c.Members)
	}
	return 1
}

// together is what a chief has to end. Nil is a process alone.
type together struct {
	server    *tf.Server
	processes []*cluster.Process
	stop      context.CancelFunc // of watching
}

// end sends the workers home.
func (t *together) end() {
	if t == nil {
		return
	}
	t.stop()
	if t.server != nil {
		// A worker that is lost needs no farewell, and the others see that the chief is gone.
		_ = t.server.Dismiss()
	}
	cluster.EndAll(t.processes)
}

// lead makes this process the chief of a team: it waits until all workers are there,
// and refuses those that are not like it. From then on the command's context leads the
// units to them.
func (s *settings) lead(cmd *cobra.Command, team *cluster.Cluster, p *plan.Plan, device string) (*together, error) {
	if team == nil {
		return nil, nil
	}
	ctx, stop := context.WithCancel(cmd.Context())
	t := &together{stop: stop}
	err := t.begin(ctx, cmd, team, p, device)
	if err != nil {
		t.server = nil // workers that are not dismissed end with an error too
		t.end()
		return nil, err
	}
	s.Jobs = 1 // the workers have time for one unit
	cmd.SetContext(stages.OnCluster(cmd.Context(), t.server))
	return t, nil
}

func (t *together) begin(ctx context.Context, cmd *cobra.Command, team *cluster.Cluster, p *plan.Plan, device string) error {
	if os.Getenv(cluster.Variable) == "" {
		for i := 1; i < len(team.Members); i++ {
			process, err := team.Start(i, os.Args)
			if err != nil {
				return failed(err)
			}
			t.processes = append(t.processes, process)
		}
	}
	var err error
	if t.server, err = openServer(ctx, cmd, team, p, device); err != nil {
		return err
	}
	for i, m := range team.Members[1:] {
		if err := t.await(ctx, i, m); err != nil {
			return interruptedOrFailed(err)
		}
	}
	for i, m := range team.Members[1:] {
		go t.watch(ctx, i, m)
	}
	identities, err := t.server.Identities()
	if err == nil {
		err = team.Compare(identities)
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// await waits for worker i, which is a process of ours or none.
func (t *together) await(ctx context.Context, i int, m cluster.Member) error {
	if t.processes == nil {
		return cluster.Await(ctx, m)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-t.processes[i].Done():
			cancel(fmt.Errorf("%s: %w", m, t.processes[i].Err()))
		case <-ctx.Done():
		}
	}()
	return cluster.Await(ctx, m)
}

// watch ends the sessions when worker i is gone.
func (t *together) watch(ctx context.Context, i int, m cluster.Member) {
	if t.processes != nil {
		select {
		case <-t.processes[i].Done():
			t.server.Lose(i+1, t.processes[i].Err())
		case <-ctx.Done():
		}
		return
	}
	if err := cluster.Watch(ctx, m); err != nil {
		t.server.Lose(i+1, err)
	}
}

// work makes this process a worker of a team, until the chief is done or gone.
func (s *settings) work(cmd *cobra.Command, team *cluster.Cluster, p *plan.Plan, device string) error {
	server, err := openServer(cmd.Context(), cmd, team, p, device)
	if err != nil {
		return err
	}
	chief, self := team.Members[0], team.Members[team.Self]
	_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "This is %s, which works for %s.\n", self, chief)
	if err := cluster.Await(cmd.Context(), chief); err != nil {
		return interruptedOrFailed(err)
	}
	// An interrupt goes to all of a job at once: the chief still needs its workers to end
	// the step and write a checkpoint, and then sends them home.
	ctx, stop := context.WithCancel(context.WithoutCancel(cmd.Context()))
	defer stop()
	gone := make(chan error, 1)
	go func() { gone <- cluster.Watch(ctx, chief) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !server.Dismissed() {
		select {
		case err := <-gone:
			return failed(fmt.Errorf("%s, the chief, is gone: %w", chief, err))
		case <-tick.C:
		}
	}
	return nil
}

// openServer loads TensorFlow and starts this process's server.
func openServer(ctx context.Context, cmd *cobra.Command, team *cluster.Cluster, p *plan.Plan, device string) (*tf.Server, error) {
	mistake := func(err error) error { return exitError{code: exitMistake, err: err} }
	if device != tfruntime.CPU {
		return nil, mistake(errors.New("several workers train on the CPU only: use --device cpu"))
	}
	threads, err := commonThreads(p)
	if err != nil {
		return nil, mistake(err)
	}
	if os.Getenv("TF_CPP_MIN_LOG_LEVEL") == "" {
		// What TensorFlow says of a lost worker is in the error already.
		if err := os.Setenv("TF_CPP_MIN_LOG_LEVEL", "3"); err != nil {
			return nil, failed(err)
		}
	}
	logf := func(format string, args ...any) { _, _ = fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
	if err := openRuntime(ctx, device, logf, func(tfruntime.Progress) {}); err != nil {
		return nil, failed(err)
	}
	listen, err := team.Listen(ctx)
	if err != nil {
		return nil, interruptedOrFailed(err)
	}
	identity := cluster.Identity{Program: buildID(), Runtime: runtimeIdentity(device), Pipeline: pipelineDigest(p)}
	server, err := tf.Serve(tf.Cluster{Addresses: team.Addresses(), Listen: listen, Threads: threads}, team.Self, identity.Encode())
	return server, failed(err)
}

// commonThreads are those of the units that several workers train: a server has one
// number of them.
func commonThreads(p *plan.Plan) (int, error) {
	var first *plan.Unit
	for _, u := range p.Units {
		switch {
		case u.Workers < 2:
		case first == nil:
			first = u
		case u.Threads != first.Threads:
			return 0, fmt.Errorf("with several workers all stages need the same threads, and %s has %d, %s %d", first.Stage.Address, first.Threads, u.Stage.Address, u.Threads)
		}
	}
	if first == nil {
		return 1, nil
	}
	return first.Threads, nil
}

// pipelineDigest identifies all that a plan computes.
func pipelineDigest(p *plan.Plan) string {
	sum := sha256.New()
	for _, u := range p.Units {
		_, _ = fmt.Fprintln(sum, u.Address, u.Fingerprint) // a hash never returns an error
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}
