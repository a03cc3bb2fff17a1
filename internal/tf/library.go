package tf

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "operations.h"
// #include "library.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	graft "github.com/wamuir/graft/tensorflow"
)

// ErrNotLoaded is the error of everything that needs TensorFlow before Load.
var ErrNotLoaded = errors.New("the TensorFlow library is not loaded")

// The C library is one per process and cannot be unloaded, so this is the one
// state of the package that is not in a value.
var library struct {
	sync.Mutex
	dir    string // real path of the file that is open
	level  int    // of its log
	loaded atomic.Bool
}

// settings go into the environment before the library reads it. They fix which
// kernels run: the bits of a result depend on them.
var settings = map[string]string{
	"TF_DETERMINISTIC_OPS":  "1",
	"TF_ENABLE_ONEDNN_OPTS": "1",
	// Gives each session its own intra-op threads; else the first session's
	// number holds for the whole process.
	"TF_OVERRIDE_GLOBAL_THREADPOOL": "1",
}

// Load opens the TensorFlow library in dir, the folder that holds
// tensorflow/libtensorflow_cc.so.2 (and nvidia/ beside it, for the GPU build).
// It must come before everything else in this package. Loading the same folder
// again does nothing; another folder is an error, since a process holds one
// library.
func Load(dir string) error {
	library.Lock()
	defer library.Unlock()
	if err := open(dir); err != nil || library.loaded.Load() {
		return err
	}
	library.loaded.Store(true)
	if library.level > 0 {
		return firstRun()
	}
	return nil
}

// Preload does the longest part of what Load will do: it opens the library's file.
// It prints nothing, and leaves it to Load to tell of errors.
func Preload(dir string) {
	library.Lock()
	defer library.Unlock()
	_ = open(dir)
}

// open opens the library's file, under the lock.
func open(dir string) error {
	path, err := libraryPath(dir)
	if err != nil {
		return fmt.Errorf("%w; run ./sslpipe runtime install cpu (or gpu)", err)
	}
	if library.dir != "" {
		if library.dir != path {
			return fmt.Errorf("load TensorFlow from %s: this process already uses %s", dir, library.dir)
		}
		return nil
	}
	level, err := prepareEnvironment()
	if err != nil {
		return fmt.Errorf("load TensorFlow: %w", err)
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var message *C.char
	if early := earlyLibraries(path); early == nil {
		message = C.sslpipe_tf_open(cpath)
	} else {
		withoutChatter(func() {
			for _, library := range early {
				openEarly(library)
			}
			message = C.sslpipe_tf_open(cpath)
		})
	}
	if message != nil {
		defer C.free(unsafe.Pointer(message))
		return fmt.Errorf("load TensorFlow from %s: %s; a fresh copy comes with ./sslpipe runtime install cpu (or gpu)", path, C.GoString(message))
	}
	if message := C.sslpipe_register_operations(); message != nil {
		defer C.free(unsafe.Pointer(message))
		return fmt.Errorf("register operations with TensorFlow from %s: %s", path, C.GoString(message))
	}
	library.dir, library.level = path, level
	return nil
}

// libraryPath finds the library file. The real path matters: the library looks
// for CUDA's relative to the path that it was opened by.
func libraryPath(dir string) (string, error) {
	for _, name := range []string{"libtensorflow_cc.so.2", "libtensorflow.so.2"} {
		path, err := filepath.EvalSymlinks(filepath.Join(dir, "tensorflow", name))
		if err == nil {
			return filepath.Abs(path)
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("find the TensorFlow library: %w", err)
		}
	}
	return "", fmt.Errorf("there is no TensorFlow library (tensorflow/libtensorflow_cc.so.2) in %q", dir)
}

// early are libraries beside TensorFlow's that others look for by name alone, where
// nothing leads to them: cuDNN seeks the compiler in a folder that the packages of 2024
// do not have. What is open already is found by its name.
var early = []string{"nvidia/cuda_nvrtc/lib/libnvrtc.so.12"}

// earlyLibraries are the paths of early for TensorFlow's library at path; nil for the
// CPU's, which has none.
func earlyLibraries(path string) []string {
	var paths []string
	for _, library := range early {
		at := filepath.Join(filepath.Dir(path), "..", library)
		if _, err := os.Stat(at); err == nil {
			paths = append(paths, at)
		}
	}
	return paths
}

// openEarly opens a library for good. Without it some of cuDNN's algorithms are missing
// and others are taken.
func openEarly(path string) {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	C.sslpipe_open_early(name)
}

// logLevel is the one setting that a user may change: 0 shows notes, 1 warnings,
// 2 errors only.
const logLevel = "TF_CPP_MIN_LOG_LEVEL"

// Variables that begin with one of switches choose kernels, precision or threads
// inside the library, and so bits of results that no fingerprint knows of. They
// are removed, but for those of harmless, which do not.
var (
	switches = []string{"TF_", "ONEDNN_", "DNNL_", "MKL_", "KMP_", "OMP_", "XLA_", "CUDNN_", "CUBLAS_", "NVIDIA_TF32_OVERRIDE"}
	harmless = []string{"TF_CPP_", "TF_CONFIG", "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR"}
)

func prepareEnvironment() (level int, err error) {
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		begins := func(with string) bool { return strings.HasPrefix(name, with) }
		if slices.ContainsFunc(switches, begins) && !slices.ContainsFunc(harmless, begins) {
			if err := os.Unsetenv(name); err != nil {
				return 0, err
			}
		}
	}
	for name, value := range settings {
		if err := os.Setenv(name, value); err != nil {
			return 0, err
		}
	}
	level, err = strconv.Atoi(os.Getenv(logLevel))
	if err != nil || level < 0 || level > 3 {
		level = 2
	}
	return level, os.Setenv(logLevel, strconv.Itoa(level))
}

// firstRun runs a tiny graph out of earshot: whatever the log level, TensorFlow
// 2.18 writes two notes to standard error in a process's first run, and one about
// int32 at the first transpose of such, and they would land in the middle of a
// progress display.
func firstRun() (err error) {
	defer muteStderr()()
	g := NewGraph()
	x := g.Placeholder("x", Int32, 1, 1)
	y := g.Transpose(x, 1, 0)
	s, err := NewSession(g, SessionOptions{})
	if err != nil {
		return fmt.Errorf("try the TensorFlow library: %w", err)
	}
	one, err := FromInt32s([]int32{1}, 1, 1)
	if err == nil {
		_, err = s.Run(map[Output]*Tensor{x: one}, []Output{y})
	}
	return errors.Join(err, s.Close())
}

// Version returns the version of the loaded library, such as "2.18.0", and ""
// before Load.
func Version() string {
	if !library.loaded.Load() {
		return ""
	}
	return graft.Version()
}
