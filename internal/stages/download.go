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
	"sslpipe/internal/tokenizer"
)

var download = plan.Kind{
	Name:    "download",
	Doc:     "Gets a data set of images or text, verifies it, decodes it once and splits it.",
	Sample:  "images",
	Version: 2,
	New: func() any {
		return &DownloadConfig{ValidationPerClass: 50}
	},
	Families: map[string]schema.Family{"tokenizer": tokenizer.Kinds},
	Outputs: []plan.Output{
		{Name: splitUnlabelled, Type: artifact.TypeDataset, Doc: "Training images of all classes, without their labels; of text, windows of all documents for training, one behind the other."},
		{Name: splitTrain, Type: artifact.TypeDataset, Doc: "Training images, or documents, with labels, from which label budgets are drawn."},
		{Name: splitValidation, Type: artifact.TypeDataset, Doc: "Images, or documents, held out of training, for every choice that is made."},
		{Name: splitTest, Type: artifact.TypeDataset, Doc: "Images, or documents, that only evaluate reads."},
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
	URL                string            `hcl:"url,optional" doc:"Address of an archive, or of a file of text, for data that is not known by name."`
	Path               string            `hcl:"path,optional" file:"true" doc:"Archive, folder or file of text on this machine; with source, a local copy of it."`
	SHA256             string            `hcl:"sha256,optional" doc:"Digest that the archive must have."`
	Layout             string            `hcl:"layout,optional" doc:"How the files are arranged, for a url or path."`
	Classes            map[string]string `hcl:"classes,optional" doc:"Classes to keep, as name = label in the data set. Unlabelled images keep all classes."`
	ImageSize          int               `hcl:"image_size,optional" doc:"Side of the square images in pixels; 0 keeps the data set's size."`
	Channels           int               `hcl:"channels,optional" doc:"1 for grey, 3 for colour; 0 keeps the data set's."`
	ValidationPerClass int               `hcl:"validation_per_class,optional" min:"1" example:"50" doc:"Images, or documents, of each class held out of training for choices."`
	TestPerClass       int               `hcl:"test_per_class,optional" min:"0" doc:"Images, or documents, of each class moved from training to test, where the official test is small; 0 uses the official test alone."`
	UnlabelledLimit    int               `hcl:"unlabelled_limit,optional" min:"0" doc:"Unlabelled images, or windows of text, to keep; 0 keeps all."`
	Seed               int64             `hcl:"seed,optional" doc:"Seed of the splits."`
	Text               *TextConfig       `hcl:"text,block" doc:"How text becomes sequences of tokens. Without this block it is as by its defaults; images have none."`
}

// TextConfig says how text becomes sequences of tokens. It is a block, and not in
// DownloadConfig, so that stages of images are named by the same fingerprints as
// before there was text.
type TextConfig struct {
	Tokenizer   *schema.Choice `family:"tokenizer" example:"wordpiece" doc:"What cuts text into tokens; its vocabulary is learnt from the documents for training. WordPiece with 4096 tokens without it."`
	TokenizerOf schema.Ref     `hcl:"tokenizer_of,optional" ref:"dataset" doc:"Text of another download stage whose tokeniser is used, and none learnt."`
	Length      int            `hcl:"length,optional" example:"64" doc:"Tokens of a sequence, with the two that begin and end it; 0 takes 64. Longer documents are cut off for their class, and shorter ones padded; for pre-training all are joined and cut into windows without padding."`
	TextColumn  string         `hcl:"text_column,optional" doc:"Column of a table, or key of JSON, that holds the documents; \"\" takes text."`
	LabelColumn string         `hcl:"label_column,optional" doc:"Column or key that holds the labels; \"\" takes label, if it is there."`
	HeldOut     float64        `hcl:"held_out,optional" min:"0" doc:"Share of the documents held out for validation, and as many for test, where they have no labels and no such parts of their own; 0 takes 0.05."`
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
		add("", "Say where the images or documents come from: source (one of %s), or url or path with a layout.", strings.Join(dataset.KnownNames(), ", "))
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
	c.validateText(add)
	return problems
}

// validateText keeps images and text apart. Where the layout is not known yet, there is
// a problem already.
func (c *DownloadConfig) validateText(add func(field, format string, args ...any)) {
	layout := c.source().LayoutName()
	switch {
	case layout == "":
		return
	case !dataset.IsText(layout):
		if c.Text != nil {
			add("text", "The layout %s is one of images, and this block is about text. Layouts of text are: %s.", layout, strings.Join(dataset.TextLayouts(), ", "))
		}
		return
	}
	if c.ImageSize != 0 {
		add("image_size", "The layout %s is one of text, which has no size in pixels; length in the text block says how many tokens a sequence has.", layout)
	}
	if c.Channels != 0 {
		add("channels", "The layout %s is one of text, which has no channels.", layout)
	}
	if t := c.Text; t != nil && !dataset.HasColumns(layout) {
		for _, column := range []struct{ name, value string }{{"text.text_column", t.TextColumn}, {"text.label_column", t.LabelColumn}} {
			if column.value != "" {
				add(column.name, "The layout %s has no columns; csv and jsonl have.", layout)
			}
		}
	}
}

// Validate implements schema.Validator.
func (c *TextConfig) Validate() []schema.Problem {
	var p problems
	if c.Length != 0 && (c.Length < dataset.ShortestLength || c.Length > dataset.LongestLength) {
		p.add("length", "A length between %d and %d is needed, not %d.", dataset.ShortestLength, dataset.LongestLength, c.Length)
	}
	if c.HeldOut >= 0.5 {
		p.add("held_out", "What is held out is held out twice, for validation and test, and training gets the rest: a share below 0.5 is needed, not %g.", c.HeldOut)
	}
	if c.Tokenizer != nil && c.TokenizerOf != (schema.Ref{}) {
		p.add("tokenizer_of", "Give tokenizer or tokenizer_of, not both: one learns a vocabulary, the other takes one.")
	}
	return p
}

func checkDownload(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*DownloadConfig)
	var p problems
	source, vocabulary := c.source(), 0
	if source.IsText() {
		vocabulary = source.Text.Vocabulary()
		if c.Text != nil && c.Text.TokenizerOf != (schema.Ref{}) {
			if vocabulary = in.One(tokenizerOf).Vocabulary; vocabulary == 0 {
				p.add(tokenizerOf, "%s has images, and no tokeniser.", c.Text.TokenizerOf.Stage)
			}
		}
	}
	facts := map[string]plan.Facts{}
	for _, split := range []string{splitUnlabelled, splitTrain, splitValidation, splitTest} {
		facts[split] = plan.Facts{Shape: dataset.KnownShape(source), Vocabulary: vocabulary, Split: split}
	}
	return facts, p
}

