package transform

import (
	"fmt"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// BenchmarkPipeline measures augmentation with one thread from bytes on, draws
// included, by graph operations and as one.
func BenchmarkPipeline(b *testing.B) {
	both := func(name string, p Pipeline, side, c int) {
		name = fmt.Sprintf("%s 128x%dx%dx%d", name, side, side, c)
		b.Run(name+" graph", func(b *testing.B) { benchmark(b, p, ofBytes, side, c) })
		b.Run(name+" fused", func(b *testing.B) { benchmark(b, p, Pipeline.ApplyFused, side, c) })
	}
	both("crop flip", Pipeline{&Crop{Padding: 4, Fill: "zero"}, &Flip{Horizontal: true, Probability: 0.5}}, 28, 1)
	for _, side := range []int{32, 64} {
		views := simclrViews(Size{side, side})
		both("simclr without blur", views[:len(views)-1], side, 3)
		both("simclr", views, side, 3)
	}
	for _, v := range Kinds.Variants {
		both(v.Name, Pipeline{v.New().(Transform)}, 64, 3)
	}
}

func ofBytes(p Pipeline, g *tf.Graph, x, u tf.Output) tf.Output { return p.Apply(g, Unit(g, x), u) }

func benchmark(b *testing.B, p Pipeline, apply func(p Pipeline, g *tf.Graph, x, u tf.Output) tf.Output, side, c int) {
	const n = 128
	tftest.Load(b)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Uint8, n, side, side, c)
	us := g.Placeholder("u", tf.Float32, n, p.Draws())
	y := apply(p, g, x, us)
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer closeSession(b, s)
	feedX, err := tf.Alloc(tf.Uint8, n, side, side, c)
	if err != nil {
		b.Fatal(err)
	}
	for i, v := range noise(n, side, side, c).v {
		feedX.Uint8s()[i] = uint8(255 * v)
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
