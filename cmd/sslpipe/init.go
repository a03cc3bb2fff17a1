package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"sslpipe/internal/dataset"
	"sslpipe/internal/machine"
	"sslpipe/internal/schema"
	"sslpipe/internal/starter"
	"sslpipe/internal/view"
)

// initFlags are the flags of init.
type initFlags struct {
	out, pretext string
	minutes      int
	force        bool
}

func initCommand(s *settings) *cobra.Command {
	var flags initFlags
	cmd := &cobra.Command{
		Use:   "init IMAGES",
		Short: "Write a first pipeline for a folder or archive of images, after looking at them",
		Long: `Looks at a folder or archive of images (names, counts, headers, copies; nothing is
changed) and writes a commented pipeline for them, to be edited: splits, label
budgets, image size, a pretext task, and as many epochs as fit into the time.

Images lie in a folder for each class (IMAGES/cat/1.jpg), or in train/cat and
test/cat; images without labels in unlabelled/. Archives and the files of MNIST,
CIFAR, STL-10 and Tiny ImageNet are known too. Images without classes get a
pipeline that only pre-trains.`,
		Example: `  sslpipe init photos/
  sslpipe init photos.zip --minutes 60 --pretext simclr
  sslpipe init photos/ --out -`,
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.init(cmd, flags, args[0]) },
	}
	cmd.Flags().StringVarP(&flags.out, "out", "o", "", "file to write, - for standard output (default IMAGES.hcl in the working folder)")
	cmd.Flags().BoolVar(&flags.force, "force", false, "overwrite the file")
	cmd.Flags().IntVar(&flags.minutes, "minutes", 15, "how long a run may take, by a rough estimate")
	cmd.Flags().StringVar(&flags.pretext, "pretext", "", "pretext task (default rotation, or simclr where images must not be turned)")
	return cmd
}

// init looks at images and writes a pipeline for them.
func (s *settings) init(cmd *cobra.Command, flags initFlags, images string) error {
	if err := flags.check(); err != nil {
		return err
	}
	options, err := flags.options(images)
	if err != nil {
		return err
	}
	if err := flags.free(options.File); err != nil {
		return err
	}
	if _, err := os.Stat(images); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no folder or archive %s", images)
	}
	options.Machine = starter.Machine{Cores: s.Jobs, Slowness: slowness()}
	survey, err := dataset.Examine(cmd.Context(), images)
	if err != nil {
		return explained(cmd, err)
	}
	pipeline, err := starter.Write(survey, options)
	if err != nil {
		return explained(cmd, fmt.Errorf("%s: %w", images, err))
	}
	return failed(flags.deliver(cmd, options, pipeline))
}

func (f initFlags) check() error {
	if known := starter.Pretexts(); f.pretext != "" && !slices.Contains(known, f.pretext) {
		return fmt.Errorf("there is no pretext task %q to begin with; there are %s.%s", f.pretext, strings.Join(known, ", "), schema.DidYouMean(f.pretext, known))
	}
	if f.minutes < 1 || f.minutes > 10_000 {
		return fmt.Errorf("--minutes must be from 1 to 10000, not %d", f.minutes)
	}
	return nil
}

// options names the pipeline file and the images as that file sees them.
func (f initFlags) options(images string) (starter.Options, error) {
	full, err := filepath.Abs(images)
	if err != nil {
		return starter.Options{}, failed(err)
	}
	o := starter.Options{Name: filepath.Base(full), Pretext: f.pretext, Minutes: f.minutes, File: f.out}
	folder := "."
	switch f.out {
	case "", "-":
		o.File = pipelineName(o.Name) + ".hcl"
	default:
		folder = filepath.Dir(f.out)
	}
	if folder, err = filepath.Abs(folder); err == nil {
		o.Path, err = filepath.Rel(folder, full)
	}
	return o, failed(err)
}

// pipelineName makes the name of a file out of the name of images.
func pipelineName(images string) string {
	for _, packed := range []string{".gz", ".zst", ".tgz", ".tar", ".zip"} {
		images = strings.TrimSuffix(images, packed)
	}
	words := strings.FieldsFunc(images, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-'
	})
	if name := strings.Trim(strings.ToLower(strings.Join(words, "-")), "-"); name != "" {
		return name
	}
	return "pipeline"
}

// free refuses to overwrite a file.
func (f initFlags) free(file string) error {
	if f.out == "-" || f.force {
		return nil
	}
	_, err := os.Lstat(file)
	switch {
	case err == nil:
		return fmt.Errorf("%s is there already: name another file with --out, or overwrite it with --force", file)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return nil
}

// explained adds what would be legal to an error about images.
func explained(cmd *cobra.Command, err error) error {
	var layout *dataset.LayoutError
	switch {
	case cmd.Context().Err() != nil:
		return exitError{code: exitInterrupted, err: errors.New("interrupted; nothing was written")}
	case errors.As(err, &layout):
		return fmt.Errorf("%w\nIts files look like the layout %s, which is\n  %s", err, layout.Layout, strings.ReplaceAll(layout.Doc, "; ", "\n  "))
	}
	return err
}

// deliver writes the file, and tells what was found and what comes next.
func (f initFlags) deliver(cmd *cobra.Command, o starter.Options, p *starter.Pipeline) error {
	if f.out == "-" {
		if _, err := cmd.OutOrStdout().Write(p.Text); err != nil {
			return err
		}
		return summary(cmd.ErrOrStderr(), o, p, false)
	}
	if err := os.WriteFile(o.File, p.Text, 0o644); err != nil {
		return err
	}
	return summary(cmd.OutOrStdout(), o, p, true)
}

func summary(out io.Writer, o starter.Options, p *starter.Pipeline, written bool) error {
	d := view.Description{Title: o.Name, Sections: []view.Section{
		{Title: "Found", Items: items(p.Found)},
		{Title: "Chosen", Items: items(p.Choices)},
	}}
	mind := view.Section{Title: "Mind"}
	for _, warning := range p.Warnings {
		mind.Items = append(mind.Items, view.Item{Name: "-", Doc: warning})
	}
	d.Sections = append(d.Sections, mind)
	if written {
		d.Sections = append(d.Sections, view.Section{Title: "Wrote " + o.File, Items: []view.Item{
			{Name: "next", Doc: fmt.Sprintf("sslpipe plan %[1]s\nsslpipe preview %[1]s\nsslpipe run %[1]s", o.File)},
		}})
	}
	return view.Describe(out, view.Detect(out, os.Getenv), d)
}

func items(facts []starter.Fact) []view.Item {
	items := make([]view.Item, len(facts))
	for i, f := range facts {
		items[i] = view.Item{Name: f.Name, Doc: f.Text}
	}
	return items
}

// slowness is how much longer this machine takes than those with AVX-512, on which
// the estimates of time rest: the first pipeline took 11 minutes with AVX2 alone,
// and 6 and a half with AVX-512.
func slowness() float64 {
	switch {
	case strings.HasPrefix(machine.Instructions(), "avx512"):
		return 1
	case machine.Instructions() == "avx2":
		return 1.7
	}
	return 3
}
