package stages

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

var augment = plan.Kind{
	Name:    "augment",
	Doc:     "Declares the random transforms that training sees images through, and draws a sheet of them; texts have none, and some are written down as tokens.",
	Sample:  "views",
	Shown:   func(path string) bool { return path == previewPicture || path == previewText },
	Version: 2,
	New:     func() any { return &AugmentConfig{} },
	Families: map[string]schema.Family{
		"transform": transform.Kinds,
	},
	Outputs: []plan.Output{
		{Name: "views", Type: artifact.TypeViews, Doc: "The images together with their transforms, or the texts; preview.png or preview.txt shows what a network sees."},
	},
	Check: checkAugment,
	Run:   runAugment,
}

// AugmentConfig configures an augment stage: its transform blocks are applied
// in the order in which they are written.
type AugmentConfig struct {
	Data       schema.Ref      `hcl:"data" ref:"dataset" example:"download.images.unlabelled" doc:"The images to transform, or texts."`
	Transforms []schema.Choice `blocks:"transform" example:"resized_crop,flip" doc:"Transforms, in order."`
}

func checkAugment(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*AugmentConfig)
	facts := in.One("data")
	var problems []schema.Problem
	switch {
	case facts.Vocabulary > 0 && len(c.Transforms) > 0:
		problems = []schema.Problem{{Field: "transform[0]", Message: "Transforms are for images, and the data is text: leave them out. Tasks on text hide or continue it themselves."}}
	case facts.Vocabulary == 0 && facts.Shape != [3]int{}:
		problems = transform.CheckShape(c.Transforms, facts.Shape[0], facts.Shape[1], facts.Shape[2])
	}
	return map[string]plan.Facts{"views": facts}, problems
}

// The files that show examples, of images and of texts.
const (
	previewPicture = "preview.png"
	previewText    = "preview.txt"
)

// PreviewFile is the name of the file in the artifact that shows its views.
func PreviewFile(h artifact.Handle) (string, error) {
	var meta artifact.ViewsMeta
	if err := h.Decode(&meta); err != nil {
		return "", err
	}
	if meta.Dataset.Text != nil {
		return previewText, nil
	}
	return previewPicture, nil
}

// A preview shows this many examples, and each image this many times.
const previewExamples, previewViews = 10, 8

func runAugment(_ context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*AugmentConfig)
	handle := env.Inputs["data"][0]
	data, err := openDataset(handle)
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	if err := writePreview(filepath.Join(env.Dir, "out"), data, c, env); err != nil {
		return nil, fmt.Errorf("make preview: %w", err)
	}
	meta := artifact.ViewsMeta{DatasetDigest: handle.Digest}
	if err := handle.Decode(&meta.Dataset); err != nil {
		return nil, err
	}
	for _, t := range c.Transforms {
		config, err := json.Marshal(t.Config)
		if err != nil {
			return nil, fmt.Errorf("store settings of %s: %w", t.Name, err)
		}
		meta.Transforms = append(meta.Transforms, artifact.Transform{Name: t.Name, Version: t.Version, Config: config})
	}
	return map[string]artifact.Output{"views": {Type: artifact.TypeViews, Meta: meta}}, nil
}

// splitData is a data set with the split that a reference named.
type splitData struct {
	*dataset.Dataset
	folder  string // its name is the data set's digest
	split   string
	indices []int
}

// use names a split of the data as having a share in a model.
func (d *splitData) use(purpose, split string) artifact.DataUse {
	return artifact.DataUse{Purpose: purpose, Name: d.Meta.Name, Digest: filepath.Base(d.folder), Split: split}
}

func openDataset(h artifact.Handle) (*splitData, error) {
	var meta artifact.DatasetMeta
	if err := h.Decode(&meta); err != nil {
		return nil, err
	}
	return openSplit(h.Path, meta.Split)
}

func openSplit(dir, split string) (*splitData, error) {
	data, err := dataset.Open(dir)
	if err != nil {
		return nil, err
	}
	indices, err := data.Split(split)
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return &splitData{Dataset: data, folder: dir, split: split, indices: indices}, nil
}

// views is a data set seen through transforms.
type views struct {
	*splitData
	transforms transform.Pipeline
	// size is that of the views and source that of the images which the transforms
	// make them from; zero is that of the data set's images.
	size, source transform.Size
}

