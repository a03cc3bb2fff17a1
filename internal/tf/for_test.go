package tf_test

import (
	"errors"
	"math"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// In a graph for a GPU the cross-entropy is made of operations that give the same bits each
// time there; its values and gradients, which can be looked at on the CPU, are the same.
func TestCrossEntropyForGPUs(t *testing.T) {
	tftest.Load(t)
	values := map[tf.Device][][]float32{}
	for _, device := range []tf.Device{tf.CPU, tf.GPU} {
		g := tf.NewGraph()
		g.For(device)
		logits := g.Identity(g.Const([][]float32{{1, -2, 30}, {0, 0.5, -80}}))
		target := g.Identity(g.Const([][]float32{{0.2, 0.7, 0.1}, {1, 0, 0}}))
		loss := g.SoftmaxCrossEntropy(logits, target)
		gradient := g.Gradients(loss, []tf.Output{logits})[0]
		s, err := tf.NewSession(g, tf.SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(nil, []tf.Output{loss, gradient})
		if err = errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			values[device] = append(values[device], o.Float32s())
		}
		_, err = tf.NewSession(g, tf.SessionOptions{Device: tf.GPU})
		wantError(t, err, map[tf.Device]string{
			tf.CPU: "SoftmaxCrossEntropyWithLogits has no kernel on GPUs that gives the same each time", tf.GPU: "sees no GPU",
		}[device])
	}
	for i, want := range values[tf.CPU] {
		for j := range want {
			if got := values[tf.GPU][i][j]; math.Abs(float64(got-want[j])) > 1e-5*max(1, math.Abs(float64(want[j]))) {
				t.Errorf("%d: for a GPU it is %v, not %v", i, values[tf.GPU][i], want)
				break
			}
		}
	}
}

// What would fail in the middle of a step on a GPU is refused before; counting is left to
// the CPU.
func TestCountingForGPUs(t *testing.T) {
	tftest.Load(t)
	for device, want := range map[tf.Device]string{
		tf.CPU: "DenseBincount has no kernel on GPUs that gives the same each time", tf.GPU: "sees no GPU",
	} {
		g := tf.NewGraph()
		g.For(device)
		g.CountEach(g.Const([][]int32{{1, 2, 1}}), 3)
		_, err := tf.NewSession(g, tf.SessionOptions{Device: tf.GPU})
		wantError(t, err, want)
	}
}
