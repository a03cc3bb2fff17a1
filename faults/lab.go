package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// LabOptions say how much is injured, and what.
type LabOptions struct {
	Program string // the sslpipe to run; empty builds it from the sources
	Count   int    // faults in each scenario that takes a number
	Seed    uint64
	At      *regexp.Regexp // kinds of call that are faulted; nil is all
	Keep    bool           // keeps the folders of faults that were survived
}

// Lab is what all scenarios share: the program, the server of the data, and the
// folder of the projects.
type Lab struct {
	LabOptions
	Repo string     // the checkout
	Rand *rand.Rand // seeded; for the goroutine of the scenario alone
	Dir  string     // of the projects
	URL  string     // of the archive

	archive *archive
	server  *http.Server

	mu       sync.Mutex
	whole    Digests
	duration time.Duration // of a whole run
	size     int64         // of what it leaves, in bytes
	traced   []point
}

// NewLab finds or builds the program and starts the data's server.
func NewLab(ctx context.Context, o LabOptions) (*Lab, error) {
	l := &Lab{LabOptions: o, Rand: rand.New(rand.NewPCG(o.Seed, 0))}
	var err error
	if l.Repo, err = repository(); err != nil {
		return nil, err
	}
	if l.Dir, err = os.MkdirTemp("", "sslpipe-faults-"); err != nil {
		return nil, err
	}
	if l.Program == "" {
		if l.Program, err = l.build(ctx); err != nil {
			return nil, err
		}
	}
	if l.Program, err = filepath.Abs(l.Program); err != nil {
		return nil, err
	}
	return l, l.serve(ctx)
}

// Close stops the server and removes the folder, unless a project is kept there.
func (l *Lab) Close() {
	_ = l.server.Close()
	_ = os.Remove(filepath.Join(l.Dir, "sslpipe"))
	_ = os.Remove(l.Dir)
}

// repository is the folder of go.mod.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("run this inside of the checkout: there is no go.mod in this folder or above it")
}

func (l *Lab) build(ctx context.Context) (string, error) {
	program := filepath.Join(l.Dir, "sslpipe")
	cmd := exec.CommandContext(ctx, "/bin/sh", "-ec", `. tools/goenv.sh; go build -o "$1" ./cmd/sslpipe`, "sh", program)
	cmd.Dir, cmd.Env = l.Repo, append(os.Environ(), "root="+l.Repo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build sslpipe: %w\n%s", err, out)
	}
	return program, nil
}

func (l *Lab) serve(ctx context.Context) (err error) {
	if l.archive, err = newArchive(); err != nil {
		return fmt.Errorf("pack the images: %w", err)
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	l.URL = fmt.Sprintf("http://%s/images.tar.gz", listener.Addr())
	l.server = &http.Server{Handler: l.archive, ReadHeaderTimeout: time.Minute}
	go func() { _ = l.server.Serve(listener) }()
	return nil
}

// Whole returns what a run that is left alone ends with.
func (l *Lab) Whole(ctx context.Context) (Digests, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.whole != nil {
		return l.whole, nil
	}
	p, err := l.Project(ctx, "whole")
	if err != nil {
		return nil, err
	}
	defer p.Remove()
	start := time.Now()
	if o := p.Run(ctx); o.Code != 0 {
		return nil, fmt.Errorf("a run that was left alone failed: %w", o.err())
	}
	l.duration = time.Since(start)
	if l.whole, err = p.digests(ctx); err == nil {
		l.size, err = p.size()
	}
	return l.whole, err
}

// Duration returns how long a whole run takes here.
func (l *Lab) Duration(ctx context.Context) (time.Duration, error) {
	_, err := l.Whole(ctx)
	return l.duration, err
}

// Moments draws Count moments within the length of a whole run.
func (l *Lab) Moments(ctx context.Context) ([]time.Duration, error) {
	length, err := l.Duration(ctx)
	if err != nil {
		return nil, err
	}
	moments := make([]time.Duration, l.Count)
	for i := range moments {
		moments[i] = time.Duration(l.Rand.Int64N(int64(length)))
	}
	return moments, nil
}

// Project makes a folder with the pipeline in it.
func (l *Lab) Project(_ context.Context, name string) (*Project, error) {
	p := &Project{lab: l, Dir: filepath.Join(l.Dir, name)}
	if err := os.Mkdir(p.Dir, 0o777); err != nil {
		return nil, err
	}
	return p, p.fill()
}

// Each calls f for 0 to n-1, a few at once, and returns the first error. One unit
// of the pipeline computes on one core.
func (l *Lab) Each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(ctx, i)
		})
	}
	return group.Wait()
}