// openViews opens the data set behind an augment stage's output. The transforms
// are rebuilt from the artifact, so that training applies what the sheet shows.
func openViews(h artifact.Handle) (*views, error) {
	var meta artifact.ViewsMeta
	if err := h.Decode(&meta); err != nil {
		return nil, err
	}
	transforms, err := transformsOf(meta)
	if err != nil {
		return nil, err
	}
	data, err := openSplit(h.Object(meta.DatasetDigest), meta.Dataset.Split)
	if err != nil {
		return nil, err
	}
	return &views{splitData: data, transforms: transforms}, nil
}

func transformsOf(meta artifact.ViewsMeta) (transform.Pipeline, error) {
	choices := make([]schema.Choice, len(meta.Transforms))
	for i, t := range meta.Transforms {
		choice, err := restoreChoice(transform.Kinds, t.Name, t.Config)
		if err != nil {
			return nil, err
		}
		choices[i] = choice
	}
	return transform.New(choices)
}

func writePreview(out string, data *splitData, c *AugmentConfig, env *plan.Env) error {
	if data.Meta.Text != nil {
		return previewTexts(filepath.Join(out, previewText), data)
	}
	return drawSheet(filepath.Join(out, previewPicture), data, c, env)
}

// drawSheet writes a picture of some images of the split beside several
// views of each, as training will see them.
func drawSheet(path string, data *splitData, c *AugmentConfig, env *plan.Env) error {
	pipeline, err := transform.New(c.Transforms)
	if err != nil {
		return err
	}
	n := min(previewExamples, len(data.indices))
	g := tf.NewGraph()
	nw := form{shape: data.Meta.Shape}
	fed := nw.fed(g, "images", n)
	f, err := newFeeder(g, data.Dataset, spread(data.indices, n), fed, pipeline, previewViews, env.Seed)
	if err != nil {
		return err
	}
	f.sampler.Permutation = inOrder(n)
	var outputs []tf.Output
	for _, v := range f.augment(g, fed, env.Device) {
		outputs = append(outputs, bytesOf(g, v))
	}
	session, err := tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: tf.Device(env.Device)})
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }()
	feeds, err := f.fill(0)
	if err != nil {
		return err
	}
	fetched, err := session.Run(feeds, outputs)
	if err != nil {
		return err
	}
	columns := []transform.Column{columnOf(f.examples.Uint8s(), nw.shape, n)}
	for _, t := range fetched {
		columns = append(columns, columnOf(t.Uint8s(), nw.shape, n))
	}
	return writeSheet(path, columns, nw.shape[2])
}

// bytesOf turns images in [0, 1] into uint8.
func bytesOf(g *tf.Graph, x tf.Output) tf.Output {
	return g.Cast(g.Round(g.Mul(x, g.Scalar(255))), tf.Uint8)
}

// columnOf cuts n pictures of the given height, width and channels apart. It copies
// them: the pixels of a fed tensor are freed with it, which nothing keeps until the
// sheet is drawn.
func columnOf(pixels []uint8, shape [3]int, n int) transform.Column {
	c := transform.Column{H: shape[0], W: shape[1]}
	size := shape[0] * shape[1] * shape[2]
	for i := range n {
		c.Pictures = append(c.Pictures, slices.Clone(pixels[i*size:(i+1)*size]))
	}
	return c
}

// writeSheet draws columns of pictures with so many channels to a PNG file.
func writeSheet(path string, columns []transform.Column, channels int) error {
	sheet, err := transform.Sheet(columns, channels)
	if err != nil {
		return err
	}
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, sheet); err != nil {
		return err
	}
	return writeWhole(path, encoded.Bytes())
}

// writeWhole writes a file that appears whole or not at all, in a folder that need not be
// there.
func writeWhole(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}

// spread picks n examples at equal distances, so that a split sorted by class
// shows more than one.
func spread(indices []int, n int) []int {
	picked := make([]int, n)
	for i := range picked {
		picked[i] = indices[i*len(indices)/n]
	}
	return picked
}

// inOrder is the permutation that shuffles nothing.
func inOrder(n int) func(int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return func(int) []int { return order }
}
