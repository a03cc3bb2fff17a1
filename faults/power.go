package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var power = Scenario{
	Name: "power",
	Doc:  "a power cut at such calls: what was not forced to disk is gone, files and changes of folders alike.",
	Run:  runPower,
}

// cut is one way in which a disk can look after the power was cut. POSIX allows
// all of them.
type cut struct {
	name string
	// spoil does to a file what becomes of one that was written and not synced.
	spoil func(path string, size int64) error
	// undo takes back changes of folders that were not synced.
	undo bool
}

var cuts = []cut{
	{"empty", func(path string, _ int64) error { return os.Truncate(path, 0) }, false},
	{"half", func(path string, size int64) error { return os.Truncate(path, size/2) }, false},
	{"zeros", zeros, false},
	{"empty and undone", func(path string, _ int64) error { return os.Truncate(path, 0) }, true},
	{"undone", func(string, int64) error { return nil }, true},
}

// zeros keeps the length, as file systems do that allocate before they write.
func zeros(path string, size int64) error {
	return errors.Join(os.Truncate(path, 0), os.Truncate(path, size))
}

func runPower(ctx context.Context, lab *Lab, tally *Tally) error {
	return lab.atPoints(ctx, "power", tally, func(ctx context.Context, p *Project, i int, at point, args []string) (string, error) {
		how := cuts[i%len(cuts)]
		j := &journal{trash: p.Dir + ".trash", unsynced: map[inode]bool{}}
		if err := os.Mkdir(j.trash, 0o777); err != nil {
			return "", err
		}
		defer func() { _ = os.RemoveAll(j.trash) }()
		layer := &Layer{only: fileCalls}
		kill := layer.at(at, Verdict{Kill: true})
		layer.Decide = func(c *Call) Verdict {
			v := kill(c)
			if !layer.reached {
				j.note(c)
			}
			return v
		}
		_, err := layer.Run(ctx, p, args...)
		if err == nil && layer.reached {
			err = j.cut(p.Dir, how)
		}
		return how.name, err
	})
}

// cut makes the project look as after a power cut.
func (j *journal) cut(dir string, how cut) error {
	if how.undo {
		if err := j.undo(); err != nil {
			return fmt.Errorf("undo what was not synced: %w", err)
		}
	}
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		id, err := identify(path)
		if err != nil || !j.unsynced[id] {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		// Results are read-only, which truncate respects unless root asks.
		if err := os.Chmod(path, 0o600); err != nil {
			return err
		}
		return errors.Join(how.spoil(path, info.Size()), os.Chmod(path, info.Mode()))
	})
}

// undo takes changes back, the newest first.
func (j *journal) undo() error {
	for _, c := range slices.Backward(j.changes) {
		err := c.undo()
		// What a later change that did reach the disk has moved or removed is not there.
		if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func (c *change) undo() error {
	switch c.op {
	case "create", "mkdir":
		return os.RemoveAll(c.path)
	case "link":
		return os.Remove(c.to)
	case "unlink":
		return os.Link(c.backup, c.path)
	case "rmdir":
		return os.Mkdir(c.path, 0o777)
	case "exchange":
		return exchange(c.path, c.to)
	}
	if _, err := os.Lstat(c.path); err == nil {
		return nil // a new file has its name, and reached the disk
	}
	err := os.Rename(c.to, c.path)
	if err == nil && c.backup != "" {
		err = os.Link(c.backup, c.to)
	}
	return err
}

// moved follows a rename that reached the disk.
func (c *change) moved(from, to string) {
	for _, path := range []*string{&c.path, &c.to} {
		if rest, inside := strings.CutPrefix(*path, from+string(filepath.Separator)); inside {
			*path = filepath.Join(to, rest)
		}
	}
}
