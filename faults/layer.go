package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Call is a system call of the program that is about to change a file of its
// project, or to use the network.
type Call struct {
	Op   string // "write", "fsync", "rename", ...
	Path string // absolute
	To   string // absolute: the new name, for rename and link

	flags  uint64
	family int    // of a socket
	object string // the open file, as a path in /proc; empty where the call names a path
}

// Verdict says what becomes of a call.
type Verdict struct {
	Errno unix.Errno // the answer instead of the call; 0 lets it go on
	Kill  bool       // ends the process with SIGKILL before the call
}

// Layer stands between the program and the kernel: it sees each call that changes a
// file of the project before it happens, by seccomp's user notification, which
// needs no rights.
type Layer struct {
	// Decide is called for each call, never twice at once.
	Decide func(*Call) Verdict

	dir      string
	only     callSet
	reached  bool // the point of the fault
	listener int
	err      error
}

// Run runs the program in p, to its end, with a layer below it.
func (l *Layer) Run(ctx context.Context, p *Project, args ...string) (Outcome, error) {
	self, err := os.Executable()
	if err != nil {
		return Outcome{}, err
	}
	l.dir = p.Dir + string(filepath.Separator)
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Outcome{}, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "layer"), os.NewFile(uintptr(pair[1]), "shim")
	defer func() { _ = ours.Close() }()
	cmd := exec.CommandContext(ctx, self, append([]string{p.lab.Program}, args...)...)
	cmd.Dir, cmd.Env = p.Dir, append(p.environment(), shimVariable+"="+string(l.only))
	cmd.ExtraFiles = []*os.File{theirs}
	end := make(chan Outcome, 1)
	go func() {
		o := finish(cmd)
		_ = theirs.Close() // so that the listener is not waited for in vain
		end <- o
	}()
	if err := l.receive(ours); err != nil {
		return <-end, fmt.Errorf("no listener came from the shim: %w", err)
	}
	l.supervise(cmd)
	_ = unix.Close(l.listener)
	return <-end, l.err
}

// receive takes over the listener that the shim made.
func (l *Layer) receive(from *os.File) error {
	space := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(int(from.Fd()), make([]byte, 1), space, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(space[:n])
	if err != nil || len(messages) != 1 {
		return errors.Join(err, errors.New("it ended early"))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	l.listener = fds[0]
	// Both sides take turns, so waking up on the same core is faster. Older kernels
	// do not know it.
	_ = unix.IoctlSetInt(l.listener, unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	return nil
}

// supervise answers until the process has ended.
func (l *Layer) supervise(cmd *exec.Cmd) {
	for {
		poll := []unix.PollFd{{Fd: int32(l.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			l.err = err
			return
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			return // nobody has the filter any more
		}
		n, err := receiveNotification(l.listener)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EINTR) {
			continue // killed meanwhile
		}
		if err != nil {
			l.err = err
			return
		}
		l.answer(cmd, n)
	}
}

func (l *Layer) answer(cmd *exec.Cmd, n *notification) {
	var v Verdict
	if call := l.read(n); call != nil {
		v = l.Decide(call)
	}
	if v.Kill {
		_ = cmd.Process.Kill()
	}
	// A process that was killed takes no answer.
	_ = sendAnswer(l.listener, n.ID, v.Errno)
}

// read says which call it is; nil where it does not concern the project.
func (l *Layer) read(n *notification) *Call {
	shape, known := calls[n.Data.Nr]
	if !known {
		return nil
	}
	c := &Call{Op: shape.op}
	if shape.flags >= 0 {
		c.flags = n.Data.Args[shape.flags]
	}
	switch {
	case l.only == networkCalls:
		c.family = int(n.Data.Args[0])
		return c
	case shape.fd >= 0:
		c.object = fmt.Sprintf("/proc/%d/fd/%d", n.PID, int32(n.Data.Args[shape.fd]))
		c.Path, _ = os.Readlink(c.object)
	default:
		c.Path = argumentPath(n, shape.dir, shape.path)
		if shape.path2 >= 0 {
			c.To = argumentPath(n, shape.dir2, shape.path2)
		}
	}
	if !strings.HasPrefix(c.Path+string(filepath.Separator), l.dir) {
		return nil
	}
	return c
}

// argumentPath reads a path out of the process's memory, and makes it absolute.
func argumentPath(n *notification, dir, path int) string {
	text := readString(int(n.PID), uintptr(n.Data.Args[path]))
	if filepath.IsAbs(text) {
		return filepath.Clean(text)
	}
	link := fmt.Sprintf("/proc/%d/cwd", n.PID)
	if dir >= 0 && int32(n.Data.Args[dir]) != unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/fd/%d", n.PID, int32(n.Data.Args[dir]))
	}
	base, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	return filepath.Join(base, text)
}

// readString reads up to the next zero, not beyond a page, of which the next may
// not be there.
func readString(pid int, at uintptr) string {
	const page = 4096
	var text []byte
	for len(text) < unix.PathMax {
		buffer := make([]byte, page-int(at%page))
		local := []unix.Iovec{{Base: &buffer[0]}}
		local[0].SetLen(len(buffer))
		n, err := unix.ProcessVMReadv(pid, local, []unix.RemoteIovec{{Base: at, Len: len(buffer)}}, 0)
		if err != nil {
			return ""
		}
		before, _, found := strings.Cut(string(buffer[:n]), "\x00")
		if text = append(text, before...); found {
			return string(text)
		}
		at += uintptr(n)
	}
	return ""
}
