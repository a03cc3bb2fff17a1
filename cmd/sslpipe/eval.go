package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sslpipe/internal/plan"
	"sslpipe/internal/view"
)

// evalFlags are the flags of eval.
type evalFlags struct {
	pipelineFlags
	exprs []string
	json  bool
}

func evalCommand(s *settings) *cobra.Command {
	var flags evalFlags
	cmd := &cobra.Command{
		Use:   "eval PIPELINE.hcl... [-e EXPRESSION]",
		Short: "Evaluate expressions and addresses of a pipeline",
		Long: `Evaluates expressions as if they stood in the pipeline's locals: variables,
locals, functions. An address of a stage stands for its attributes with their
values and where those come from; an attribute or output can follow it.

Without -e, each line of standard input is an expression.`,
		Example: `  sslpipe eval pipelines/rotation.hcl -e 'length(var.labels)'
  sslpipe eval pipelines/rotation.hcl -e pretrain.rotation.optimizer.learning_rate
  echo 'finetune.ssl_full' | sslpipe eval pipelines/rotation.hcl`,
		Args: takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error { return s.eval(cmd, flags, args) },
	}
	flags.add(cmd)
	cmd.Flags().StringArrayVarP(&flags.exprs, "expression", "e", nil, "expression or address to evaluate (repeatable)")
	cmd.Flags().BoolVar(&flags.json, "json", false, "write each value as a line of JSON")
	return cmd
}

func (s *settings) eval(cmd *cobra.Command, flags evalFlags, paths []string) error {
	p, err := flags.inspect(cmd, s, paths)
	if err != nil {
		return err
	}
	if len(flags.exprs) == 0 {
		return evalLines(cmd, p, flags.json)
	}
	for _, expr := range flags.exprs {
		if err := evalOne(cmd, p, expr, flags.json); err != nil {
			return err
		}
	}
	return nil
}

// evalLines evaluates what is piped in or typed. A mistake does not end a typed
// session.
func evalLines(cmd *cobra.Command, p *plan.Plan, asJSON bool) error {
	in := cmd.InOrStdin()
	file, isFile := in.(*os.File)
	typed := isFile && term.IsTerminal(int(file.Fd()))
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var mistake error
	for prompt(cmd.ErrOrStderr(), typed); lines.Scan(); prompt(cmd.ErrOrStderr(), typed) {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if err := evalOne(cmd, p, line, asJSON); err != nil && !typed {
			mistake = err
		}
	}
	if err := lines.Err(); err != nil {
		return failed(fmt.Errorf("read expressions: %w", err))
	}
	return mistake
}

func prompt(w io.Writer, typed bool) {
	if typed {
		fmt.Fprint(w, "> ")
	}
}

func evalOne(cmd *cobra.Command, p *plan.Plan, expr string, asJSON bool) error {
	value, diags := p.Eval(expr)
	if diags.HasErrors() {
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, p.Files, diags, view.Detect(stderr, os.Getenv)); err != nil {
			return failed(err)
		}
		return exitError{code: exitMistake}
	}
	out := cmd.OutOrStdout()
	if !asJSON {
		return failed(view.Evaluated(out, value, view.Detect(out, os.Getenv)))
	}
	text, err := value.JSON()
	if err != nil {
		return failed(err)
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return failed(err)
}