// tokenizerOf is the path of the reference to another text.
const tokenizerOf = "text.tokenizer_of"

func (c *DownloadConfig) source() dataset.Source {
	return dataset.Source{
		Name: c.Source, URL: c.URL, Path: c.Path, SHA256: c.SHA256, Layout: c.Layout,
		Classes: c.Classes, ImageSize: c.ImageSize, Channels: c.Channels,
		ValidationPerClass: c.ValidationPerClass, TestPerClass: c.TestPerClass,
		UnlabelledLimit: c.UnlabelledLimit, Seed: c.Seed, Text: c.Text.text(),
	}
}

func (c *TextConfig) text() dataset.Text {
	if c == nil {
		return dataset.Text{}
	}
	t := dataset.Text{Length: c.Length, Columns: dataset.Columns{Text: c.TextColumn, Label: c.LabelColumn}, HeldOut: c.HeldOut}
	if c.Tokenizer != nil {
		t.Tokenizer = c.Tokenizer.Config.(tokenizer.Trainer)
	}
	return t
}

func runDownload(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	source := cfg.(*DownloadConfig).source()
	if of := env.Inputs[tokenizerOf]; len(of) > 0 {
		source.Text.TokenizerOf = of[0].Path
	}
	meta, err := dataset.Prepare(ctx, source, env.CacheDir, filepath.Join(env.Dir, "out"), dataset.Watch{
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
