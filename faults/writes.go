package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var writes = Scenario{
	Name: "writes",
	Doc:  "a full disk, a full quota, a failing disk and a disk gone read-only, at each kind of write.",
	Run:  runWrites,
}

// refusal is an answer that a disk may give.
type refusal struct {
	errno unix.Errno
	text  string   // of the errno, as the program and TensorFlow write it
	ops   []string // that can get it
	stays bool     // from then on, every such call gets it
}

var refusals = []refusal{
	{unix.ENOSPC, "no space left on device", []string{"write", "open", "create", "mkdir"}, true},
	{unix.EIO, "input/output error", []string{"write", "fsync", "rename", "unlink", "truncate"}, false},
	{unix.EDQUOT, "disk quota exceeded", []string{"write", "open", "create", "mkdir", "fsync"}, true},
	{unix.EROFS, "read-only file system", []string{"write", "open", "create", "mkdir", "unlink", "rename", "truncate"}, true},
}

// refusalAt is one fault.
type refusalAt struct {
	refusal
	point
}

// String says it for a person.
func (r refusalAt) String() string { return fmt.Sprintf("%s at %s", unix.ErrnoName(r.errno), r.point) }

func runWrites(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	points, err := lab.points(ctx)
	if err != nil {
		return err
	}
	var faults []refusalAt
	for _, p := range points {
		op, _, _ := strings.Cut(p.class, " ")
		for _, r := range refusals {
			if p.nth == 0 && slices.Contains(r.ops, op) {
				faults = append(faults, refusalAt{r, p})
			}
		}
	}
	lab.Rand.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	faults = faults[:min(lab.Count, len(faults))]
	return lab.Each(ctx, len(faults), func(ctx context.Context, i int) error {
		p, err := lab.Project(ctx, fmt.Sprintf("writes-%d", i))
		if err != nil {
			return err
		}
		told, err := p.refuse(ctx, faults[i], runArgs("--jobs", fmt.Sprint(1+i%2)))
		if err != nil {
			return err
		}
		if told == nil {
			told = p.recover(ctx, whole)
		}
		tally.Judge(p, faults[i].String(), told)
		return nil
	})
}

// refuse runs the program and says what is wrong with how it ends.
func (p *Project) refuse(ctx context.Context, r refusalAt, args []string) (wrong, err error) {
	layer := &Layer{only: fileCalls}
	at := layer.at(r.point, Verdict{Errno: r.errno})
	var refused []string
	layer.Decide = func(c *Call) Verdict {
		v := at(c)
		if layer.reached && r.stays && slices.Contains(r.ops, c.Op) {
			v.Errno = r.errno
		}
		if v.Errno != 0 {
			refused = append(refused, c.Path)
		}
		return v
	}
	o, err := layer.Run(ctx, p, args...)
	if err != nil || !layer.reached {
		return nil, err
	}
	if o.Code == 0 {
		return p.reported(o), nil
	}
	return judgeRefusal(o, r, refused), nil
}

// reported compares what a run printed, which went on without what was refused,
// with the text in its folder.
func (p *Project) reported(o Outcome) error {
	found, err := filepath.Glob(filepath.Join(p.Dir, ".sslpipe", "runs", "*", "report.txt"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("it ends well, and its reports are %v (%w)", found, err)
	}
	text, err := os.ReadFile(found[0])
	if err == nil && string(text) != o.Stdout {
		err = fmt.Errorf("it ends well, and %s is not what it printed", found[0])
	}
	return err
}

// judgeRefusal wants exit code 1 and a message with the reason and one of the files
// that were refused.
func judgeRefusal(o Outcome, r refusalAt, refused []string) error {
	text := strings.ToLower(o.Stderr)
	names := slices.ContainsFunc(refused, func(path string) bool {
		return strings.Contains(o.Stderr, filepath.Base(path)) || strings.Contains(o.Stderr, filepath.Base(filepath.Dir(path)))
	})
	switch {
	case o.Code != 1:
		return fmt.Errorf("it ends in another way than it should: %w", o.err())
	case !strings.Contains(text, r.text):
		return fmt.Errorf("it does not say that there is %s: %w", r.text, o.err())
	case !names:
		return fmt.Errorf("it does not name any of %s: %w", strings.Join(refused, ", "), o.err())
	case r.errno == unix.ENOSPC && !strings.Contains(text, "sslpipe cache gc"):
		return fmt.Errorf("it does not say what to free: %w", o.err())
	}
	return nil
}
