package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

// replan plans a run again, from what its folder holds: the files of the pipeline need
// not be there any more. The flags may give sensitive values, which are never stored,
// and nothing else. The device is that of the run unless the settings name one. Units
// that read data compare it first with what it was.
func (s *settings) replan(cmd *cobra.Command, runDir string, f *pipelineFlags) (p *plan.Plan, device string, err error) {
	mistake := func(format string, args ...any) error {
		return exitError{code: exitMistake, err: fmt.Errorf(format, args...)}
	}
	config, err := run.ReadConfig(runDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, "", failed(err)
	}
	var sources *plan.Sources
	if err == nil {
		sources, err = run.ReadSources(runDir)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", mistake("run %s does not hold its pipeline: it is no run, or an older version made it", filepath.Base(runDir))
	case err != nil:
		return nil, "", failed(err)
	case len(f.sets) > 0:
		return nil, "", mistake("--set changes a run; what it was run with is recorded")
	}
	device = config.Device
	if s.Device != "auto" {
		if device, err = s.chooseDevice(); err != nil {
			return nil, "", err
		}
	}
	p, diags := sources.Load(withRuntime(checkingData(stages.Kinds, sources), device),
		plan.Options{Given: f.given, Lookup: os.LookupEnv, Runtime: runtimeIdentity(device)})
	if diags.HasErrors() { // warnings were given when it was run
		stderr := cmd.ErrOrStderr()
		if err := view.Diagnostics(stderr, p.Files, diags, view.Detect(stderr, os.Getenv)); err != nil {
			return nil, "", failed(err)
		}
		return nil, "", exitError{code: exitMistake}
	}
	p.Pipeline.Path = config.Path
	return p, device, nil
}

// checkingData makes units compare the data that they name with what it was when the
// pipeline was planned, since their fingerprints say so.
func checkingData(kinds []plan.Kind, sources *plan.Sources) []plan.Kind {
	kinds = slices.Clone(kinds)
	for i := range kinds {
		inner := kinds[i].Run
		kinds[i].Run = func(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
			if err := sources.CheckData(cfg); err != nil {
				return nil, err
			}
			return inner(ctx, env, cfg)
		}
	}
	return kinds
}
