package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"sync"
	"time"
)

// background is a process that is looked at while it works.
type background struct {
	cmd    *exec.Cmd
	stdout buffer
	stderr buffer
	done   chan struct{} // closed at its end
	err    error
}

// buffer is written by one goroutine and read by another.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// start starts the program.
func (p *Project) start(ctx context.Context, args ...string) *background {
	return p.startWith(ctx, nil, args...)
}

// startWith starts it with more environment variables.
func (p *Project) startWith(ctx context.Context, env []string, args ...string) *background {
	b := &background{cmd: p.Command(ctx, args...), done: make(chan struct{})}
	b.cmd.Env = append(b.cmd.Env, env...)
	b.cmd.Stdout, b.cmd.Stderr = &b.stdout, &b.stderr
	if b.err = b.cmd.Start(); b.err != nil {
		close(b.done)
		return b
	}
	go func() {
		b.err = b.cmd.Wait()
		close(b.done)
	}()
	return b
}

func (b *background) ended() bool {
	select {
	case <-b.done:
		return true
	default:
		return false
	}
}

func (b *background) signal(s os.Signal) {
	if b.cmd.Process != nil {
		_ = b.cmd.Process.Signal(s)
	}
}

// kill ends the process, which may have ended.
func (b *background) kill() {
	b.signal(os.Kill)
	<-b.done
}

// outcome waits for the end. A process that does not end in time is killed.
func (b *background) outcome() Outcome {
	hung := false
	select {
	case <-b.done:
	case <-time.After(patience):
		hung = true
		b.kill()
	}
	o := Outcome{Stdout: b.stdout.String(), Stderr: b.stderr.String(), Code: -1}
	if state := b.cmd.ProcessState; state != nil {
		o.Code = state.ExitCode()
	} else if b.err != nil {
		o.Stderr += b.err.Error()
	}
	if hung {
		o.Stderr += "\n(it did not end, and was killed)"
	}
	return o
}
