package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

var signals = Scenario{
	Name: "signals",
	Doc:  "Ctrl-C, SIGTERM and a closed terminal, once and twice, at random moments and while the program waits.",
	Run:  runSignals,
}

// continues is what an interrupted run says.
const continues = "the same command continues where this run stopped"

var interrupts = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// waits are what a run may wait for.
var waits = []struct {
	what string
	f    func(ctx context.Context, p *Project) error
}{
	{"while a server sends nothing more", waitsForServer},
	{"while another process runs the unit", waitsForUnit},
	{"while another process changes the cache", waitsForCache},
}

func runSignals(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	moments, err := lab.Moments(ctx)
	if err != nil {
		return err
	}
	err = lab.Each(ctx, len(moments), func(ctx context.Context, i int) error {
		p, err := lab.Project(ctx, fmt.Sprintf("signals-%d", i))
		if err != nil {
			return err
		}
		times := 1 + i/len(interrupts)%2
		s := interrupts[i%len(interrupts)]
		err = p.interrupt(ctx, s, times, moments[i])
		if err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, fmt.Sprintf("%v, %d times, after %s", s, times, moments[i].Round(time.Millisecond)), err)
		return nil
	})
	if err != nil {
		return err
	}
	for _, wait := range waits[:min(max(lab.Count/2, 1), len(waits))] {
		p, err := lab.Project(ctx, "signals-"+strings.ReplaceAll(wait.what, " ", "-"))
		if err != nil {
			return err
		}
		if err = wait.f(ctx, p); err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, "an interrupt "+wait.what, err)
	}
	return nil
}

// interrupt starts a run and sends a signal once, which ends it soon and tells how to
// go on, or twice, which ends it at once.
func (p *Project) interrupt(ctx context.Context, s os.Signal, times int, moment time.Duration) error {
	b := p.start(ctx, runArgs("--jobs", "1")...)
	select {
	case <-b.done:
	case <-time.After(moment):
	}
	early := len(p.glob(".sslpipe/runs/*/config.json")) == 0 // it may not listen yet
	b.signal(s)
	if times > 1 {
		time.Sleep(10 * time.Millisecond)
		b.signal(s)
	}
	o := b.outcome()
	switch {
	case o.Code == 0, early && o.Code == -1:
		return nil
	case times > 1:
		return o.says(130)
	}
	return o.says(130, continues)
}

// stopWaiting interrupts a run once it has said what it waits for.
func stopWaiting(ctx context.Context, b *background, says string) error {
	if err := await(ctx, "message that it waits", func() bool { return strings.Contains(b.stderr.String(), says) || b.ended() }); err != nil {
		b.kill()
		return err
	}
	b.signal(os.Interrupt)
	return b.outcome().says(130, says, continues)
}

// hold locks a file as another process would.
func hold(path string) (release func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	lock := flock.New(path)
	return func() error { return errors.Join(os.Remove(path), lock.Close()) }, lock.Lock()
}

func waitsForCache(ctx context.Context, p *Project) error {
	release, err := hold(filepath.Join(p.Dir, ".sslpipe", "cache", "lock"))
	if err != nil {
		return err
	}
	err = stopWaiting(ctx, p.start(ctx, runArgs()...), "is changing the cache")
	return errors.Join(err, release())
}

func waitsForUnit(ctx context.Context, p *Project) error {
	fingerprint, err := p.fingerprint(ctx, "download.images")
	if err != nil {
		return err
	}
	release, err := hold(filepath.Join(p.Dir, ".sslpipe", "work", fingerprint+".lock"))
	if err != nil {
		return err
	}
	err = stopWaiting(ctx, p.start(ctx, runArgs()...), "is running it")
	return errors.Join(err, release())
}

// fingerprint is that of a unit.
func (p *Project) fingerprint(ctx context.Context, unit string) (string, error) {
	o := p.Run(ctx, "plan", pipelineFile, "--device", "cpu", "--json")
	var planned struct {
		Units []struct{ Address, Fingerprint string }
	}
	if err := json.Unmarshal([]byte(o.Stdout), &planned); err != nil {
		return "", errors.Join(err, o.err())
	}
	for _, u := range planned.Units {
		if u.Address == unit {
			return u.Fingerprint, nil
		}
	}
	return "", fmt.Errorf("no unit %s is planned", unit)
}

// waitsForServer runs another pipeline, whose server falls silent.
func waitsForServer(ctx context.Context, p *Project) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(p.lab.archive.bytes)))
		_, _ = w.Write(p.lab.archive.bytes[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	defer server.Close() //nolint:errcheck // it has served
	path := filepath.Join(p.Dir, pipelineFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	silent := strings.ReplaceAll(string(text), p.lab.URL, fmt.Sprintf("http://%s/images.tar.gz", listener.Addr()))
	if err := os.WriteFile(path, []byte(silent), 0o666); err != nil {
		return err
	}
	b := p.start(ctx, runArgs()...)
	err = await(ctx, "part of a download", func() bool { return len(p.glob(".sslpipe/downloads/*/*.part")) > 0 || b.ended() })
	b.signal(os.Interrupt)
	err = errors.Join(err, b.outcome().says(130, continues), os.WriteFile(path, text, 0o666))
	// The address is part of the unit: its work is not the next run's.
	return errors.Join(err, os.RemoveAll(filepath.Join(p.Dir, ".sslpipe", "work")))
}
