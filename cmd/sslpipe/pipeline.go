package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/digests"
	"sslpipe/internal/machine"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

// pipelineFlags are the flags of every command that reads a pipeline.
type pipelineFlags struct {
	given []plan.Given
	sets  []string
	// workers train each unit together; 0 is what TF_CONFIG says.
	workers int
	// gpus of this machine do so; 0 is one.
	gpus int
}

func (f *pipelineFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(givenFlag{given: &f.given}, "var", "set a variable of the pipeline (repeatable)")
	flags.Var(givenFlag{given: &f.given, file: true}, "var-file", "set variables from a file of NAME = VALUE lines (repeatable)")
	flags.StringArrayVar(&f.sets, "set", nil, "replace attributes of stages, as ADDRESS.ATTRIBUTE=VALUE with a pattern for the address (repeatable)")
}

// givenFlag is --var or --var-file. They share a list, since the later one counts.
type givenFlag struct {
	given *[]plan.Given
	file  bool
}

// String implements pflag.Value.
func (g givenFlag) String() string { return "" }

// Type implements pflag.Value.
func (g givenFlag) Type() string {
	if g.file {
		return "FILE"
	}
	return "NAME=VALUE"
}

// Set implements pflag.Value.
func (g givenFlag) Set(text string) error {
	if g.file {
		*g.given = append(*g.given, plan.Given{File: text})
		return nil
	}
	if name, _, ok := strings.Cut(text, "="); !ok || name == "" {
		return fmt.Errorf("--var needs NAME=VALUE, not %q", text)
	}
	*g.given = append(*g.given, plan.Given{Var: text})
	return nil
}

// plan plans a pipeline with the values that the flags give. Data that it names is
// read once, and then again when it has changed.
func (f *pipelineFlags) plan(s *settings, paths []string, device string, kinds []plan.Kind) (*plan.Plan, hcl.Diagnostics) {
	known := digests.New(filepath.Join(s.State, "digests.json"))
	p, diags := plan.Load(paths, kinds, plan.Options{
		Given: f.given, Sets: f.sets, Lookup: os.LookupEnv, Runtime: runtimeIdentity(device), Workers: f.size(),
		Digest: func(path string) (string, error) { return plan.DigestBy(path, known.SHA256) },
	})
	_ = known.Save() // where it cannot be written, the next command reads the data again
	return p, diags
}

// load plans a pipeline for a device. Mistakes in its files are printed, and end
// the program with their own exit code.
func (f *pipelineFlags) load(cmd *cobra.Command, s *settings, paths []string, device string, kinds []plan.Kind) (*plan.Plan, error) {
	p, diags := f.plan(s, paths, device, kinds)
	if len(diags) > 0 {
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, p.Files, diags, view.Detect(stderr, os.Getenv)); err != nil {
			return nil, failed(err)
		}
	}
	if diags.HasErrors() {
		return nil, exitError{code: exitMistake}
	}
	return p, f.checkGPUs(p, device)
}

// checkGPUs refuses several GPUs where they cannot train units together.
func (f *pipelineFlags) checkGPUs(p *plan.Plan, device string) error {
	switch {
	case f.gpus < 2:
		return nil
	case p.Pipeline.Cluster.SideBySide():
		return exitError{code: exitMistake, err: fmt.Errorf("--gpus %d trains each unit together, and the pipeline has cluster { parallel = \"units\" }: leave one of them out", f.gpus)}
	case device != tfruntime.GPU:
		return exitError{code: exitMistake, err: fmt.Errorf("--gpus %d is for GPUs, and the device is %s: use --device gpu, or --workers for processes on the CPU", f.gpus, device)}
	}
	return nil
}

// inspect plans the pipeline file for a command that runs nothing.
func (f *pipelineFlags) inspect(cmd *cobra.Command, s *settings, paths []string) (*plan.Plan, error) {
	device, err := s.chooseDevice()
	if err != nil {
		return nil, err
	}
	return f.load(cmd, s, paths, device, stages.Kinds)
}

// store opens the cache of results.
func (s *settings) store() (*artifact.Store, error) {
	store, err := artifact.OpenStore(filepath.Join(s.State, "cache"))
	if err != nil {
		return nil, failed(fmt.Errorf("open the cache: %w", err))
	}
	return store, nil
}

// chooseDevice resolves the device setting to cpu or gpu.
func (s *settings) chooseDevice() (string, error) {
	root, err := depsRoot()
	if err != nil {
		return "", failed(err)
	}
	device, err := tfruntime.Choose(root, s.Device)
	return device, failed(err)
}

// runtimeIdentity names what can change the last bits of a result besides its
// own settings: TensorFlow's version, the device, the class of the machine, and
// that oneDNN and deterministic kernels are on, which package tf sees to.
func runtimeIdentity(device string) string {
	return strings.Join([]string{"tensorflow-" + tfruntime.Version, device, machine.Class(device), "onednn", "deterministic"}, "/")
}

func validateCommand(s *settings) *cobra.Command {
	var flags pipelineFlags
	asJSON := false
	cmd := &cobra.Command{
		Use:   "validate PIPELINE.hcl...",
		Short: "Check a pipeline; run nothing",
		Args:  takes(1, many),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				return flags.validateJSON(cmd, s, args)
			}
			p, err := flags.inspect(cmd, s, args)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %d stages, %d units.\n", strings.Join(args, " "), len(p.Stages), len(p.Units))
			return failed(err)
		},
	}
	flags.add(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "write what was found as JSON")
	return cmd
}

// validateJSON is for programs: everything that was found is on standard output.
func (f *pipelineFlags) validateJSON(cmd *cobra.Command, s *settings, paths []string) error {
	device, err := s.chooseDevice()
	if err != nil {
		return err
	}
	p, diags := f.plan(s, paths, device, stages.Kinds)
	if err := view.ValidityJSON(cmd.OutOrStdout(), diags, len(p.Stages), len(p.Units)); err != nil {
		return failed(err)
	}
	if diags.HasErrors() {
		return exitError{code: exitMistake}
	}
	return nil
}

// givenBy are the values for variables on a command line that is being typed.
func givenBy(cmd *cobra.Command) []plan.Given {
	flag := cmd.Flags().Lookup("var")
	if flag == nil {
		return nil
	}
	given, _ := flag.Value.(givenFlag)
	return *given.given
}
