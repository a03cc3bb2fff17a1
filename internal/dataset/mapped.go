package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
)

// mapFile maps a file of exactly want bytes, read-only. What is read of it is in the
// kernel's page cache, which may drop it again: a file may be larger than memory.
func mapFile(path string, want int64) (data []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() != want {
		return nil, fmt.Errorf("%s has %d bytes, its description asks for %d", filepath.Base(path), info.Size(), want)
	}
	data, err = syscall.Mmap(int(f.Fd()), 0, int(want), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", filepath.Base(path), err)
	}
	return data, nil
}

// unordered tells the kernel that a mapped file is not read in its order. It would
// otherwise read 128 KiB around every image that is not in memory.
func unordered(mapped []byte) {
	_ = syscall.Madvise(mapped, syscall.MADV_RANDOM) // it is advice
}

// expect tells the kernel that the bytes of a mapped file from start to end are read
// soon. It would otherwise read a page at a time, each when it is needed.
func expect(mapped []byte, start, end int) {
	page := os.Getpagesize()
	_ = syscall.Madvise(mapped[start/page*page:end], syscall.MADV_WILLNEED)
}

// errLost is that of a mapped file that cannot be read any more.
var errLost = errors.New("its images cannot be read any more: the file was cut short, or its disk fails")

// guarded calls read, which reads mapped files in this goroutine. Where the kernel
// cannot get at what is read, since a file was cut short or its disk fails, it
// raises a signal that ends the process; here it becomes errLost.
func guarded(read func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		if fault, ok := v.(interface {
			runtime.Error
			Addr() uintptr
		}); !ok || fault.Addr() < nilPage {
			panic(v)
		}
		err = errLost
	}()
	read()
	return nil
}

// nilPage is below all memory: a fault there is a nil pointer.
const nilPage = 4096
