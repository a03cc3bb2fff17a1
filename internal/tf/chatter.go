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
	kept, err := unix.FcntlInt(uintptr(unix.Stderr), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		open()
		return
	}
	err = unix.Dup2(memory, unix.Stderr)
	open()
	if err == nil {
		err = unix.Dup2(kept, unix.Stderr)
	}
	if err = errors.Join(err, unix.Close(kept)); err != nil {
		return
	}
	_, err = held.Seek(0, io.SeekStart)
	text, readErr := io.ReadAll(held)
	if errors.Join(err, readErr) == nil {
		_, _ = os.Stderr.Write(meaningful(text)) // there is nobody else to tell
	}
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
