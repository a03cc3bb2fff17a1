package transform

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// pictures are example images, float32 [n, h, w, c] in [0, 1].
type pictures struct {
	n, h, w, c int
	v          []float32
}

func (p pictures) at(n, i, j, c int) float64 { return float64(p.v[((n*p.h+i)*p.w+j)*p.c+c]) }

func (p pictures) example(n int) pictures {
	size := p.h * p.w * p.c
	return pictures{1, p.h, p.w, p.c, p.v[n*size : (n+1)*size]}
}

// noise makes pictures of multiples of 1/255 that contain 0 and 1, grey
// pixels and pixels of equal channels.
func noise(n, h, w, c int) pictures {
	u := make([]float32, n*h*w*c)
	Fill(u, len(u), 77, 0, 0, []int{0})
	for i := range u {
		u[i] = float32(min(255, max(0, math.Floor(float64(u[i])*300-22)))) / 255
		if i%(7*c) >= 1 && i%(7*c) < c {
			u[i] = u[i-1]
		}
	}
	return pictures{n, h, w, c, u}
}

// draws are the draws of examples 0 .. n-1.
func draws(tr Transform, n int) []float32 {
	examples := make([]int, n)
	for i := range examples {
		examples[i] = i
	}
	u := make([]float32, n*tr.Draws())
	Fill(u, tr.Draws(), 3, 1, 0, examples)
	return u
}

// run applies a transform with one thread and checks what holds for all of
// them: the static shape, and values in [0, 1].
func run(t *testing.T, tr Transform, in pictures, u []float32) pictures {
	t.Helper()
	return runAt(t, tr, in, u, Size{in.h, in.w})
}

// runAt is run for a transform whose results have another size.
func runAt(t *testing.T, tr Transform, in pictures, u []float32, size Size) pictures {
	t.Helper()
	return runOn(t, tr, in, u, size, 1)
}

// runOn is runAt with several threads.
func runOn(t *testing.T, tr Transform, in pictures, u []float32, size Size, threads int) pictures {
	t.Helper()
	var out pictures
	evaluate(t, []Transform{tr}, in, u, size, threads, func(made func(i int) pictures) { out = made(0) })
	return out
}

// evaluate builds several transforms in one graph and calls use with a function that
// computes what the one of a number makes.
func evaluate(t *testing.T, trs []Transform, in pictures, u []float32, size Size, threads int, use func(made func(i int) pictures)) {
	t.Helper()
	tftest.Load(t)
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, in.n, in.h, in.w, in.c)
	us := g.Placeholder("u", tf.Float32, in.n, trs[0].Draws())
	outs := make([]tf.Output, len(trs))
	for i, tr := range trs {
		outs[i] = g.Identity(tr.Apply(g, x, us)) // a placeholder cannot be both fed and fetched
	}
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSession(t, s)
	feedX, err := tf.FromFloat32s(in.v, in.n, in.h, in.w, in.c)
	if err != nil {
		t.Fatal(err)
	}
	feedU, err := tf.FromFloat32s(u, in.n, trs[0].Draws())
	if err != nil {
		t.Fatal(err)
	}
	use(func(i int) pictures {
		t.Helper()
		if want := (tf.Shape{int64(in.n), int64(size.H), int64(size.W), int64(in.c)}); !slices.Equal(outs[i].Shape(), want) {
			t.Fatalf("static shape %v, want %v", outs[i].Shape(), want)
		}
		out, err := s.Run(map[tf.Output]*tf.Tensor{x: feedX, us: feedU}, outs[i:i+1])
		if err != nil {
			t.Fatal(err)
		}
		v := slices.Clone(out[0].Float32s())
		for _, p := range v {
			if !(p >= 0 && p <= 1) {
				t.Fatalf("value %v is outside [0, 1]", p)
			}
		}
		return pictures{in.n, size.H, size.W, in.c, v}
	})
}

// fused is a transform as one operation.
type fused struct{ Transform }

func (f fused) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	p, ok := f.Transform.(Pipeline)
	if !ok {
		p = Pipeline{f.Transform}
	}
	return p.ApplyFused(g, x, u)
}

// forms are a transform of graph operations and as one operation.
func forms(tr Transform) map[string]Transform {
	return map[string]Transform{"graph": tr, "fused": fused{tr}}
}

func closeSession(t testing.TB, s *tf.Session) {
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// compare fails where a value differs from want by more than tolerance.
func compare(t *testing.T, got, want pictures, tolerance float64) {
	t.Helper()
	if got.n != want.n || got.h != want.h || got.w != want.w || got.c != want.c {
		t.Fatalf("shape %v, want %v", []int{got.n, got.h, got.w, got.c}, []int{want.n, want.h, want.w, want.c})
	}
	worst, at := 0.0, 0
	for i := range got.v {
		if d := math.Abs(float64(got.v[i]) - float64(want.v[i])); d > worst || math.IsNaN(d) {
			worst, at = d, i
		}
	}
	if !(worst <= tolerance) {
		c := at % got.c
		j := at / got.c % got.w
		i := at / got.c / got.w % got.h
		t.Errorf("value at example %d, row %d, column %d, channel %d is %v, want %v within %v",
			at/got.c/got.w/got.h, i, j, c, got.v[at], want.v[at], tolerance)
	}
}
