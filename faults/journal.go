package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// inode identifies a file or folder whatever its name.
type inode struct{ dev, ino uint64 }

// change is a change of a folder that may not have reached the disk.
type change struct {
	op       string // create, mkdir, link, unlink, rmdir, rename, exchange
	path, to string
	backup   string // a hard link to the file that was removed or replaced
	folder   inode  // that must be synced for the change to be durable
}

// journal knows what would be lost if the power were cut now. A file's content is
// safe once the file was synced, its name once its folder was. That is all that
// POSIX promises; most file systems promise more.
type journal struct {
	trash    string // on the same file system, outside the project
	unsynced map[inode]bool
	changes  []*change // oldest first
	backups  int
}

func identify(path string) (inode, error) {
	var s unix.Stat_t
	if err := unix.Stat(path, &s); err != nil {
		return inode{}, err
	}
	return inode{s.Dev, s.Ino}, nil
}

// note takes down a call that is about to happen.
func (j *journal) note(c *Call) {
	switch c.Op {
	case "write", "truncate":
		path := c.object
		if path == "" {
			path = c.Path
		}
		if id, err := identify(path); err == nil {
			j.unsynced[id] = true
		}
	case "fsync":
		if id, err := identify(c.object); err == nil {
			delete(j.unsynced, id)
			j.synced(id)
		}
	case "open", "create":
		j.open(c)
	case "mkdir":
		if !there(c.Path) {
			j.add(&change{op: "mkdir", path: c.Path}, c.Path)
		}
	case "unlink":
		j.remove(c.Path, c.flags&unix.AT_REMOVEDIR != 0)
	case "rmdir":
		j.remove(c.Path, true)
	case "link":
		j.add(&change{op: "link", path: c.Path, to: c.To}, c.To)
	case "rename":
		j.rename(c)
	}
}

func (j *journal) open(c *Call) {
	id, err := identify(c.Path)
	switch {
	case err == nil && (c.flags&unix.O_TRUNC != 0 || c.Op == "create"):
		j.unsynced[id] = true
	case err != nil && (c.flags&unix.O_CREAT != 0 || c.Op == "create"):
		j.add(&change{op: "create", path: c.Path}, c.Path)
	}
}

func (j *journal) remove(path string, folder bool) {
	info, err := os.Lstat(path)
	if err != nil || info.IsDir() != folder {
		return // it will fail
	}
	if folder {
		if left, err := os.ReadDir(path); err == nil && len(left) == 0 {
			j.add(&change{op: "rmdir", path: path}, path)
		}
		return
	}
	j.add(&change{op: "unlink", path: path, backup: j.backup(path)}, path)
}

func (j *journal) rename(c *Call) {
	if !there(c.Path) {
		return
	}
	ch := &change{op: "rename", path: c.Path, to: c.To}
	if c.flags&unix.RENAME_EXCHANGE != 0 {
		ch.op = "exchange"
	} else if info, err := os.Lstat(c.To); err == nil && info.Mode().IsRegular() {
		ch.backup = j.backup(c.To)
	} else if err == nil {
		if left, err := os.ReadDir(c.To); err != nil || len(left) > 0 {
			return // it will fail
		}
	}
	j.add(ch, c.To)
}

// add takes down a change of the folder that path is in.
func (j *journal) add(c *change, path string) {
	id, err := identify(filepath.Dir(path))
	if err != nil {
		return // the call will fail
	}
	c.folder = id
	j.changes = append(j.changes, c)
}

// backup keeps a file that is about to lose its name.
func (j *journal) backup(path string) string {
	j.backups++
	to := filepath.Join(j.trash, fmt.Sprint(j.backups))
	if err := os.Link(path, to); err != nil {
		return ""
	}
	return to
}

// synced forgets the changes of a folder. Older ones inside of what was renamed
// happened, from now on, at its new place.
func (j *journal) synced(folder inode) {
	for i, c := range j.changes {
		if c.folder == folder && c.op == "rename" {
			for _, earlier := range j.changes[:i] {
				earlier.moved(c.path, c.to)
			}
		}
	}
	j.changes = slices.DeleteFunc(j.changes, func(c *change) bool { return c.folder == folder })
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func exchange(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}
