package tf_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Two devices of one process train as one does. Here they are CPUs that TensorFlow makes
// up; GPUs differ in their names, and in NCCL in place of TensorFlow's ring.
func TestLocalDevices(t *testing.T) {
	tftest.Load(t)
	losses, w, due := newJoint(1).run(t, tf.SessionOptions{})
	for range 2 {
		got, gotW, gotDue := newJoint(2).run(t, tf.SessionOptions{Devices: 2})
		// All numbers here are sums of few binary fractions, so order plays no part.
		if !slices.Equal(got, losses) || !slices.Equal(gotW, w) || !slices.Equal(gotDue, due) {
			t.Errorf("two devices: losses %v, w %v, gradient %v; one: %v, %v, %v", got, gotW, gotDue, losses, w, due)
		}
	}
}

// localLosses are those of a small network with batch-norm, and the sum of its weights
// at the end, bit by bit.
func localLosses(t *testing.T, devices int, mixed bool) (losses []float64, weights []float32) {
	t.Helper()
	g := tf.NewGraph()
	g.Replicate(devices)
	n := nn.NewNet(g, 3)
	if mixed {
		n = n.Mixed(false)
	}
	n = n.Synchronised()
	images := g.Placeholder("images", tf.Float32, 8, 6, 6, 2)
	labels := g.Placeholder("labels", tf.Int32, 8)
	bn := func(name string) nn.Norm { return nn.Norm{Name: name, Momentum: 0.9, Epsilon: 1e-3} }
	x := n.ConvNorm("conv", bn("bn"), n.Narrow(g.Share(images)), 4, 3, 2)
	logits := n.Dense("head", n.GlobalAveragePool(x), 3, nn.GlorotUniform)
	loss := g.Mean(nn.CrossEntropy(g, logits, g.Share(labels), 0), false)
	update := (&nn.SGD{LearningRate: 0.5, Momentum: 0.9}).Apply(n, loss, g.Scalar(0.5), n.Trainable()).Op
	mean := g.MeanOver([]tf.Output{loss})
	init := g.InitOp()
	s, err := tf.NewSession(g, tf.SessionOptions{Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	pixels := make([]float32, 8*6*6*2)
	for i := range pixels {
		pixels[i] = float32(math.Sin(1.7*float64(i)) + 0.3*math.Cos(0.31*float64(i*i)))
	}
	fedImages, imagesErr := tf.FromFloat32s(pixels, 8, 6, 6, 2)
	fedLabels, labelsErr := tf.FromInt32s([]int32{0, 1, 2, 1, 0, 2, 1, 0}, 8)
	_, initErr := s.Run(nil, nil, init)
	if err := errors.Join(imagesErr, labelsErr, initErr); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		out, err := s.Run(map[tf.Output]*tf.Tensor{images: fedImages, labels: fedLabels}, mean, update)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, out[0].Float())
	}
	for _, v := range n.Variables() {
		each, err := s.Each(v.Read())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range each[1:] {
			if !slices.Equal(one.Float32s(), each[0].Float32s()) {
				t.Errorf("devices have different values of %s", v.Name)
			}
		}
		weights = append(weights, each[0].Float32s()...)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return losses, weights
}

// With batch statistics over both, two devices compute what one does to rounding, in
// float32 and in mixed precision, and the same bits again.
func TestLocalDevicesWithBatchNorm(t *testing.T) {
	tftest.Load(t)
	for _, mixed := range []bool{false, true} {
		tolerance := 1e-5
		if mixed {
			tolerance = 0.02 // another order of sums can round to the next number of bfloat16
		}
		one, _ := localLosses(t, 1, mixed)
		two, weights := localLosses(t, 2, mixed)
		again, same := localLosses(t, 2, mixed)
		if !slices.Equal(two, again) || !slices.Equal(weights, same) {
			t.Errorf("mixed %v: two devices give the losses %v, and then %v", mixed, two, again)
		}
		for i := range one {
			if math.Abs(two[i]-one[i]) > tolerance {
				t.Errorf("mixed %v: the losses of two devices are %v, of one %v", mixed, two, one)
				break
			}
		}
		if one[4] > one[0]-0.05 {
			t.Errorf("mixed %v: the losses %v do not fall", mixed, one)
		}
	}
}

// A graph runs on as many devices as it is for.
func TestLocalDevicesAreCounted(t *testing.T) {
	tftest.Load(t)
	for _, c := range []struct{ replicas, devices int }{{1, 2}, {2, 1}, {2, 3}} {
		if _, err := tf.NewSession(newJoint(c.replicas).g, tf.SessionOptions{Devices: c.devices}); err == nil {
			t.Errorf("a graph for %d runs on %d devices", c.replicas, c.devices)
		}
	}
	_, err := tf.NewSession(newJoint(2).g, tf.SessionOptions{Devices: 2, Device: tf.GPU})
	wantError(t, err, "sees no GPU, only CPU", "sslpipe doctor --device gpu")
}
