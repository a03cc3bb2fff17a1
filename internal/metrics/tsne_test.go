package metrics

import (
	"math"
	"runtime"
	"slices"
	"testing"
)

func TestTSNEIsAsGoodAsScikitLearn(t *testing.T) {
	c := loadProjections(t).TSNE
	for perplexity, want := range c.Divergence {
		_, got, err := TSNE(c.X, c.Dim, TSNEOptions{Perplexity: float64(perplexity)})
		if err != nil {
			t.Fatal(err)
		}
		if !(got > 0 && got <= 1.05*want) {
			t.Errorf("perplexity %v: divergence %.4f, scikit-learn reaches %.4f", perplexity, got, want)
		}
	}
	if len(c.Divergence) != 2 {
		t.Errorf("%d perplexities, want 2", len(c.Divergence))
	}
}

func TestTSNEKeepsClustersApart(t *testing.T) {
	const n, clusters = 90, 3
	points, _, err := TSNE(gaussians(n, 64, clusters, 2), 64, TSNEOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		nearest, least := 0, math.Inf(1)
		for j, q := range points {
			if d := math.Hypot(p[0]-q[0], p[1]-q[1]); j != i && d < least {
				nearest, least = j, d
			}
		}
		if i*clusters/n != nearest*clusters/n {
			t.Errorf("row %d of cluster %d lies beside one of %d", i, i*clusters/n, nearest*clusters/n)
		}
	}
}

func TestTSNEGradientIsTheSlopeOfTheDivergence(t *testing.T) {
	rows, err := centredRows(gaussians(12, 5, 2, 1), 5)
	if err != nil {
		t.Fatal(err)
	}
	components, err := principal(rows, 5, 15)
	if err != nil {
		t.Fatal(err)
	}
	l := newLayout(components, 3)
	l.descend(40, 1, 0.8)
	var gradient [2][]float64
	for axis, g := range l.gradient(1) {
		gradient[axis] = slices.Clone(g)
	}
	for axis := range 2 {
		for i := range l.n {
			const step = 1e-5
			at, slope := &l.at[axis][i], gradient[axis][i]
			start := *at
			*at = start + step
			above := l.divergence()
			*at = start - step
			below := l.divergence()
			*at = start
			if got := (above - below) / (2 * step); math.Abs(got-slope) > 1e-7 {
				t.Errorf("axis %d, row %d: gradient %v, slope %v", axis, i, slope, got)
			}
		}
	}
}

func TestTSNEGivesTheSameBits(t *testing.T) {
	x := gaussians(60, 70, 3, 1)
	draw := func(processors int) ([][2]float64, float64) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		points, divergence, err := TSNE(x, 70, TSNEOptions{Iterations: 300})
		if err != nil {
			t.Fatal(err)
		}
		return points, divergence
	}
	want, wantDivergence := draw(1)
	for _, processors := range []int{1, 2, 7} {
		got, divergence := draw(processors)
		if divergence != wantDivergence {
			t.Errorf("%d processors: divergence %v, before %v", processors, divergence, wantDivergence)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%d processors: row %d at %v, before %v", processors, i, got[i], want[i])
			}
		}
	}
}

func TestTSNEOfAwkwardRows(t *testing.T) {
	for name, c := range map[string]struct {
		dim int
		x   []float32
	}{
		"three":        {2, []float32{0, 0, 1, 0, 5, 0}},
		"one number":   {1, []float32{1, 2, 3, 4, 10, 11, 12}},
		"all the same": {2, []float32{3, 4, 3, 4, 3, 4, 3, 4, 3, 4}},
		"two places":   {2, []float32{0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9}},
		"huge":         {2, []float32{0, 0, 3e38, 0, 0, 3e38, -3e38, 3e38}},
		"tiny":         {2, []float32{0, 0, 1e-38, 0, 0, 1e-38, -1e-38, 1e-38}},
	} {
		points, divergence, err := TSNE(c.x, c.dim, TSNEOptions{})
		if err != nil || !(divergence >= -1e-9 && divergence < 4) {
			t.Errorf("%s: divergence %v, error %v", name, divergence, err)
		}
		for i, p := range points {
			if r := math.Hypot(p[0], p[1]); !(r < 1e4) {
				t.Errorf("%s: row %d at %v", name, i, p)
			}
		}
	}
}

func TestTSNERefusals(t *testing.T) {
	for _, o := range []TSNEOptions{{Perplexity: -1}, {Perplexity: math.NaN()}, {Iterations: -1}} {
		if _, _, err := TSNE([]float32{1, 2, 3}, 1, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func BenchmarkTSNE(b *testing.B) {
	x := gaussians(500, 1280, 10, 0.5)
	for b.Loop() {
		if _, _, err := TSNE(x, 1280, TSNEOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
