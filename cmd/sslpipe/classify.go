package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"sslpipe/internal/tf"
)

// open loads the model. Anybody's becomes one of ours first: its file may lack
// what a session needs, and may ask for more than it should get.
func (c *classifier) open(o tf.SessionOptions) error {
	if c.ours {
		var err error
		c.model, err = tf.LoadModel(c.dir, o)
		return err
	}
	temp, err := os.MkdirTemp("", "sslpipe-model-*")
	if err != nil {
		return err
	}
	made := filepath.Join(temp, "model")
	err = tf.AttachHead(c.dir, made, tf.HeadOptions{
		Signature: c.call.Signature, Output: c.call.Output.Name, Input: c.shape,
		Scale: []float32{c.scale}, Offset: []float32{c.offset},
	})
	if err == nil {
		c.model, err = tf.LoadModel(made, o)
	}
	return errors.Join(err, os.RemoveAll(temp))
}

func (c *classifier) close() error { return c.model.Close() }

// classify returns the probabilities of a batch of images. Those that are bad,
// and what is behind the last one, are nothing to go by.
func (c *classifier) classify(images *tf.Tensor, bad []error, stderr io.Writer) ([][]float32, error) {
	signature, output := c.call.Signature, c.call.Output.Name
	if !c.ours {
		signature, output = "features", "features"
	}
	results, err := c.model.Run(signature, map[string]*tf.Tensor{"images": images})
	if err != nil {
		return nil, err
	}
	scores, n := results[output].Float32s(), len(c.classes)
	if len(scores) != images.Dims()[0]*n {
		return nil, fmt.Errorf("model %s gives %d numbers for %d images of %d classes", c.dir, len(scores), images.Dims()[0], n)
	}
	var rows, good [][]float32
	for i, err := range bad {
		rows = append(rows, scores[i*n:(i+1)*n])
		if err == nil {
			good = append(good, rows[i])
		}
	}
	for _, row := range good {
		if !finite(row) {
			return nil, fmt.Errorf("model %s gives numbers that are not finite", c.dir)
		}
	}
	if !c.decided && len(good) > 0 {
		c.decided = true
		if c.softmax = !c.ours && slices.ContainsFunc(good, isScores); c.softmax {
			fmt.Fprintf(stderr, "Note: the outputs of %s are no probabilities, so softmax is applied to them.\n", c.dir)
		}
	}
	if c.softmax {
		for _, row := range good {
			softmax(row)
		}
	}
	return rows, nil
}

// finite tells whether all numbers are.
func finite(row []float32) bool {
	return !slices.ContainsFunc(row, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) })
}

// isScores tells whether numbers are not the probabilities of a distribution.
func isScores(row []float32) bool {
	sum := 0.0
	for _, x := range row {
		sum += float64(x)
	}
	return slices.Min(row) < 0 || math.Abs(sum-1) > 1e-3
}

func softmax(row []float32) {
	largest, sum := float64(slices.Max(row)), 0.0
	for _, x := range row {
		sum += math.Exp(float64(x) - largest)
	}
	for i, x := range row {
		row[i] = float32(math.Exp(float64(x)-largest) / sum)
	}
}
