package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a worker on this machine.
type Process struct {
	cmd   *exec.Cmd
	words bytes.Buffer // of its standard error
	done  chan struct{}
	err   error // of its end
}

// Start starts member i as the process that runs a command line, which is that of
// this one. It ends with this process, however that ends.
func (c *Cluster) Start(i int, line []string) (*Process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Members[i], err)
	}
	p := &Process{cmd: exec.Command(program), done: make(chan struct{})}
	p.cmd.Args = line
	p.cmd.Env = append(os.Environ(), Variable+"="+c.Config(i))
	p.cmd.Stderr = &p.words
	// In a group of its own, an interrupt at the terminal leaves it to the chief, which
	// still needs it to end the step.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go func() {
		// The signal comes when the thread ends that has started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			p.err = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Members[i], err)
	}
	return p, nil
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is why a process that is done has ended, with the end of what it said.
func (p *Process) Err() error {
	const most = 2000
	text := strings.TrimSpace(p.words.String())
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	switch {
	case p.err == nil:
		return errors.New("it has ended before the chief")
	case text == "":
		return fmt.Errorf("it has ended: %w", p.err)
	}
	return fmt.Errorf("it has ended: %w\n%s", p.err, text)
}

// End waits a moment for the process to end by itself, and then ends it.
func (p *Process) End() {
	const patience = 2 * time.Second
	select {
	case <-p.done:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// EndAll ends processes side by side.
func EndAll(processes []*Process) {
	var group sync.WaitGroup
	for _, p := range processes {
		group.Go(p.End)
	}
	group.Wait()
}
