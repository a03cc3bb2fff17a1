package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

var kill = Scenario{
	Name: "kill",
	Doc:  "kill -9 at random moments, spread evenly over a whole run.",
	Run:  runKill,
}

func runKill(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	moments, err := lab.Moments(ctx)
	if err != nil {
		return err
	}
	slices.Sort(moments)
	return lab.Each(ctx, len(moments), func(ctx context.Context, i int) error {
		p, err := lab.Project(ctx, fmt.Sprintf("kill-%d", i))
		if err != nil {
			return err
		}
		if err := p.killAfter(ctx, moments[i], runArgs("--jobs", fmt.Sprint(1+i%2))); err != nil {
			return err
		}
		tally.Judge(p, fmt.Sprintf("kill -9 after %s", moments[i].Round(time.Millisecond)), p.recover(ctx, whole))
		return nil
	})
}

// killAfter starts the program and kills it, unless it ends before.
func (p *Project) killAfter(ctx context.Context, moment time.Duration, args []string) error {
	cmd := p.Command(ctx, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(moment, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	_ = cmd.Wait() // killed, or ended before its time
	return ctx.Err()
}

// recover runs the pipeline to its end and compares what is there then with want.
func (p *Project) recover(ctx context.Context, want Digests) error {
	if o := p.Run(ctx); o.Code != 0 {
		return fmt.Errorf("the next run: %w", o.err())
	}
	return p.Check(ctx, want)
}
