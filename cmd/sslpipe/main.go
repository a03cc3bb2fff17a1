// Command sslpipe runs self-supervised learning experiments that are written
// down as HCL pipelines. This package turns arguments into calls of the
// packages that do the work and their results into output and an exit code; it
// holds no logic of its own. A new command is a file here and a line in
// commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"sslpipe/internal/view"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitMistake     = 2 // the user's input is wrong: nothing was run
	exitChanges     = 3 // a check found that something would change
	exitInterrupted = 130
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(hastyGC)
	}
	os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// How large the heap may grow, in percent of what is alive, before it is collected.
// What only reads, plans and looks up is over before much has gathered, and would
// spend a third of its time on collecting; what computes holds gigabytes.
const (
	hastyGC  = 400
	steadyGC = 100
)

// execute runs one command line and returns the exit code.
func execute(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := interruptible(stderr)
	defer stop()
	s := newSettings()
	root := rootCommand(s)
	root.SetArgs(args)
	root.SetIn(stdin)
	out := &printed{Writer: stdout}
	root.SetOut(out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil && out.err != nil {
		err = failed(fmt.Errorf("write standard output: %w", out.err))
	}
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		if exit.err != nil {
			_, _ = fmt.Fprintln(stderr, "Error:", view.ErrorText(exit.err))
			if fullDisk(exit.err) {
				_ = s.tellSpace(stderr) // what can be said of it was said
			}
		}
		return exit.code
	}
	_, _ = fmt.Fprintln(stderr, "Error:", view.ErrorText(err))
	_, _ = fmt.Fprintf(stderr, "See %s --help.\n", cmd.CommandPath())
	return exitMistake
}

// printed is standard output. It remembers the first write that failed, since what
// prints line by line does not look: a table that was cut short must not end with
// success.
type printed struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (p *printed) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if p.err == nil {
		p.err = err
	}
	return n, err
}

// Fd is the descriptor of a file, by which a terminal is told; else none.
func (p *printed) Fd() uintptr {
	if file, ok := p.Writer.(*os.File); ok {
		return file.Fd()
	}
	return ^uintptr(0)
}

// exitError ends the program with a code. A nil err has been reported already.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e exitError) Unwrap() error { return e.err }

// failed marks an error that came up while working, as opposed to a mistake in
// the command line.
func failed(err error) error {
	if err == nil {
		return nil
	}
	return exitError{code: exitFailed, err: err}
}

// interruptible returns a context that the first interrupt ends, so that work
// in progress is saved. The second one ends the program at once. A terminal that is
// closed is an interrupt, unless the program was started with nohup.
func interruptible(stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		_, _ = fmt.Fprintln(stderr, "\nStopping after the current step; press Ctrl-C again to stop at once.")
		cancel()
		if _, ok := <-signals; ok {
			os.Exit(exitInterrupted)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel()
	}
}

func rootCommand(s *settings) *cobra.Command {
	root := &cobra.Command{
		Use:   "sslpipe",
		Short: "Does self-supervised pre-training help here, by how much, and with which pretext task?",
		Long: `sslpipe runs experiments that are written down as HCL pipelines: it pre-trains
encoders on unlabelled images, fine-tunes classifiers from few labels, and
compares them in a table with seeds, intervals and tests.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			return s.load(cmd.Flags())
		},
	}
	s.addFlags(root.PersistentFlags())
	for _, command := range commands {
		root.AddCommand(command(s))
	}
	addCompletion(root, s)
	return root
}

// commands lists the commands.
var commands = []func(*settings) *cobra.Command{
	initCommand,
	runCommand,
	planCommand,
	graphCommand,
	diffCommand,
	validateCommand,
	fmtCommand,
	evalCommand,
	previewCommand,
	predictCommand,
	reportCommand,
	runsCommand,
	showCommand,
	compareCommand,
	exportCommand,
	importCommand,
	cacheCommand,
	lockCommand,
	verifyCommand,
	describeCommand,
	lspCommand,
	clusterCommand,
	doctorCommand,
	func(*settings) *cobra.Command { return runtimeCommand() },
}
