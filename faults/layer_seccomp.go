package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The structs of linux/seccomp.h.
type notification struct {
	ID    uint64
	PID   uint32 // a thread's
	Flags uint32
	Data  struct {
		Nr      int32
		Arch    uint32
		Pointer uint64
		Args    [6]uint64
	}
}

type answer struct {
	ID    uint64
	Val   int64
	Error int32
	Flags uint32
}

func receiveNotification(listener int) (*notification, error) {
	n := new(notification)
	return n, ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(n))
}

// sendAnswer lets the call go on, or fails it.
func sendAnswer(listener int, id uint64, errno unix.Errno) error {
	a := answer{ID: id, Error: -int32(errno)}
	if errno == 0 {
		a.Flags = unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	}
	return ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a))
}

func ioctl(fd int, request uint, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// callSet names the calls that a layer sees.
type callSet string

const (
	fileCalls    callSet = "files"
	networkCalls callSet = "network"
)

// shape says what the arguments of a system call mean, by their positions; -1 is
// none.
type shape struct {
	op           string
	fd           int // an open file that it changes
	dir, path    int // a name, and the folder that it is relative to
	dir2, path2  int // a second one
	flags        int
	opens        bool // counts only where the flags say that it writes
	ofTheNetwork bool
}

func onFile(op string, fd int) shape {
	return shape{op: op, fd: fd, dir: -1, path: -1, dir2: -1, path2: -1, flags: -1}
}

func onPath(op string, dir, path, flags int) shape {
	return shape{op: op, fd: -1, dir: dir, path: path, dir2: -1, path2: -1, flags: flags}
}

func onPaths(op string, dir, path, dir2, path2, flags int) shape {
	return shape{op: op, fd: -1, dir: dir, path: path, dir2: dir2, path2: path2, flags: flags}
}

func onSocket(op string) shape {
	s := onFile(op, -1)
	s.ofTheNetwork = true
	return s
}

func opening(s shape) shape {
	s.opens = true
	return s
}

// everywhere are the calls that every processor has.
var everywhere = map[int32]shape{
	unix.SYS_WRITE:           onFile("write", 0),
	unix.SYS_PWRITE64:        onFile("write", 0),
	unix.SYS_WRITEV:          onFile("write", 0),
	unix.SYS_PWRITEV:         onFile("write", 0),
	unix.SYS_PWRITEV2:        onFile("write", 0),
	unix.SYS_SENDFILE:        onFile("write", 0),
	unix.SYS_COPY_FILE_RANGE: onFile("write", 2),
	unix.SYS_SPLICE:          onFile("write", 2),
	unix.SYS_FALLOCATE:       onFile("write", 0),
	unix.SYS_FTRUNCATE:       onFile("truncate", 0),
	unix.SYS_FSYNC:           onFile("fsync", 0),
	unix.SYS_FDATASYNC:       onFile("fsync", 0),
	unix.SYS_OPENAT:          opening(onPath("open", 0, 1, 2)),
	unix.SYS_TRUNCATE:        onPath("truncate", -1, 0, -1),
	unix.SYS_MKDIRAT:         onPath("mkdir", 0, 1, -1),
	unix.SYS_UNLINKAT:        onPath("unlink", 0, 1, 2),
	unix.SYS_LINKAT:          onPaths("link", 0, 1, 2, 3, -1),
	unix.SYS_RENAMEAT:        onPaths("rename", 0, 1, 2, 3, -1),
	unix.SYS_RENAMEAT2:       onPaths("rename", 0, 1, 2, 3, 4),
	unix.SYS_SOCKET:          onSocket("socket"),
	unix.SYS_LISTEN:          onSocket("listen"),
}

// calls are those of this processor.
var calls = func() map[int32]shape {
	maps.Copy(everywhere, elsewhere)
	return everywhere
}()

// writing are the flags of open that can change a file.
const writing = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// filter is the program that the kernel runs at each system call.
func filter(only callSet) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	answer := func(what uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: what}
	}
	jump := func(how uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | how, K: k, Jt: yes, Jf: no}
	}
	const nr, arch, args = 0, 4, 16
	program := []unix.SockFilter{
		load(arch), jump(unix.BPF_JEQ, processor, 1, 0), answer(unix.SECCOMP_RET_ALLOW), load(nr),
	}
	for number, s := range calls {
		if s.ofTheNetwork != (only == networkCalls) {
			continue
		}
		if s.opens {
			program = append(program, jump(unix.BPF_JEQ, uint32(number), 0, 4), load(args+8*uint32(s.flags)),
				jump(unix.BPF_JSET, writing, 0, 1), answer(unix.SECCOMP_RET_USER_NOTIF), answer(unix.SECCOMP_RET_ALLOW))
			continue
		}
		program = append(program, jump(unix.BPF_JEQ, uint32(number), 0, 1), answer(unix.SECCOMP_RET_USER_NOTIF))
	}
	return append(program, answer(unix.SECCOMP_RET_ALLOW))
}

// shimVariable makes this program a shim; its value says which calls to watch.
const shimVariable = "SSLPIPE_FAULTS_SHIM"

// shim becomes the program that its arguments name, below a filter whose listener
// it sends to its parent. It returns only where that fails.
func shim(only callSet) error {
	runtime.LockOSThread() // the filter is this thread's, and of what it becomes
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	listener, err := install(filter(only))
	if err != nil {
		return fmt.Errorf("install the filter: %w", err)
	}
	const parent = 3
	if err := unix.Sendmsg(parent, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return fmt.Errorf("send the listener: %w", err)
	}
	unix.CloseOnExec(parent)
	if err := os.Unsetenv(shimVariable); err != nil {
		return err
	}
	path, err := exec.LookPath(os.Args[1])
	if err != nil {
		return err
	}
	return unix.Exec(path, os.Args[1:], os.Environ())
}

// install returns the listener. A signal must not interrupt a call that is being
// looked at, or it would be seen twice; kernels before 5.19 cannot promise it.
func install(program []unix.SockFilter) (int, error) {
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	for _, flags := range []uintptr{unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER} {
		fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
		if errno == 0 {
			return int(fd), nil
		}
		if !errors.Is(errno, unix.EINVAL) {
			return 0, errno
		}
	}
	return 0, errors.New("this kernel has no user notification")
}
