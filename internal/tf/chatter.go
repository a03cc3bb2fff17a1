package tf

import (
	"bytes"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// chatter are notes that TensorFlow's build for GPUs writes to standard error whenever
// it is opened, whatever the log level. They mean nothing: parts of CUDA are registered
// by two of its libraries.
var chatter = [][]byte{
	[]byte("Unable to register cu"),
	[]byte("All log messages before absl::InitializeLog()"),
}

// withoutChatter calls open, and writes what comes to standard error meanwhile, from
// anybody in the process, afterwards, without the chatter. Where standard error cannot
// be held back, all of it comes at once.
func withoutChatter(open func()) {
	memory, err := unix.MemfdCreate("stderr", unix.MFD_CLOEXEC)
	if err != nil {
		open()
		return
	}
	held := os.NewFile(uintptr(memory), "stderr")
	defer func() { _ = held.Close() }()
	restore, err := divertStderr(memory)
	open()
	if err != nil || restore() != nil {
		return
	}
	_, err = held.Seek(0, io.SeekStart)
	text, readErr := io.ReadAll(held)
	if errors.Join(err, readErr) == nil {
		_, _ = os.Stderr.Write(meaningful(text)) // there is nobody else to tell
	}
}

// muteStderr sends what the process writes to its standard error nowhere, as far as that
// can be done, until the function is called that it returns.
func muteStderr() (unmute func()) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	defer func() { _ = null.Close() }()
	restore, err := divertStderr(int(null.Fd()))
	if err != nil {
		return func() {}
	}
	return func() { _ = restore() } // there is nobody to tell
}

// divertStderr makes the process's standard error, for C as well, that of another
// descriptor, until it is restored.
func divertStderr(to int) (restore func() error, err error) {
	kept, err := unix.FcntlInt(uintptr(unix.Stderr), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Dup2(to, unix.Stderr); err != nil {
		return nil, errors.Join(err, unix.Close(kept))
	}
	return func() error { return errors.Join(unix.Dup2(kept, unix.Stderr), unix.Close(kept)) }, nil
}

// meaningful are the lines of text that are no chatter.
func meaningful(text []byte) []byte {
	var rest []byte
	for line := range bytes.Lines(text) {
		known := false
		for _, c := range chatter {
			known = known || bytes.Contains(line, c)
		}
		if !known {
			rest = append(rest, line...)
		}
	}
	return rest
}
