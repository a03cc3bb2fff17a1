package backbone

import (
	"sync"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// BenchmarkTrainingStep measures forward, backward and AdamW in images a second.
// "two sessions" train two networks at once, as the runner does with small units.
func BenchmarkTrainingStep(b *testing.B) {
	tftest.Load(b)
	for _, c := range []struct {
		name                    string
		alpha                   float64
		strides                 string
		pixels, channels, batch int
		threads, sessions       int
	}{
		{"small-035-28px-batch256/threads2", 0.35, "small", 28, 1, 256, 2, 1},
		{"small-035-28px-batch256/two-sessions-threads1", 0.35, "small", 28, 1, 256, 1, 2},
		{"imagenet-100-64px-batch128/threads2", 1, "imagenet", 64, 3, 128, 2, 1},
		{"small-100-64px-batch128/threads2", 1, "small", 64, 3, 128, 2, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			steps := make([]func(), c.sessions)
			for i := range steps {
				steps[i] = trainer(b, keras(c.alpha, c.strides), c.threads, c.batch, c.pixels, c.channels)
				steps[i]()
				steps[i]()
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			for _, step := range steps {
				wg.Go(func() {
					for range b.N {
						step()
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N*c.sessions*c.batch)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// trainer returns one training step on a batch that is fed.
func trainer(b *testing.B, c *MobileNetV2, threads, batch, pixels, channels int) func() {
	b.Helper()
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	x := g.Placeholder("x", tf.Float32, batch, pixels, pixels, channels)
	labels := g.Placeholder("labels", tf.Int32, batch)
	logits := n.Dense("head", c.Build(n, x).Pooled, 4, nn.Normal(0.01))
	loss := g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
	o := &nn.AdamW{WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	step := o.Apply(n, loss, g.Scalar(1e-3), n.Trainable()).Op
	init := g.InitOp()
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads, Device: "cpu"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	if _, err := s.Run(nil, nil, init); err != nil {
		b.Fatal(err)
	}
	images, err := tf.FromFloat32s(uniform("images", batch*pixels*pixels*channels, 0, 1), batch, pixels, pixels, channels)
	if err != nil {
		b.Fatal(err)
	}
	classes, err := tf.FromInt32s(make([]int32, batch), batch)
	if err != nil {
		b.Fatal(err)
	}
	feeds := map[tf.Output]*tf.Tensor{x: images, labels: classes}
	return func() {
		if _, err := s.Run(feeds, []tf.Output{loss}, step); err != nil {
			b.Error(err)
		}
	}
}
