package main

import (
	"context"
	"fmt"
)

var crash = Scenario{
	Name: "crash",
	Doc:  "kill -9 at system calls that change files, at least once at each kind for each kind of file.",
	Run:  runCrash,
}

func runCrash(ctx context.Context, lab *Lab, tally *Tally) error {
	return lab.atPoints(ctx, "crash", tally, func(ctx context.Context, p *Project, _ int, at point, args []string) (string, error) {
		layer := &Layer{only: fileCalls}
		layer.Decide = layer.at(at, Verdict{Kill: true})
		_, err := layer.Run(ctx, p, args...)
		return "kill -9", err
	})
}

// at returns a decision that lets all calls but one go on.
func (l *Layer) at(chosen point, v Verdict) func(*Call) Verdict {
	seen := 0
	return func(c *Call) Verdict {
		if l.class(c) != chosen.class {
			return Verdict{}
		}
		if seen++; seen != chosen.nth+1 {
			return Verdict{}
		}
		l.reached = true
		return v
	}
}

// atPoints injures a run at each of the chosen points, and lets the next one
// complete. Injure says what it did.
func (l *Lab) atPoints(ctx context.Context, name string, tally *Tally, injure func(ctx context.Context, p *Project, i int, at point, args []string) (string, error)) error {
	whole, err := l.Whole(ctx)
	if err != nil {
		return err
	}
	points, err := l.points(ctx)
	if err != nil {
		return err
	}
	chosen := choose(points, l.Count)
	tally.Note("%d kinds of call", kinds(points))
	return l.Each(ctx, len(chosen), func(ctx context.Context, i int) error {
		p, err := l.Project(ctx, fmt.Sprintf("%s-%d", name, i))
		if err != nil {
			return err
		}
		what, err := injure(ctx, p, i, chosen[i], runArgs("--jobs", fmt.Sprint(1+i%2)))
		if err != nil {
			return err
		}
		tally.Judge(p, fmt.Sprintf("%s at %s", what, chosen[i]), p.recover(ctx, whole))
		return nil
	})
}

func kinds(points []point) int {
	n := 0
	for _, p := range points {
		if p.nth == 0 {
			n++
		}
	}
	return n
}

// choose picks n points: the first of each class, as far as n goes evenly over the
// run, then the second of each, and so on.
func choose(points []point, n int) []point {
	var chosen []point
	for nth := 0; len(chosen) < n; nth++ {
		var round []point
		for _, p := range points {
			if p.nth == nth {
				round = append(round, p)
			}
		}
		if len(round) == 0 {
			break
		}
		wanted := min(n-len(chosen), len(round))
		for i := range wanted {
			chosen = append(chosen, round[i*len(round)/wanted])
		}
	}
	return chosen
}
