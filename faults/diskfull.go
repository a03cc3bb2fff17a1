package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

var diskFull = Scenario{
	Name: "disk-full",
	Doc:  "a disk that is too small, which is then made larger.",
	Run:  runDiskFull,
}

// diskSizes is how many sizes of disk are tried at most.
const diskSizes = 16

func runDiskFull(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	n := min(lab.Count, diskSizes)
	return lab.Each(ctx, n, func(ctx context.Context, i int) error {
		p, err := lab.Project(ctx, fmt.Sprintf("disk-full-%d", i))
		if err != nil {
			return err
		}
		err = p.mount()
		if errors.Is(err, unix.EPERM) {
			tally.Skip("mounting a small disk needs rights that this process does not have")
			p.Remove()
			return nil
		}
		if err != nil {
			return err
		}
		free := lab.size / int64(n+1) * int64(i+1)
		told, err := p.runOut(ctx, free, i%2 == 1)
		if err != nil {
			return err
		}
		if told == nil {
			told = p.recover(ctx, whole)
		}
		if told == nil && !lab.Keep {
			if err := unix.Unmount(p.Dir, 0); err != nil {
				return err
			}
		}
		tally.Judge(p, fmt.Sprintf("a disk with %d KiB free, data there: %v", free>>10, i%2 == 1), told)
		return nil
	})
}

// runOut runs the pipeline on a disk with so many bytes free, and says what is wrong
// with how that ends. The data need the most space, for a while; with them there,
// something else does not fit.
func (p *Project) runOut(ctx context.Context, free int64, dataThere bool) (wrong, err error) {
	if dataThere {
		if o := p.Run(ctx, runArgs("--until", "download.images")...); o.Code != 0 {
			return nil, o.err()
		}
	}
	if err := p.resize(free); err != nil {
		return nil, err
	}
	wrong = judgeFull(p.Run(ctx))
	if o := p.Run(ctx, "cache", "gc"); wrong == nil && o.Code != 0 {
		wrong = fmt.Errorf("what it says frees space does not work: %w", o.err())
	}
	return wrong, p.resize(1 << 30)
}

// judgeFull is judgeRefusal for a run of which it is not known where it failed.
func judgeFull(o Outcome) error {
	text := strings.ToLower(o.Stderr)
	switch {
	case o.Code == 0:
		return nil
	case o.Code != 1:
		return fmt.Errorf("it ends in another way than it should: %w", o.err())
	case !strings.Contains(text, "no space left on device"):
		return fmt.Errorf("it does not say that there is no space left on the device: %w", o.err())
	case !strings.Contains(text, "sslpipe cache gc"):
		return fmt.Errorf("it does not say what to free: %w", o.err())
	}
	return nil
}

// mount puts a disk of its own, in memory, below the project, with the same files.
func (p *Project) mount() error {
	if err := unix.Mount("faults", p.Dir, "tmpfs", 0, ""); err != nil {
		return err
	}
	return p.fill()
}

// resize leaves so many bytes free on the project's disk.
func (p *Project) resize(free int64) error {
	var s unix.Statfs_t
	if err := unix.Statfs(p.Dir, &s); err != nil {
		return err
	}
	taken := int64(s.Blocks-s.Bfree) * s.Bsize
	return unix.Mount("faults", p.Dir, "tmpfs", unix.MS_REMOUNT, fmt.Sprintf("size=%d", taken+free))
}

// size adds up the project's files.
func (p *Project) size() (total int64, err error) {
	return total, filepath.WalkDir(p.Dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
}
