package tf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// HeadOptions say how AttachHead turns a model into one of ours.
type HeadOptions struct {
	Signature, Output string // of the model; empty ones are chosen as ModelInfo.ImageCall does
	// Input is the height, width and channels of the images that the new model
	// takes; a 0 is the model's own. Images of another size than the model's are
	// resized bilinearly, and grey ones repeated for a model of colour.
	Input [3]int
	// The model sees pixel*Scale + Offset, where pixels are from 0 to 255. Each is
	// one number, or one for each channel of the model; empty ones change nothing.
	Scale, Offset []float32
	Head          *Head // nil: features alone
}

// Head turns features into classes.
type Head struct {
	// Build adds the head to features [N, D] and returns logits and
	// probabilities, each [N, classes]. The names of its variables begin with
	// root and a slash.
	Build func(g *Graph, root string, features Output) (logits, probabilities Output)
	// Values are those of the variables, by their names without root.
	Values map[string][]float32
}

// AttachHead writes the SavedModel from, whoever made it, to the folder to as a
// model of ours: images float32 [N, H, W, C] of pixel values 0 to 255 in, and its
// chosen output out as "features" [N, D], maps averaged over height and width.
// With a head the signatures serving_default and serve give logits and
// probabilities, without one features. Of a Keras model the variables keep their
// names. Nothing of the model runs. What calls functions, as Keras's models do,
// has no gradients in Python's tf.saved_model.load.
func AttachHead(from, to string, o HeadOptions) error {
	if err := attachHead(from, to, o); err != nil {
		return fmt.Errorf("make a model of SavedModel %s: %w", from, err)
	}
	return nil
}

func attachHead(from, to string, o HeadOptions) error {
	info, err := inspect(from)
	if err != nil {
		return err
	}
	call, err := info.ImageCall(o.Signature, o.Output)
	if err != nil {
		return err
	}
	c, err := openCheckpoint(filepath.Join(from, variablesFiles))
	if err != nil {
		return err
	}
	m, err := openForeign(info, call, c)
	if err != nil {
		return err
	}
	a := attachment{foreignModel: m, g: NewGraph(), o: o}
	if err := a.checkInput(); err != nil {
		return err
	}
	signatures := a.build(c)
	if err := a.g.Err(); err != nil {
		return err
	}
	return a.write(to, c, signatures)
}

// attachment builds the new model around the part of the old one.
type attachment struct {
	*foreignModel
	g   *Graph
	o   HeadOptions
	own []ownVariable
}

// ownVariable is one that the old model did not have.
type ownVariable struct {
	name   string
	values []float32
	dims   []int
}

// checkInput completes the shape of the images.
func (a *attachment) checkInput() error {
	shape := a.call.Input.Shape[1:]
	for i, size := range shape {
		switch own := &a.o.Input[i]; {
		case *own < 0:
			return fmt.Errorf("images of shape %v", a.o.Input)
		case *own == 0:
			*own = int(size)
		}
	}
	if c := a.o.Input[2]; int64(c) != shape[2] && (c != 1 || shape[2] != 3) {
		return fmt.Errorf("its input %s does not take images with %d channels", a.call.Input, c)
	}
	for _, values := range [][]float32{a.o.Scale, a.o.Offset} {
		if n := int64(len(values)); n > 1 && n != shape[2] {
			return fmt.Errorf("%d scales or offsets for an input of %d channels: give one, or one for each", n, shape[2])
		}
	}
	return nil
}

// write exports the graph with the old model's values and our own.
func (a *attachment) write(to string, c *checkpoint, signatures []Signature) (err error) {
	keys := make([]string, len(a.vars))
	for i, v := range a.vars {
		keys[i] = v.key
	}
	read, err := c.read(keys)
	if err != nil {
		return err
	}
	values := map[string]*Tensor{}
	for _, v := range a.vars {
		values[v.name] = read[v.key]
	}
	for _, v := range a.own {
		if values[v.name], err = FromFloat32s(v.values, v.dims...); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(to), ".values-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	prefix := filepath.Join(temp, "values")
	if err := writeCheckpoint(prefix, values); err != nil {
		return err
	}
	return export(to, a.g, signatures, prefix)
}
