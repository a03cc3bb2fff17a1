package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var twice = Scenario{
	Name: "twice",
	Doc:  "Two and three runs of one project at once, some killed, one stopped; locks that dead processes left.",
	Run:  runTwice,
}

// holders are processes that hold a lock, or seem to.
var holders = []struct {
	what string
	f    func(ctx context.Context, p *Project) error
}{
	{"a run that is stopped while it runs a unit", stoppedRun},
	{"locks of processes that are gone", staleLocks},
}

func runTwice(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	length, err := lab.Duration(ctx)
	if err != nil {
		return err
	}
	for i := range max(lab.Count/10, 1) {
		p, err := lab.Project(ctx, fmt.Sprintf("twice-%d", i))
		if err != nil {
			return err
		}
		n, killed := 2+i%2, i%3 == 1
		within := int64(1)
		if i%2 == 1 {
			within = int64(length)
		}
		starts := make([]time.Duration, n)
		for k := range starts[1:] {
			starts[k+1] = time.Duration(lab.Rand.Int64N(within))
		}
		err = p.together(ctx, starts, killed, time.Duration(lab.Rand.Int64N(int64(length))))
		if err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, fmt.Sprintf("%d runs at once, the others after %v, one killed: %v", n, starts[1:], killed), err)
	}
	for _, c := range holders[:min(max(lab.Count/2, 1), len(holders))] {
		p, err := lab.Project(ctx, "twice-"+strings.ReplaceAll(c.what, " ", "-"))
		if err != nil {
			return err
		}
		if err = c.f(ctx, p); err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, c.what, err)
	}
	return nil
}

// together runs the pipeline several times at once. What is not killed succeeds, and
// no unit is done twice.
func (p *Project) together(ctx context.Context, starts []time.Duration, kill bool, moment time.Duration) error {
	var runs []*background
	for _, wait := range starts {
		time.Sleep(wait)
		runs = append(runs, p.start(ctx, runArgs("--jobs", "1")...))
	}
	if kill {
		time.Sleep(moment)
		runs[0].kill()
		runs = runs[1:]
	}
	for i, b := range runs {
		if o := b.outcome(); o.Code != 0 {
			return fmt.Errorf("run %d of %d: %w", i+1, len(runs), o.err())
		}
	}
	done := map[string]int{}
	for _, path := range p.glob(".sslpipe/runs/*/events.jsonl") {
		if err := countFinished(path, done); err != nil {
			return err
		}
	}
	for unit, n := range done {
		if n > 1 {
			return fmt.Errorf("%s was done %d times", unit, n)
		}
	}
	return nil
}

// countFinished counts the units that a run has done.
func countFinished(path string, done map[string]int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e struct{ Type, Unit string }
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Type == "unit_finished" {
			done[e.Unit]++
		}
	}
	return lines.Err()
}

// staleLocks leaves the lock's file of a unit, which names a process that is alive,
// and that of the cache.
func staleLocks(ctx context.Context, p *Project) error {
	fingerprint, err := p.fingerprint(ctx, "download.images")
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	who := fmt.Appendf(nil, "process %d on %s since 2026-01-02T03:04:05Z", os.Getpid(), host)
	for _, name := range []string{filepath.Join("work", fingerprint+".lock"), filepath.Join("cache", "lock")} {
		path := filepath.Join(p.Dir, ".sslpipe", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, who, 0o666); err != nil {
			return err
		}
	}
	o := p.Run(ctx)
	if err := o.says(0); err != nil {
		return err
	}
	if strings.Contains(o.Stderr, "waits") {
		return fmt.Errorf("it waited for nobody:\n%s", o.Stderr)
	}
	return nil
}

// stoppedRun stops a run in the middle of its pre-training. Another one says so, does
// the other units meanwhile, and ends when the first goes on.
func stoppedRun(ctx context.Context, p *Project) error {
	first := p.start(ctx, runArgs("--jobs", "1")...)
	defer first.kill()
	if err := await(ctx, "pre-training", func() bool { return strings.Contains(first.stderr.String(), "pretrain.turns") || first.ended() }); err != nil {
		return err
	}
	first.signal(syscall.SIGSTOP)
	second := p.start(ctx, runArgs("--jobs", "1")...)
	defer second.kill()
	err := await(ctx, "word of the stopped process and of other units", func() bool {
		text := second.stderr.String()
		return strings.Contains(text, fmt.Sprintf("(stopped: kill -CONT %d lets it go on)", first.cmd.Process.Pid)) &&
			strings.Contains(text, "finetune.pixels[labels=4,seed=0] finished") || second.ended()
	})
	first.signal(syscall.SIGCONT)
	for _, b := range []*background{first, second} {
		if o := b.outcome(); err == nil {
			err = o.says(0)
		}
	}
	return err
}
