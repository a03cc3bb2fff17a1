package stages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/dataset"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf/tftest"
)

const side = 8

var classNames = []string{"flat", "tall", "wide"}

// picture is a noisy image with flat grey, columns or rows, by its class. Where
// the first column or row is bright or dark says nothing, which makes the classes
// hard to tell by single pixels.
func picture(random *rand.Rand, class int) *image.Gray {
	p := image.NewGray(image.Rect(0, 0, side, side))
	phase := random.IntN(2)
	for i := range p.Pix {
		column, row := (i%side+phase)%2, (i/side+phase)%2
		level := 120 + 40*[]int{0, 2*column - 1, 2*row - 1}[class]
		p.Pix[i] = uint8(level - 40 + random.IntN(80))
	}
	return p
}

// partOrder puts the test images last, where their numbers do not begin at 0.
var partOrder = map[string]string{"train": "0", "val": "1", "test": "2"}

// writePictures writes n pictures of each class into a part of a folder of images.
func writePictures(t *testing.T, folder, part string, seed uint64, n [3]int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	folder = filepath.Join(folder, partOrder[part])
	for class, name := range classNames {
		for i := range n[class] {
			writePicture(t, filepath.Join(folder, part, name, fmt.Sprintf("%s-%d-%03d.png", part, seed, i)), picture(random, class))
		}
	}
}

func writePicture(t *testing.T, path string, p image.Image) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, p), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// objects is a folder of results, which find each other in it as in a store.
type objects struct{ dir string }

// newObjects loads TensorFlow, without which there are no results.
func newObjects(t *testing.T) objects {
	t.Helper()
	tftest.Load(t)
	return objects{t.TempDir()}
}

// dataset prepares the pictures in a folder.
func (o objects) dataset(t *testing.T, name, folder string) string {
	t.Helper()
	dir := filepath.Join(o.dir, name)
	source := dataset.Source{Path: folder, Layout: "image-folder", Channels: 1}
	if _, err := dataset.Prepare(t.Context(), source, t.TempDir(), dir, dataset.Watch{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// madeUp is a data set of 40, 24 and 16 training images of three classes, 8
// validation and 8 test images of each.
func (o objects) madeUp(t *testing.T) string {
	t.Helper()
	return o.dataset(t, "made-up", madeUpPictures(t, "made-up", 1))
}

// madeUpPictures writes such a set into a folder of the given name.
func madeUpPictures(t *testing.T, name string, seed uint64) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	writePictures(t, folder, "train", seed, [3]int{40, 24, 16})
	writePictures(t, folder, "val", seed+1, [3]int{8, 8, 8})
	writePictures(t, folder, "test", seed+2, [3]int{8, 8, 8})
	return folder
}

// splitOf is the handle of a split of prepared images.
func splitOf(t *testing.T, dir, split string) artifact.Handle {
	t.Helper()
	data, err := dataset.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	data.Meta.Split = split
	return handleOf(t, artifact.TypeDataset, dir, data.Meta)
}

func handleOf(t *testing.T, kind artifact.Type, path string, meta any) artifact.Handle {
	t.Helper()
	text, err := json.Marshal(meta)
	if err != nil {
		t.Fatal(err)
	}
	return artifact.Handle{Type: kind, Path: path, Meta: text, Digest: filepath.Base(path), Unit: "unit." + filepath.Base(path)}
}

// unitEnv is the world of a finetune unit that learns from the train split of
// prepared images.
func unitEnv(t *testing.T, dir, data string, coord plan.Coord) *plan.Env {
	t.Helper()
	env := testEnv(t, dir)
	env.Seed = int64(coord[coordSeed])
	env.Unit = &plan.Unit{Address: "finetune.made-up[" + coord.String() + "]", Coord: coord}
	env.Inputs = map[string][]artifact.Handle{"data": {splitOf(t, data, splitTrain)}}
	return env
}

// finetuneConfig is the smallest network, trained for a handful of steps.
func finetuneConfig(mode string) *FinetuneConfig {
	c := finetune.New().(*FinetuneConfig)
	c.Mode, c.BatchSize, c.Warmup, c.MinSteps, c.MaxSteps, c.ValidateEvery, c.Decay = mode, 8, 0, 4, 4, 2, 0
	if mode != modePixels {
		c.Backbone = smallBackbone()
	}
	return c
}

func smallBackbone() *schema.Choice {
	choice := defaultChoice(backbone.Kinds, "mobilenet_v2")
	choice.Config.(*backbone.MobileNetV2).Alpha = 0.35
	return &choice
}

// mustFinetune runs a unit and returns its classifier.
func mustFinetune(t *testing.T, env *plan.Env, c *FinetuneConfig) (artifact.Handle, artifact.ClassifierMeta) {
	t.Helper()
	outputs, err := runFinetune(context.Background(), env, c)
	if err != nil {
		t.Fatal(err)
	}
	meta := outputs["classifier"].Meta.(artifact.ClassifierMeta)
	h := handleOf(t, artifact.TypeClassifier, filepath.Join(env.Dir, "out"), meta)
	h.Unit, h.Coord = env.Unit.Address, env.Unit.Coord
	return h, meta
}

// openUnit opens what a unit learns from, until the test ends.
func openUnit(t *testing.T, env *plan.Env) *labelled {
	t.Helper()
	data, err := openLabelled(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return data
}

// outputOf runs a classifier's SavedModel over images.
func outputOf(t *testing.T, env *plan.Env, data *splitData, h artifact.Handle, signature, output string, indices []int) []float32 {
	t.Helper()
	rows, err := (&evaluation{env: env}).infer(data, h, signature, output, indices)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// What every mode hands on says what it learnt from; the labels of each class of
// an unbalanced set are counted in the mean.
func TestClassifierSaysWhatItLearntFrom(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	for _, mode := range []string{modePixels, modeKNN} {
		_, meta := mustFinetune(t, unitEnv(t, t.TempDir(), dir, plan.Coord{coordPermille: 100, coordSeed: 1}), finetuneConfig(mode))
		// A tenth of 40, 24 and 16 images is 4, 2 and 2.
		got := fmt.Sprint(meta.Mode, meta.Classes, meta.LabelsPerClass, meta.LabelsPermille, meta.TrainImages, meta.TrainRead, meta.ValidationImages, meta.Data)
		want := mode + "[flat tall wide] 3 100 8 8 24 [{training made-up made-up train} {validation made-up made-up validation}]"
		if got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
	}
}

// Nothing about a model on frozen features of random weights is left to chance:
// one seed gives one file, bit by bit, and another seed another.
func TestFrozenModelsAreReproducible(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	sums := func(seed int) map[string]string {
		h, _ := mustFinetune(t, unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 2, coordSeed: seed}), finetuneConfig(modeLinear))
		return digests(t, h.Path)
	}
	one, again, other := sums(1), sums(1), sums(2)
	if len(one) < 3 || !maps.Equal(one, again) {
		t.Errorf("one run gives %v, another %v", one, again)
	}
	const weights = modelWeights + ".data-00000-of-00001"
	if one[weights] == "" || one[weights] == other[weights] {
		t.Error("another seed gives the same weights")
	}
}
