package stages

import (
	"fmt"

	"sslpipe/internal/artifact"
	"sslpipe/internal/tf"
)

// form is what a data set's examples are as tensors: images uint8 [N, H, W, C], or
// texts int32 [N, L], where 0 is padding.
type form struct {
	shape [3]int             // height, width, channels; of text 1, L, 1
	text  *artifact.TextMeta // nil for images
}

func formOf(data artifact.DatasetMeta) form { return form{shape: data.Shape, text: data.Text} }

func (f form) dtype() tf.DType {
	if f.text != nil {
		return tf.Int32
	}
	return tf.Uint8
}

// dims are those of n examples.
func (f form) dims(n int) []int {
	if f.text != nil {
		return []int{n, f.shape[1]}
	}
	return []int{n, f.shape[0], f.shape[1], f.shape[2]}
}

// fed makes a placeholder for n examples.
func (f form) fed(g *tf.Graph, name string, n int) tf.Output {
	return g.Placeholder(name, f.dtype(), f.dims(n)...)
}

// alloc makes a tensor for n examples.
func (f form) alloc(n int) (*tf.Tensor, error) { return tf.Alloc(f.dtype(), f.dims(n)...) }

// input is the name of a model's input for examples of this form.
func (f form) input() string {
	if f.text != nil {
		return "tokens"
	}
	return "images"
}

// vocabulary is the number of tokens of a text; 0 for images.
func (f form) vocabulary() int {
	if f.text == nil {
		return 0
	}
	return f.text.Vocabulary
}

// serve returns a function that gives what raw, examples of this form, holds at the
// time as a model takes it that others load: images as float32 from 0 to 255.
func (f form) serve(raw *tf.Tensor) (func() *tf.Tensor, error) {
	if f.text != nil {
		return func() *tf.Tensor { return raw }, nil
	}
	images, err := tf.Alloc(tf.Float32, raw.Dims()...)
	if err != nil {
		return nil, err
	}
	return func() *tf.Tensor {
		pixels := images.Float32s()
		for i, v := range raw.Uint8s() {
			pixels[i] = float32(v)
		}
		return images
	}, nil
}

// same tells whether what reads examples of one form can read those of another.
func (f form) same(o form) bool { return f.shape == o.shape && f.text.Same(o.text) }

// String describes the form for a person.
func (f form) String() string {
	if f.text != nil {
		return fmt.Sprintf("texts of %d tokens, of %d of a %s tokeniser", f.shape[1], f.text.Vocabulary, f.text.Tokenizer)
	}
	return "images of " + shapeText(f.shape)
}
