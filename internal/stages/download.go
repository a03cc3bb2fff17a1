package stages

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

var download = plan.Kind{
	Name:    "download",
	Doc:     "Gets a data set, verifies it, decodes it once and splits it.",
	Sample:  "images",
	Version: 1,
	New: func() any {
		return &DownloadConfig{ValidationPerClass: 50}
	},
	Outputs: []plan.Output{
		{Name: splitUnlabelled, Type: artifact.TypeDataset, Doc: "Training images of all classes, without their labels."},
		{Name: splitTrain, Type: artifact.TypeDataset, Doc: "Training images with labels, from which label budgets are drawn."},
		{Name: splitValidation, Type: artifact.TypeDataset, Doc: "Images held out of training, for every choice that is made."},
		{Name: splitTest, Type: artifact.TypeDataset, Doc: "Images that only evaluate reads."},
	},
	HostOnly: true,
	Check:    checkDownload,
	Run:      runDownload,
}

// The splits of a data set, which are the outputs of download.
const (
	splitUnlabelled = "unlabelled"
	splitTrain      = "train"
	splitValidation = "validation"
	splitTest       = "test"
)

// DownloadConfig configures a download stage: a known source by name, or a url
// or path with its layout.
type DownloadConfig struct {
	Source             string            `hcl:"source,optional" example:"fashion-mnist-mini" doc:"Name of a known data set."`
	URL                string            `hcl:"url,optional" doc:"Address of an archive, for data that is not known by name."`
	Path               string            `hcl:"path,optional" file:"true" doc:"Archive or folder on this machine; with source, a local copy of it."`
	SHA256             string            `hcl:"sha256,optional" doc:"Digest that the archive must have."`
	Layout             string            `hcl:"layout,optional" doc:"How the files are arranged, for a url or path."`
	Classes            map[string]string `hcl:"classes,optional" doc:"Classes to keep, as name = label in the data set. Unlabelled images keep all classes."`
	ImageSize          int               `hcl:"image_size,optional" doc:"Side of the square images in pixels; 0 keeps the data set's size."`
	Channels           int               `hcl:"channels,optional" doc:"1 for grey, 3 for colour; 0 keeps the data set's."`
	ValidationPerClass int               `hcl:"validation_per_class,optional" min:"1" example:"50" doc:"Images of each class held out of training for choices."`
	TestPerClass       int               `hcl:"test_per_class,optional" min:"0" doc:"Images of each class moved from training to test, where the official test is small; 0 uses the official test alone."`
	UnlabelledLimit    int               `hcl:"unlabelled_limit,optional" min:"0" doc:"Unlabelled images to keep; 0 keeps all."`
	Seed               int64             `hcl:"seed,optional" doc:"Seed of the splits."`
}

// Enums implements schema.Enumerator.
func (*DownloadConfig) Enums() map[string][]string {
	return map[string][]string{"source": dataset.KnownNames(), "layout": dataset.Layouts()}
}

// Validate implements schema.Validator.
func (c *DownloadConfig) Validate() []schema.Problem {
	var problems []schema.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case c.Source == "" && c.URL == "" && c.Path == "":
		add("", "Say where the images come from: source (one of %s), or url or path with a layout.", strings.Join(dataset.KnownNames(), ", "))
	case c.Source == "" && c.Layout == "":
		add("layout", "A url or path needs a layout: %s.", strings.Join(dataset.Layouts(), ", "))
	case c.Source != "" && c.URL != "":
		add("url", "Give source or url, not both.")
	}
	if c.URL != "" && c.SHA256 == "" {
		add("sha256", "A url needs the sha256 of what it serves, so that every run trains on the same bytes.")
	}
	if c.Channels != 0 && c.Channels != 1 && c.Channels != 3 {
		add("channels", "Images have 1 or 3 channels, not %d.", c.Channels)
	}
	if c.ImageSize != 0 && (c.ImageSize < 8 || c.ImageSize > 1024) {
		add("image_size", "An image_size between 8 and 1024 is needed, not %d.", c.ImageSize)
	}
	return problems
}

func checkDownload(cfg any, _ plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*DownloadConfig)
	facts := map[string]plan.Facts{}
	for _, split := range []string{splitUnlabelled, splitTrain, splitValidation, splitTest} {
		facts[split] = plan.Facts{Shape: dataset.KnownShape(c.source()), Split: split}
	}
	return facts, nil
}

func (c *DownloadConfig) source() dataset.Source {
	return dataset.Source{
		Name: c.Source, URL: c.URL, Path: c.Path, SHA256: c.SHA256, Layout: c.Layout,
		Classes: c.Classes, ImageSize: c.ImageSize, Channels: c.Channels,
		ValidationPerClass: c.ValidationPerClass, TestPerClass: c.TestPerClass,
		UnlabelledLimit: c.UnlabelledLimit, Seed: c.Seed,
	}
}

func runDownload(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*DownloadConfig)
	meta, err := dataset.Prepare(ctx, c.source(), env.CacheDir, filepath.Join(env.Dir, "out"), dataset.Watch{
		Report: func(done, total int64, note string) {
			env.Report(plan.Progress{Step: int(done), Total: int(total), Note: note})
		},
		Logf:   env.Logf,
		Redact: env.Redact,
	})
	if err != nil {
		return nil, err
	}
	outputs := map[string]artifact.Output{}
	for _, split := range []string{splitUnlabelled, splitTrain, splitValidation, splitTest} {
		m := *meta
		m.Split = split
		outputs[split] = artifact.Output{Type: artifact.TypeDataset, Meta: m}
	}
	return outputs, nil
}
