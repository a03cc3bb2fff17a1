package transform

import (
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// BenchmarkPipeline measures augmentation with one thread, draws included.
func BenchmarkPipeline(b *testing.B) {
	colour := Pipeline{
		&ResizedCrop{Area: []float64{0.2, 1}, Aspect: []float64{0.75, 4. / 3}},
		&Flip{Horizontal: true, Probability: 0.5},
		&Contrast{Amount: 0.4, Probability: 1},
		&Brightness{Amount: 0.4, Probability: 1},
	}
	b.Run("crop flip 256x28x28x1", func(b *testing.B) {
		benchmark(b, Pipeline{
			&Crop{Padding: 4, Fill: "zero"},
			&Flip{Horizontal: true, Probability: 0.5},
		}, 256, 28, 1)
	})
	b.Run("resized_crop flip contrast brightness 128x64x64x3", func(b *testing.B) {
		benchmark(b, colour, 128, 64, 3)
	})
	b.Run("and saturation hue grey blur 128x64x64x3", func(b *testing.B) {
		benchmark(b, slices.Concat(colour, Pipeline{
			&Saturation{Amount: 0.4, Probability: 0.8}, &Hue{Amount: 0.1, Probability: 0.8},
			&Grey{Probability: 0.2}, &Blur{Sigma: []float64{0.1, 2}, Probability: 0.5}}), 128, 64, 3)
	})
	for _, v := range Kinds.Variants {
		b.Run(v.Name+" 128x64x64x3", func(b *testing.B) {
			benchmark(b, Pipeline{v.New().(Transform)}, 128, 64, 3)
		})
	}
}

func benchmark(b *testing.B, p Pipeline, n, side, c int) {
	tftest.Load(b)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, n, side, side, c)
	us := g.Placeholder("u", tf.Float32, n, p.Draws())
	y := p.Apply(g, x, us)
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer closeSession(b, s)
	in := noise(n, side, side, c)
	feedX, err := tf.FromFloat32s(in.v, n, side, side, c)
	if err != nil {
		b.Fatal(err)
	}
	feedU, err := tf.Alloc(tf.Float32, n, p.Draws())
	if err != nil {
		b.Fatal(err)
	}
	examples := make([]int, n)
	for i := range examples {
		examples[i] = i
	}
	epoch := 0
	for b.Loop() {
		Fill(feedU.Float32s(), p.Draws(), 1, epoch, 0, examples)
		epoch++
		if _, err := s.Run(map[tf.Output]*tf.Tensor{x: feedX, us: feedU}, nil, y.Op()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
