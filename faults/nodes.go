package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var nodes = Scenario{
	Name: "nodes",
	Doc:  "Three machines that share the units of a run, of which one is killed, or sleeps for longer than its lease.",
	Run:  runNodes,
}

// sleeping is how long a machine sleeps, and leaseSeconds the lease that it loses.
const (
	sleeping     = 5 * time.Second
	leaseSeconds = 2
)

func runNodes(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	moments, err := lab.Moments(ctx)
	if err != nil {
		return err
	}
	return lab.Each(ctx, len(moments), func(ctx context.Context, i int) error {
		t, err := lab.newTeam(ctx, fmt.Sprintf("nodes-%d", i))
		if err != nil {
			return err
		}
		hurt, sleeps := i%len(t.nodes), i/len(t.nodes)%2 == 1
		if err = t.hurt(ctx, hurt, moments[i], sleeps); err == nil {
			err = t.nodes[0].alone(ctx, whole)
		}
		tally.Judge(t.nodes[0], fmt.Sprintf("node %d hurt after %s, sleeps: %v", hurt, moments[i].Round(time.Millisecond), sleeps), err)
		if err == nil {
			t.remove()
		}
		return nil
	})
}

// team is projects that share a store, as those of several machines do.
type team struct {
	nodes [3]*Project
	store string
}

func (l *Lab) newTeam(ctx context.Context, name string) (*team, error) {
	t := &team{store: filepath.Join(l.Dir, name+"-store")}
	if err := os.Mkdir(t.store, 0o777); err != nil {
		return nil, err
	}
	for k := range t.nodes {
		p, err := l.Project(ctx, fmt.Sprintf("%s-%d", name, k))
		if err != nil {
			return nil, err
		}
		t.nodes[k] = p
		path := filepath.Join(p.Dir, pipelineFile)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		text = fmt.Appendf(text, "cluster {\n  parallel = \"units\"\n  lease    = %d\n}\n", leaseSeconds)
		if err := os.WriteFile(path, text, 0o666); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *team) remove() {
	for _, p := range t.nodes {
		p.Remove()
	}
	if !t.nodes[0].lab.Keep {
		_ = os.RemoveAll(t.store)
	}
}

// start starts the command of a node.
func (t *team) start(ctx context.Context, k int) *background {
	p := t.nodes[k]
	config := fmt.Sprintf(`{"cluster": {"worker": ["a:1", "b:1", "c:1"]}, "task": {"type": "worker", "index": %d}}`, k)
	return p.startWith(ctx, []string{"TF_CONFIG=" + config}, runArgs("--jobs", "1", "--store", "file://"+t.store)...)
}

// hurt runs all nodes, kills one or lets it sleep, and gives one that was killed its
// command again, for which there is nothing left to do.
func (t *team) hurt(ctx context.Context, which int, moment time.Duration, sleeps bool) error {
	var runs []*background
	for k := range t.nodes {
		runs = append(runs, t.start(ctx, k))
	}
	time.Sleep(moment)
	if sleeps {
		runs[which].signal(syscall.SIGSTOP)
		time.Sleep(sleeping)
		runs[which].signal(syscall.SIGCONT)
	} else {
		runs[which].kill()
	}
	var failed error
	for k, b := range runs { // all of them end, whatever becomes of one
		if o := b.outcome(); o.Code != 0 && failed == nil && (sleeps || k != which) {
			failed = fmt.Errorf("node %d: %w", k, o.err())
		}
	}
	if failed != nil || sleeps {
		return failed
	}
	o := t.start(ctx, which).outcome()
	if o.Code == 0 && !strings.Contains(o.Stderr, "units: 0 run, ") {
		return fmt.Errorf("the command of node %d, once more, ran what the others had done:\n%s", which, o.Stderr)
	}
	return o.says(0)
}

// alone runs the pipeline as if there were no other machines, and finds what they have
// done. What a store and a download that another machine has finished leave is removed
// before, as it should be possible.
func (p *Project) alone(ctx context.Context, whole Digests) error {
	for _, notes := range append(p.glob(".sslpipe/cache/unsent/*"), filepath.Join(p.Dir, ".sslpipe/cache/unsent")) {
		if err := os.Remove(notes); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("a result was not sent: %w", err)
		}
	}
	if err := p.Run(ctx, "cache", "gc", "--downloads", "--delete").says(0); err != nil {
		return err
	}
	if err := p.writePipeline(); err != nil {
		return err
	}
	return p.recover(ctx, whole)
}
