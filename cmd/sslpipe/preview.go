package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/schema"
	"sslpipe/internal/stages"
)

// previewFlags are the flags of preview.
type previewFlags struct {
	pipelineFlags
	out    string
	images int
}

func previewCommand(s *settings) *cobra.Command {
	flags := previewFlags{images: 8}
	cmd := &cobra.Command{
		Use:   "preview PIPELINE.hcl [ADDRESS]",
		Short: "Draw what a pretext task sees: views, tiles, masks, labels",
		Long: `Draws what the tasks of a pretrain stage show the encoder in their first step,
as one file for each stage: PNG of images, text of texts. ADDRESS is a pretrain
stage, for example pretrain.rotation, and all of them without it. The data are
fetched and prepared first, if they are not yet; nothing is trained.`,
		Example: `  sslpipe preview pipelines/rotation.hcl
  sslpipe preview pipelines/rotation.hcl pretrain.rotation --out rotation.png`,
		Args: takes(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error { return s.preview(cmd, flags, args) },
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.out, "out", "", "file to write (default .sslpipe/previews/PIPELINE/STAGE.png or .txt)")
	cmd.Flags().IntVar(&flags.images, "images", flags.images, "images or texts to show, a row for each")
	return cmd
}

// preview makes what the stages read, and draws what their tasks make of it.
func (s *settings) preview(cmd *cobra.Command, flags previewFlags, args []string) error {
	if flags.images < 1 || flags.images > 64 {
		return fmt.Errorf("--images must be from 1 to 64, not %d", flags.images)
	}
	device, err := s.chooseDevice()
	if err != nil {
		return err
	}
	p, err := flags.load(cmd, s, args[:1], device, withRuntime(stages.Kinds, device))
	if err != nil {
		return err
	}
	units, err := previewed(p, args[1:])
	if err != nil {
		return err
	}
	if flags.out != "" && len(units) > 1 {
		return fmt.Errorf("--out names one file, and %s has %d pretrain stages: give the address of one", args[0], len(units))
	}
	store, err := s.store()
	if err != nil {
		return err
	}
	result, err := s.execute(cmd, p.Upstream(units...), store, run.Options{Device: device})
	if err != nil {
		return interruptedOrFailed(err)
	}
	if err := openRuntimeFor(cmd, device); err != nil {
		return failed(err)
	}
	for _, u := range units {
		views, err := viewsOf(store, result.Entries, u)
		file := flags.out
		if err == nil && file == "" {
			file, err = stages.PreviewFile(views)
			file = filepath.Join(s.State, "previews", p.Pipeline.Name, plan.FileName(u.Stage.Name)+filepath.Ext(file))
		}
		if err == nil {
			err = stages.Preview(file, u.Config.(*stages.PretrainConfig), views, flags.images, int64(u.Coord["seed"]))
		}
		if err != nil {
			return failed(fmt.Errorf("preview %s: %w", u.Stage.Address, err))
		}
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), file); err != nil {
			return failed(err)
		}
	}
	return nil
}

// openRuntimeFor loads TensorFlow for a command, which may have run no unit.
func openRuntimeFor(cmd *cobra.Command, device string) error {
	progress := newInstallProgress(cmd.ErrOrStderr())
	defer progress.end()
	return openRuntime(cmd.Context(), device, func(format string, args ...any) {
		fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...)
	}, progress.report)
}

// previewed returns the first unit of the pretrain stage at an address, or of
// every pretrain stage.
func previewed(p *plan.Plan, address []string) ([]*plan.Unit, error) {
	var units []*plan.Unit
	var known []string
	for _, stage := range p.Stages {
		if _, ok := stage.Config.(*stages.PretrainConfig); !ok {
			continue
		}
		known = append(known, stage.Address)
		if len(address) == 0 || address[0] == stage.Address || strings.HasPrefix(stage.Address, address[0]+"[") {
			units = append(units, stage.Units[0])
		}
	}
	switch {
	case len(known) == 0:
		return nil, fmt.Errorf("%s has no pretrain stage", p.Pipeline.Path)
	case len(units) == 0:
		return nil, fmt.Errorf("there is no pretrain stage at %q; there are %v.%s", address[0], known, schema.DidYouMean(address[0], known))
	}
	return units, nil
}

func viewsOf(store *artifact.Store, entries map[string]*artifact.Entry, u *plan.Unit) (artifact.Handle, error) {
	const field = "views"
	in := u.Inputs[field][0]
	return store.Handle(entries[in.Address], u.InputOutputs[field][0])
}
