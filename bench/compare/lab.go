package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"runtime"
	"time"
)

// lab is what all workloads measure with.
type lab struct {
	options
	dir      string // for what is made on the way; removed at the end
	threads  int    // all cores
	machine  description
	log      io.Writer
	began    time.Time
	versions map[string]string
}

// options are the flags.
type options struct {
	only    *regexp.Regexp
	rounds  int
	quick   bool
	peers   string
	device  string
	data    string
	program string
	out     string
}

func newLab(o options, log io.Writer) (*lab, error) {
	dir, err := os.MkdirTemp("", "sslpipe-bench-*")
	if err != nil {
		return nil, err
	}
	l := &lab{
		options: o, dir: dir, threads: runtime.NumCPU(), machine: describe(o.device), log: log, began: time.Now(), versions: map[string]string{},
	}
	// Peers whose threads wait for each other suffer more from company than we do.
	l.logf("%s; load %s: numbers are worth something where nothing else runs", l.machine, l.machine.Load)
	return l, nil
}

func (l *lab) close() error { return os.RemoveAll(l.dir) }

// logf tells the person who waits.
func (l *lab) logf(format string, args ...any) {
	fmt.Fprintf(l.log, "%4.0f s  %s\n", time.Since(l.began).Seconds(), fmt.Sprintf(format, args...))
}

// learn keeps what peers say of their libraries.
func (l *lab) learn(versions map[string]string) { maps.Copy(l.versions, versions) }

// ours is this program itself, as a peer.
func (l *lab) ours() program {
	self, err := os.Executable()
	return program{command: []string{self, serveArgument}, missing: err}
}

// slice is how long a contender works at a time.
func (l *lab) slice() time.Duration {
	if l.quick {
		return 700 * time.Millisecond
	}
	return 1500 * time.Millisecond
}
