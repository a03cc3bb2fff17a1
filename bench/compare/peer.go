package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// peer is a running process that speaks the protocol.
type peer struct {
	cmd     *exec.Cmd
	stop    context.CancelFunc
	in      io.WriteCloser
	replies chan reply // closed when the process has no more to say
	stderr  *tail
}

// startPeer starts a process in the checkout's root with some of its environment
// changed. It ends with ctx.
func startPeer(ctx context.Context, command, environment []string) (*peer, error) {
	ctx, stop := context.WithCancel(ctx)
	p := &peer{cmd: exec.CommandContext(ctx, command[0], command[1:]...), stop: stop, replies: make(chan reply), stderr: &tail{}}
	p.cmd.Env = append(os.Environ(), environment...)
	p.cmd.Stderr = p.stderr
	p.cmd.WaitDelay = 5 * time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.in = in
	if err := p.cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	go p.listen(out)
	return p, nil
}

func (p *peer) listen(out io.Reader) {
	defer close(p.replies)
	lines := json.NewDecoder(out)
	for {
		var r reply
		if lines.Decode(&r) != nil {
			return
		}
		p.replies <- r
	}
}

// ask sends a request and waits for its reply, for so long. A peer that does not
// answer in time is ended.
func (p *peer) ask(r request, patience time.Duration) (reply, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return reply{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return reply{}, p.died()
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a, ok := <-p.replies:
		switch {
		case !ok:
			return a, p.died()
		case a.Error != "":
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-timer.C:
		p.stop()
		return reply{}, fmt.Errorf("took longer than %s", patience)
	}
}

// died says why a peer answers no more.
func (p *peer) died() error {
	p.stop()
	for range p.replies { // until its output ends
	}
	err := p.cmd.Wait()
	if last := p.stderr.last(); last != "" {
		return fmt.Errorf("the process ended: %s", last)
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the process ended: %w", err)
}

// close lets the process end by itself, or ends it when it does not.
func (p *peer) close() {
	_ = p.in.Close()
	timer := time.AfterFunc(10*time.Second, p.stop)
	defer timer.Stop()
	for range p.replies {
	}
	_ = p.cmd.Wait()
	p.stop()
}

// peak is the largest resident memory that the process ever had, in bytes.
func (p *peer) peak() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kib, err := strconv.ParseFloat(fields[1], 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("the system does not tell a process's peak memory (VmHWM)")
}

// ticksPerSecond is Linux's USER_HZ, which is 100 on every machine that we run on.
const ticksPerSecond = 100

// cpu is the processor time that the process has used, in seconds.
func (p *peer) cpu() (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; utime and stime are the 14th
	// and 15th fields.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("cannot read %q", stat)
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	system, alsoErr := strconv.ParseFloat(fields[12], 64)
	return (user + system) / ticksPerSecond, errors.Join(err, alsoErr)
}

// tail keeps the end of what a process writes to standard error.
type tail struct {
	sync.Mutex
	text []byte
}

const tailSize = 8 << 10

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.Lock()
	defer t.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-tailSize):]
	return len(b), nil
}

// last is the last line that says something.
func (t *tail) last() string {
	t.Lock()
	defer t.Unlock()
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
