package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var clock = Scenario{
	Name: "clock",
	Doc:  "The clock is set back by a day: all that is there was made tomorrow.",
	Run:  runClock,
}

const aDay = 24 * time.Hour

func runClock(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	p, err := lab.interrupted(ctx, "clock", ".sslpipe/work/*/checkpoints/step-3")
	if err != nil {
		return err
	}
	if err := p.fromTomorrow(); err != nil {
		return err
	}
	if o := p.Run(ctx); o.Code != 0 || !strings.Contains(o.Stderr, "pretrain.turns[seed=0] continues where it was interrupted") {
		err = fmt.Errorf("the run does not resume: %w", o.err())
	}
	// Once more, with a whole run from tomorrow.
	if err == nil {
		err = p.fromTomorrow()
	}
	if err == nil {
		err = p.newestIsNewest(ctx)
	}
	if err == nil {
		o := p.Run(ctx, "cache", "gc", "--delete", "--older-than", "1h", "--keep-runs", "1")
		err = o.says(0)
	}
	if err == nil {
		err = p.recover(ctx, whole)
	}
	tally.Judge(p, "a day back, in the middle of a unit and after a run", err)
	return nil
}

// fromTomorrow dates everything in the project a day later.
func (p *Project) fromTomorrow() error {
	for _, dir := range p.glob(".sslpipe/runs/*") {
		stamp, rest, _ := strings.Cut(filepath.Base(dir), "Z")
		at, err := time.Parse("20060102T150405", stamp)
		if err == nil {
			err = os.Rename(dir, filepath.Join(filepath.Dir(dir), at.Add(aDay).Format("20060102T150405")+"Z"+rest))
		}
		if err != nil {
			return err
		}
	}
	return filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		later := info.ModTime().Add(aDay)
		return os.Chtimes(path, later, later)
	})
}

// newestIsNewest makes a run: it is the latest, and listed last.
func (p *Project) newestIsNewest(ctx context.Context) error {
	before := p.glob(".sslpipe/runs/*")
	if o := p.Run(ctx); o.Code != 0 {
		return o.err()
	}
	after := p.glob(".sslpipe/runs/*")
	if len(after) != len(before)+1 || after[len(after)-2] != before[len(before)-1] {
		return fmt.Errorf("the new run is not the last of %v", after)
	}
	latest := p.Run(ctx, "report")
	if want := filepath.Join(after[len(after)-1], "report.html"); !strings.HasSuffix(want, strings.TrimSpace(latest.Stdout)) || latest.Code != 0 {
		return errors.Join(fmt.Errorf("latest is %s, not %s", latest.Stdout, want), latest.says(0))
	}
	listed := strings.Split(strings.TrimSpace(p.Run(ctx, "runs").Stdout), "\n")
	if name := filepath.Base(after[len(after)-1]); !strings.Contains(listed[len(listed)-1], name) {
		return fmt.Errorf("%s is not listed last:\n%s", name, strings.Join(listed, "\n"))
	}
	return nil
}
