// Command faults injures sslpipe and looks whether anything is lost. It runs the
// real program on a tiny real pipeline in folders of its own, injects one fault,
// lets the next run complete, and compares the digests of weights, metrics,
// published models and the printed table with those of a run that was left alone.
//
//	make faults
//	go run ./faults --only 'kill|crash' --count 20 --seed 7
//
// It refuses to know how the program works inside: faults come from outside, as
// signals, failing system calls, changed files and a misbehaving server. A new
// kind of fault is a file here and a line in scenarios (scenario.go).
//
// It prints a summary, and exits with 1 when anything was lost.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	if only := os.Getenv(shimVariable); only != "" {
		fmt.Fprintln(os.Stderr, "faults:", shim(callSet(only)))
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the scenarios that the arguments choose and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "faults:", err)
		return 2
	}
	results, err := o.run(ctx, stderr)
	summarise(stdout, results)
	if err != nil {
		fmt.Fprintln(stderr, "faults:", err)
		return 1
	}
	for _, r := range results {
		if len(r.tally.lost) > 0 {
			return 1
		}
	}
	return 0
}

// options are the flags.
type options struct {
	LabOptions
	only *regexp.Regexp
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run the scenarios whose names this regular `pattern` describes wholly")
	flags.IntVar(&o.Count, "count", 200, "faults in each scenario that takes a number")
	flags.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "of what is drawn at random")
	flags.BoolVar(&o.Keep, "keep", false, "keep the folders of faults that were survived, too")
	flags.StringVar(&o.Program, "program", "", "the sslpipe to injure (default: built from the sources)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 || o.Count < 1 {
		return o, errors.New("there are no arguments but flags, and --count is at least 1")
	}
	var err error
	o.only, err = regexp.Compile("^(?:" + *only + ")$")
	if *only == "" {
		o.only = regexp.MustCompile("")
	}
	return o, err
}

// result is what one scenario came to.
type result struct {
	name    string
	tally   *Tally
	seconds float64
}

// run carries out the chosen scenarios. One that cannot be carried out ends it.
func (o options) run(ctx context.Context, stderr io.Writer) ([]result, error) {
	lab, err := NewLab(ctx, o.LabOptions)
	if err != nil {
		return nil, err
	}
	defer lab.Close()
	fmt.Fprintf(stderr, "seed %d, %d faults in each scenario that takes a number\n", o.Seed, o.Count)
	var results []result
	for _, s := range scenarios {
		if !o.only.MatchString(s.Name) {
			continue
		}
		fmt.Fprintf(stderr, "%s: %s\n", s.Name, s.Doc)
		r := result{name: s.Name, tally: &Tally{log: stderr}}
		start := time.Now()
		err := s.Run(ctx, lab, r.tally)
		r.seconds = time.Since(start).Seconds()
		results = append(results, r)
		if err != nil {
			return results, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if len(results) == 0 {
		return nil, errors.New("no scenario has such a name")
	}
	return results, nil
}

// summarise prints a line for each scenario and then what was lost.
func summarise(w io.Writer, results []result) {
	if len(results) == 0 {
		return
	}
	const row = "%-12s %8v %8v %6v %8s  %s\n"
	fmt.Fprintf(w, row, "scenario", "injected", "survived", "lost", "seconds", "")
	survived, lost, seconds := 0, 0, 0.0
	for _, r := range results {
		t := r.tally
		note := t.note
		if t.skipped != "" {
			note = "skipped: " + t.skipped
		}
		fmt.Fprintf(w, row, r.name, t.survived+len(t.lost), t.survived, len(t.lost), fmt.Sprintf("%.0f", r.seconds), note)
		survived, lost, seconds = survived+t.survived, lost+len(t.lost), seconds+r.seconds
	}
	fmt.Fprintf(w, row, "all", survived+lost, survived, lost, fmt.Sprintf("%.0f", seconds), "")
	for _, r := range results {
		for _, line := range r.tally.lost {
			fmt.Fprintf(w, "LOST %s: %s\n", r.name, line)
		}
	}
}
