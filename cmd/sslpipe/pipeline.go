package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
	"sslpipe/internal/tfruntime"
	"sslpipe/internal/view"
)

// pipelineFlags are the flags of every command that reads a pipeline file.
type pipelineFlags struct {
	vars []string
}

func (f *pipelineFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.vars, "var", nil, "set a variable of the pipeline, as NAME=VALUE (repeatable)")
}

// load plans the pipeline file for a device. Mistakes in the file are printed,
// and end the program with their own exit code.
func (f *pipelineFlags) load(cmd *cobra.Command, path, device string, kinds []plan.Kind) (*plan.Plan, error) {
	vars := map[string]string{}
	for _, v := range f.vars {
		name, value, ok := strings.Cut(v, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--var needs NAME=VALUE, not %q", v)
		}
		vars[name] = value
	}
	p, diags := plan.Load(path, kinds, plan.Options{Vars: vars, Runtime: runtimeIdentity(device)})
	if len(diags) > 0 {
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, p.Files, diags, view.Detect(stderr, os.Getenv)); err != nil {
			return nil, failed(err)
		}
	}
	if diags.HasErrors() {
		return nil, exitError{code: exitMistake}
	}
	return p, nil
}

// inspect plans the pipeline file for a command that runs nothing.
func (f *pipelineFlags) inspect(cmd *cobra.Command, s *settings, path string) (*plan.Plan, error) {
	device, err := s.chooseDevice()
	if err != nil {
		return nil, err
	}
	return f.load(cmd, path, device, stages.Kinds)
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
// own settings: TensorFlow's version, the device, and the vector instructions
// that oneDNN picks its kernels by.
func runtimeIdentity(device string) string {
	return strings.Join([]string{"tensorflow-" + tfruntime.Version, device, runtime.GOARCH + vectorInstructions(), "onednn", "deterministic"}, "/")
}

func vectorInstructions() string {
	switch {
	case cpu.X86.HasAVX512 && cpu.X86.HasAVX512BF16:
		return "-avx512-bf16"
	case cpu.X86.HasAVX512:
		return "-avx512"
	case cpu.X86.HasAVX2:
		return "-avx2"
	}
	return ""
}

func validateCommand(s *settings) *cobra.Command {
	var flags pipelineFlags
	cmd := &cobra.Command{
		Use:   "validate PIPELINE.hcl",
		Short: "Check a pipeline file; run nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := flags.inspect(cmd, s, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is valid: %d stages, %d units.\n", args[0], len(p.Stages), len(p.Units))
			return failed(err)
		},
	}
	flags.add(cmd)
	return cmd
}
