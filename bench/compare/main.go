// Command compare measures sslpipe beside what people would use instead (Keras,
// PyTorch with lightly, onnxruntime) doing the same work on this machine, in turns
// of a few seconds, and writes a table, a plot and all numbers to bench/results.
//
//	make bench
//	make bench flags='--only step --quick'
//
// Every contender is a process of its own that waits while the others work; a
// peer that is missing or fails costs its row. A new workload is a file here with
// a line in workloads (workloads.go); what Python does is in bench/peers.
//
// bench/README.md says what is measured and what is equal.
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
	"slices"
	"strings"
	"syscall"
)

// serveArgument makes the program our own side of the workloads.
const serveArgument = "serve"

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		if err := serve(os.Stdin, os.Stdout, prepareOurs); err != nil {
			fmt.Fprintln(os.Stderr, "compare:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stderr))
}

// execute measures what the arguments choose and returns the exit code.
func execute(ctx context.Context, args []string, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "compare:", err)
		return 2
	}
	err = o.run(ctx, strings.Join(append([]string{"compare"}, args...), " "), stderr)
	switch {
	case ctx.Err() != nil:
		return 130
	case err != nil:
		fmt.Fprintln(stderr, "compare:", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", ".*", "measure the workloads whose names this regular `pattern` describes wholly")
	flags.IntVar(&o.rounds, "rounds", 0, "turns of each contender (default 5, with --quick 3)")
	flags.BoolVar(&o.quick, "quick", false, "fewer cases and rounds, shorter turns: for a look, not for numbers")
	flags.StringVar(&o.peers, "peers", "", "a `folder` that has the environments referee and peers-venv (default: made in .deps)")
	flags.StringVar(&o.device, "device", "cpu", "cpu or gpu: what networks train on")
	flags.StringVar(&o.data, "data", "", "CIFAR-10 as a `folder` or archive of images (default: fetched from its official address)")
	flags.StringVar(&o.program, "program", "bin/sslpipe", "the sslpipe to measure")
	flags.StringVar(&o.out, "out", "bench/results", "the `folder` for results")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rounds == 0 {
		o.rounds = 5
		if o.quick {
			o.rounds = 3
		}
	}
	if flags.NArg() > 0 || o.rounds < 1 || o.device != "cpu" && o.device != "gpu" {
		return o, errors.New("there are no arguments but flags, --rounds is at least 1, and --device is cpu or gpu")
	}
	var err error
	if o.only, err = regexp.Compile("^(?:" + *only + ")$"); err != nil {
		return o, err
	}
	if len(o.chosen()) == 0 {
		return o, fmt.Errorf("--only %s chooses no workload; there are %s", *only, names(workloads))
	}
	return o, nil
}

// chosen lists the workloads to measure.
func (o options) chosen() []workload {
	return slices.DeleteFunc(slices.Clone(workloads), func(w workload) bool { return !o.only.MatchString(w.Name) })
}

func names(list []workload) string {
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = w.Name
	}
	return strings.Join(all, ", ")
}

// everything is what --only becomes where it is not given.
const everything = "^(?:.*)$"

// run measures the chosen workloads and writes what came out, also when it is
// interrupted.
func (o options) run(ctx context.Context, command string, stderr io.Writer) (err error) {
	l, err := newLab(o, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	l.installPeers(ctx)
	var results []result
	for _, w := range o.chosen() {
		if ctx.Err() != nil {
			break
		}
		l.logf("%s: %s", w.Name, w.Doc)
		found, err := w.Run(ctx, l)
		results = append(results, found...)
		if err != nil && ctx.Err() == nil {
			l.logf("%s: %v", w.Name, err)
			results = append(results, result{Workload: w.Name, Case: "not measured", Note: err.Error()})
		}
	}
	if len(results) == 0 {
		return errors.New("nothing was measured")
	}
	path, err := l.newReport(command, results).write(o.out)
	if err != nil {
		return err
	}
	l.logf("written to %s, with .json and .svg beside it", path)
	return nil
}
