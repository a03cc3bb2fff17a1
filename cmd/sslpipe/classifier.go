package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/tf"
)

// classifier is a SavedModel that tells classes apart: one of ours, or anybody's
// with images for its one input and a number for each class as output.
type classifier struct {
	dir     string
	call    tf.ImageCall
	ours    bool
	shape   [3]int // of images: height, width, channels
	batch   int    // images that it takes at a time; 0 for any number
	scale   float32
	offset  float32
	classes []string

	model   *tf.Model
	decided bool // by the first batch, whether
	softmax bool // the outputs become probabilities here
}

// Bounds of what a model may ask for.
const (
	maxSide    = 4096
	maxClasses = 1_000_000
)

// newClassifier looks at a model without running it. Its errors are mistakes in
// the command line.
func newClassifier(dir string, flags predictFlags) (*classifier, error) {
	if _, err := os.Stat(filepath.Join(dir, "saved_model.pb")); err != nil {
		return nil, noModel(dir, err)
	}
	if err := checkModel(dir); err != nil {
		return nil, fmt.Errorf("model %s: %w; running its pipeline publishes it again", dir, err)
	}
	info, err := tf.Inspect(dir)
	if err != nil {
		return nil, err
	}
	c := &classifier{dir: dir}
	if err := c.choose(info); err != nil {
		return nil, fmt.Errorf("model %s: %w", dir, err)
	}
	for _, set := range []func(predictFlags) error{c.setShape, c.setPixels, c.setClasses} {
		if err := set(flags); err != nil {
			return nil, fmt.Errorf("model %s: %w", dir, err)
		}
	}
	return c, nil
}

// noModel says where the models are.
func noModel(dir string, err error) error {
	versions, _ := filepath.Glob(filepath.Join(dir, "*", "saved_model.pb"))
	if len(versions) > 0 {
		return fmt.Errorf("%s is a folder of models: give one of them, such as %s", dir, filepath.Dir(versions[0]))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no model in %s: give a folder with saved_model.pb, such as savedmodels/PIPELINE/STAGE/1", dir)
	}
	return fmt.Errorf("open model: %w", err)
}

// choose finds out how the model is called.
func (c *classifier) choose(info *tf.ModelInfo) error {
	const signature = "serving_default"
	var err error
	if c.call, err = info.ImageCall(signature, "probabilities"); err == nil && c.call.Input.Name == "images" {
		c.ours = true
		return nil
	}
	encoder := "it gives features, and no classes: give the model of a finetune stage, or another classifier"
	if call, err := info.ImageCall(signature, "features"); err == nil && call.Input.Name == "images" {
		return errors.New(encoder)
	}
	wanted := ""
	if slices.ContainsFunc(info.Signatures, func(s tf.SignatureInfo) bool { return s.Name == signature }) {
		wanted = signature
	}
	if c.call, err = info.ImageCall(wanted, ""); err != nil {
		return err
	}
	if shape := c.call.Output.Shape; len(shape) != 2 || shape[1] == 1 {
		return fmt.Errorf("its output %s is not [N, classes]: %s", c.call.Output, encoder)
	}
	return nil
}

// setShape reads --size, where the model leaves it open.
func (c *classifier) setShape(flags predictFlags) error {
	var wanted [2]int
	if flags.size != "" {
		h, w, _ := strings.Cut(flags.size, "x")
		for i, text := range []string{h, w} {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return fmt.Errorf("--size is HxW in pixels, such as 96x96, not %q", flags.size)
			}
			wanted[i] = n
		}
	}
	in := c.call.Input.Shape
	c.batch, c.shape[2] = max(0, int(in[0])), int(in[3])
	for i, given := range wanted {
		own := int(in[i+1])
		switch {
		case own < 0 && given == 0:
			return errors.New("it takes images of any size: choose one with --size HxW")
		case own >= 0 && given != 0 && given != own:
			return fmt.Errorf("it takes images of %dx%d pixels, not --size %s", in[1], in[2], flags.size)
		}
		c.shape[i] = max(own, given)
	}
	// A file may state any number, and a batch has to fit into memory.
	if h, w := c.shape[0], c.shape[1]; h < 1 || w < 1 || h > maxSide || w > maxSide || c.batch > predictBatch*maxSide/max(h, w) {
		return fmt.Errorf("its input %s is no batch of images that could be predicted", c.call.Input)
	}
	return nil
}

// setPixels reads --pixels, which is for models that do not normalise.
func (c *classifier) setPixels(flags predictFlags) error {
	if c.ours && flags.pixels != "" {
		return errors.New("--pixels is for models of Keras: one of ours takes 0..255")
	}
	switch flags.pixels {
	case "", "0..255":
		c.scale = 1
	case "0..1":
		c.scale = 1.0 / 255
	case "-1..1":
		c.scale, c.offset = 1/127.5, -1
	default:
		return fmt.Errorf("--pixels is 0..255, 0..1 or -1..1, not %q", flags.pixels)
	}
	return nil
}

// setClasses takes the names of the classes from the model's card, or else from
// the flags, or else makes them numbers.
func (c *classifier) setClasses(flags predictFlags) error {
	known, err := c.namesOnCard()
	if err != nil {
		return err
	}
	given, err := flags.names()
	if err != nil {
		return err
	}
	if known != nil && given != nil {
		return fmt.Errorf("it has names for its classes (%s): --classes and --classes-file are for models without", strings.Join(known, ", "))
	}
	c.classes = slices.Concat(known, given)
	n := int(c.call.Output.Shape[1])
	switch {
	case n > maxClasses:
		return fmt.Errorf("it has %d classes, and at most %d are possible", n, maxClasses)
	case n < 0 && c.classes == nil:
		return errors.New("it does not say how many classes it has: name them with --classes")
	case n >= 0 && c.classes != nil && len(c.classes) != n:
		return fmt.Errorf("it has %d classes, and there are %d names", n, len(c.classes))
	}
	for i := len(c.classes); i < n; i++ {
		c.classes = append(c.classes, strconv.Itoa(i))
	}
	return nil
}

// namesOnCard reads what was published with a model of ours.
func (c *classifier) namesOnCard() ([]string, error) {
	card, err := readCard(c.dir)
	if !c.ours || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var meta artifact.ClassifierMeta
	if card.Description != nil {
		if err := json.Unmarshal(card.Description, &meta); err != nil {
			return nil, fmt.Errorf("read %s: %w", cardFile, err)
		}
	}
	return meta.Classes, nil
}

// names reads --classes or --classes-file.
func (f predictFlags) names() ([]string, error) {
	if f.classesFile == "" {
		return f.classes, nil
	}
	if f.classes != nil {
		return nil, errors.New("give --classes or --classes-file, not both")
	}
	text, err := os.ReadFile(f.classesFile)
	if err != nil {
		return nil, fmt.Errorf("read the names of classes: %w", err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		names = append(names, strings.TrimSpace(line))
	}
	return names, nil
}
