package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var garbage = Scenario{
	Name: "gc",
	Doc:  "cache gc removes all that nothing keeps, just when a run begins that needs it.",
	Run:  runGarbage,
}

func runGarbage(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	finished, err := lab.finished(ctx, "gc-ended")
	if err != nil {
		return err
	}
	defer finished.Remove()
	start := time.Now()
	if o := finished.Run(ctx); o.Code != 0 {
		return o.err()
	}
	within := time.Since(start) // a run that finds everything, from its start to its end
	for i := range max(lab.Count/4, 1) {
		p, err := finished.copyTo(fmt.Sprintf("gc-%d", i))
		if err != nil {
			return err
		}
		moment := time.Duration(lab.Rand.Int64N(int64(within)))
		err = p.collectDuring(ctx, moment)
		if err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, fmt.Sprintf("cache gc %s after the start of a run", moment.Round(time.Millisecond)), err)
	}
	return nil
}

// collectDuring starts a run that finds everything stored, though nothing keeps it,
// and then collects garbage. Whichever is first, the run succeeds.
func (p *Project) collectDuring(ctx context.Context, moment time.Duration) error {
	if err := os.RemoveAll(filepath.Join(p.Dir, ".sslpipe", "runs")); err != nil {
		return err
	}
	run := p.start(ctx, runArgs("--jobs", "1")...)
	time.Sleep(moment)
	collected := p.Run(ctx, "cache", "gc", "--delete", "--keep-runs", "0", "--work", "--downloads")
	o := run.outcome()
	if o.Code != 0 {
		return fmt.Errorf("the run: %w", o.err())
	}
	if collected.Code != 0 && !strings.Contains(collected.Stderr, "nothing was removed") {
		return fmt.Errorf("cache gc: %w", collected.err())
	}
	return nil
}
