package stages

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// localTraining are the losses of three steps of a pre-training on devices of this
// process, on CPUs as if they were GPUs.
func localTraining(t *testing.T, devices int, precision string) []float64 {
	t.Helper()
	env := testEnv(t, t.TempDir())
	env.Unit = &plan.Unit{Workers: devices}
	c := smallConfig(t, choiceOf(t, "simclr"))
	c.Precision, c.Cluster = precision, &ClusterConfig{BatchNorm: normSynchronised}
	c.Backbone = defaultChoice(backbone.Kinds, "vit")
	vit := c.Backbone.Config.(*backbone.ViT)
	vit.Width, vit.Depth, vit.Heads = 16, 1, 2
	p, err := newPhases(c, viewsOf(t, fashion(t)), env).build(0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := tf.NewSession(p.tasks.g, tf.SessionOptions{Threads: 1, Devices: devices})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(nil, nil, p.init); err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for step := range 3 {
		feeds, err := p.tasks.fill(step)
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(p.rate.with(feeds, 1), p.fetches.outputs[:1], p.update.Op)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, out[0].Float())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return losses
}

// Two devices of one process train a task that compares the whole batch as one does, in
// float32 to rounding, and give the same bits again.
func TestSeveralDevicesTrainTogether(t *testing.T) {
	tftest.Load(t)
	one, two := localTraining(t, 1, precisionFloat32), localTraining(t, 2, precisionFloat32)
	if math.Abs(two[0]-one[0]) > 1e-4*one[0] || slices.Equal(one, two) {
		t.Errorf("one device has the losses %v, two have %v", one, two)
	}
	if again := localTraining(t, 2, precisionFloat32); !slices.Equal(again, two) {
		t.Errorf("the losses of two devices are %v, and then %v", two, again)
	}
}

// Units of several GPUs run on those of the process; on the CPU they need a cluster.
func TestSessionsOfSeveralGPUs(t *testing.T) {
	tftest.Load(t)
	for device, want := range map[string]string{
		"gpu": "start session: TensorFlow sees no GPU, only CPU: sslpipe doctor --device gpu says what is missing",
		"cpu": "this unit is trained by several workers together, which sslpipe run starts (with --workers, or TF_CONFIG), and sslpipe verify",
	} {
		g := tf.NewGraph()
		g.Replicate(2)
		g.MeanOver([]tf.Output{g.Const([]float32{1})})
		_, err := newSession(t.Context(), &plan.Env{Device: device, Unit: &plan.Unit{Workers: 2}}, g, 1)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", device, err)
		}
	}
}
