// Package filelock keeps processes out of each other's way by the kernel's locks on
// open files, which end with the process that holds them however that ends, and
// tells who holds one.
//
// What is written in a lock's file is for people alone: a file that is left behind,
// whatever it says, locks nothing. It refuses to wait without an end: waiting stops
// with a context.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Lock is a lock that this process holds.
type Lock struct {
	path string
	file *flock.Flock
	// named says that the file tells who holds it.
	named bool
}

// Try locks the file at path, making it first where needed. It returns nil without
// an error when another holds it.
func Try(path string) (*Lock, error) {
	for {
		file := flock.New(path, flock.SetPermissions(0o666))
		if ok, err := file.TryLock(); err != nil || !ok {
			return nil, err
		}
		current, err := isCurrent(file)
		if err != nil {
			return nil, errors.Join(err, file.Close())
		}
		if !current {
			if err := file.Close(); err != nil {
				return nil, err
			}
			continue
		}
		// Who holds it is only for the message to others, and a full disk is no
		// reason not to lock: what makes room locks too.
		_ = os.WriteFile(path, []byte(self()), 0o666)
		return &Lock{path: path, file: file, named: true}, nil
	}
}

// self names this process and the time.
func self() string {
	host, err := os.Hostname()
	if err != nil {
		host = "an unnamed host"
	}
	return fmt.Sprintf("process %d on %s since %s", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339))
}

// isCurrent says whether a locked file is still the one at its path: its last
// holder may have removed it after it was opened here.
func isCurrent(file *flock.Flock) (bool, error) {
	ours, err := file.Stat()
	if err != nil {
		return false, err
	}
	now, err := os.Stat(file.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && os.SameFile(ours, now), err
}

// The times of [Take].
const (
	pollEvery = 20 * time.Millisecond
	patience  = time.Second // before it says that it waits
)

// Take locks the file at path, and waits while another holds it. It tells once who
// that is, as [Holder] does, unless the wait is short. When ctx ends first, the
// error matches ctx's.
func Take(ctx context.Context, path string, tell func(holder string)) (*Lock, error) {
	start, told := time.Now(), false
	for {
		lock, err := Try(path)
		if lock != nil || err != nil {
			return lock, err
		}
		if !told && time.Since(start) >= patience {
			told = true
			tell(Holder(path))
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", Holder(path), ctx.Err())
		}
	}
}

// Path is that of the file.
func (l *Lock) Path() string { return l.path }

// Unlock leaves the file for the next, and no word of who held it.
func (l *Lock) Unlock() error {
	if l.named {
		_ = os.Truncate(l.path, 0) // it may have gone
	}
	return l.file.Close()
}

// Remove removes the file while it is still locked, so that none stays behind.
func (l *Lock) Remove() error {
	return errors.Join(os.Remove(l.path), l.file.Close())
}

// Unnamed is a holder that does not say who it is.
const Unnamed = "another process"

// Holder says who holds a lock, and since when.
func Holder(path string) string {
	text, err := os.ReadFile(path)
	who := strings.TrimSpace(string(text))
	if err != nil || who == "" {
		return Unnamed
	}
	return who + stopped(who)
}

// stopped says of a process on this host that it has been stopped: whoever waits
// for it would wait for ever.
func stopped(who string) string {
	var pid int
	var host string
	if n, _ := fmt.Sscanf(who, "process %d on %s", &pid, &host); n != 2 {
		return ""
	}
	if here, err := os.Hostname(); err != nil || here != host {
		return ""
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The state follows the name, which is in brackets and may hold anything.
	_, rest, _ := strings.Cut(string(status[strings.LastIndexByte(string(status), ')')+1:]), " ")
	if !strings.HasPrefix(rest, "T") {
		return ""
	}
	return fmt.Sprintf(" (stopped: kill -CONT %d lets it go on)", pid)
}

// HeldBy says who holds a lock, or "" where nobody does. It neither makes nor
// removes the file.
func HeldBy(path string) (who string, err error) {
	held, err := IsHeld(path)
	if !held || err != nil {
		return "", err
	}
	return Holder(path), nil
}

// IsHeld tells whether a process has locked a file, by [Try] or [Mark].
func IsHeld(path string) (held bool, err error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !free, lock.Close()
}

// Mark locks a file or folder of the caller's own, and writes nothing into it. It
// waits only for those who are just looking. The error is [fs.ErrNotExist] where it
// has been removed.
func Mark(path string) (*Lock, error) {
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	if err := file.Lock(); err != nil {
		return nil, err
	}
	current, err := isCurrent(file)
	if err == nil && !current {
		err = &fs.PathError{Op: "lock", Path: path, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &Lock{path: path, file: file}, nil
}

// RemoveUnmarked removes a file or folder that no process has marked.
func RemoveUnmarked(path string) error {
	file := flock.New(path, flock.SetFlag(os.O_RDONLY))
	free, err := file.TryLock()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !free || err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(path), file.Close())
}
