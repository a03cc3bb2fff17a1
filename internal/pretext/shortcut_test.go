package pretext

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Images that carry nothing but one cue are square, in four cells.
const cueCell, cueSide = 12, 24

// drawing says how bright an image is at each place.
type drawing func(row, column, channel int) float64

// brightCells is noise, brighter the later the cell.
func brightCells(r *rand.Rand) drawing {
	return func(row, column, _ int) float64 {
		cell := row/cueCell*2 + column/cueCell
		return 0.15*float64(cell) + 0.5*r.Float64()
	}
}

// markedSeams is noise, but for the pixels on both sides of the seams.
func markedSeams(r *rand.Rand) drawing {
	seam := func(at int) bool { return at == cueCell-1 || at == cueCell }
	return func(row, column, _ int) float64 {
		if seam(row) || seam(column) {
			return 1
		}
		return 0.9 * r.Float64()
	}
}

// waves do not fit the cells, so that each begins at another point of them. Jitter
// with a gap of 4 has as many places as they have pixels.
func waves(r *rand.Rand) drawing {
	const length = 5
	wave := func(at int) float64 { return math.Cos(2 * math.Pi * float64(at) / length) }
	return func(row, column, _ int) float64 {
		return 0.5 + 0.15*wave(row) + 0.15*wave(column) + 0.2*(r.Float64()-0.5)
	}
}

// fringes is a dot anywhere in the middle of each cell, whose green lies one pixel
// from its red: below, to the left, to the right and above in the four cells.
func fringes(r *rand.Rand) drawing {
	var dots [4][2]int
	for i := range dots {
		dots[i] = [2]int{4 + r.IntN(4), 4 + r.IntN(4)}
	}
	green := [4][2]int{{1, 0}, {0, -1}, {0, 1}, {-1, 0}}
	return func(row, column, channel int) float64 {
		cell := row/cueCell*2 + column/cueCell
		dot := dots[cell]
		if channel == 1 {
			dot[0] += green[cell][0]
			dot[1] += green[cell][1]
		}
		if channel < 2 && row%cueCell == dot[0] && column%cueCell == dot[1] {
			return 1
		}
		return 0.2 * r.Float64()
	}
}

// Every trick hides what it is there for: puzzles of images that carry nothing but
// that cue are solved without the trick and hardly with it. Guessing solves 1/24.
func TestTricksHideShortcuts(t *testing.T) {
	tftest.Load(t)
	for _, c := range []struct {
		name     string
		channels int
		steps    int
		draw     func(r *rand.Rand) drawing
		without  Tiles
		with     Tiles
	}{
		{"normalize", 1, 150, brightCells, Tiles{Gap: 4, Jitter: true}, Tiles{Gap: 4, Jitter: true, Normalize: true}},
		{"gap", 1, 150, markedSeams, Tiles{Gap: 0, Normalize: true}, Tiles{Gap: 2, Normalize: true}},
		{"jitter", 1, 150, waves, Tiles{Gap: 4, Normalize: true}, Tiles{Gap: 4, Normalize: true, Jitter: true}},
		{"channel_shift", 3, 300, fringes, Tiles{Gap: 2, Normalize: true}, Tiles{Gap: 2, Normalize: true, ChannelShift: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			without := solved(t, c.without, c.channels, c.steps, c.draw)
			with := solved(t, c.with, c.channels, c.steps, c.draw)
			t.Logf("%.3f of the permutations without the trick, %.3f with it", without, with)
			if without < 0.8 || with > 0.25 {
				t.Errorf("%.3f of the permutations are predicted without the trick and %.3f with it, want at least 0.8 and at most 0.25", without, with)
			}
		})
	}
}

// oneLayer is a backbone of a single dense layer; only Build is there.
type oneLayer struct{ backbone.Backbone }

func (oneLayer) Build(n *nn.Net, x tf.Output) backbone.Features {
	g := n.Graph()
	flat := g.Reshape(x, x.Dim(0), x.Dim(1)*x.Dim(2)*x.Dim(3))
	return backbone.Features{Pooled: g.Relu(n.Dense("encoder", g.Sub(flat, g.Scalar(0.5)), 64, nn.GlorotUniform))}
}

// solved trains a jigsaw of 2 by 2 tiles, on other images in every step, and
// returns the share of permutations that it predicts in the end.
func solved(t *testing.T, tiles Tiles, channels, steps int, draw func(r *rand.Rand) drawing) float64 {
	t.Helper()
	const last, rate = 30, 3e-3
	tiles.Enlarge = 1
	task := &Jigsaw{Weighted: alone, Grid: 2, Permutations: 24, Puzzles: 4, Hidden: 128, Tiles: tiles}
	size := Batch{N: 32, H: cueSide, W: cueSide, C: channels}
	draws := max(1, task.Needs(size).Draws)
	g := tf.NewGraph()
	n := nn.NewNet(g, 5)
	in := Inputs{
		Views: []tf.Output{g.Placeholder("images", tf.Float32, size.N, size.H, size.W, size.C)},
		Draws: g.Placeholder("draws", tf.Float32, size.N, draws),
		Step:  g.Placeholder("step", tf.Int64),
		Mean:  slices.Repeat([]float64{0.5}, channels),
		Std:   slices.Repeat([]float64{0.25}, channels),
	}
	b := NewBuilder(in, n.Branch(), n.Branch(), unnormalised(oneLayer{}))
	loss := task.Loss(b)
	adam := &nn.Adam{LearningRate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	update := adam.Apply(n, loss, g.Scalar(rate), slices.Concat(b.Encoder.Trainable(), b.Head.Trainable()))
	s := tftest.Session(t, g)

	r := rand.New(rand.NewPCG(1, 2))
	images, uniform := make([]float32, 0, size.N*size.H*size.W*size.C), make([]float32, size.N*draws)
	mean := 0.0
	for step := range steps {
		images = images[:0]
		for range size.N {
			at := draw(r)
			for i := range size.H * size.W * size.C {
				images = append(images, float32(at(i/size.C/size.W, i/size.C%size.W, i%size.C)))
			}
		}
		for i := range uniform {
			uniform[i] = r.Float32()
		}
		number, err := tf.FromInt64s([]int64{int64(step)})
		if err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(map[tf.Output]*tf.Tensor{
			in.Views[0]: fedTensor(t, images, size.N, size.H, size.W, size.C),
			in.Draws:    fedTensor(t, uniform, size.N, draws),
			in.Step:     number,
		}, []tf.Output{b.Monitors()["accuracy"]}, update.Op)
		if err != nil {
			t.Fatal(err)
		}
		if step >= steps-last {
			mean += out[0].Float() / last
		}
	}
	return mean
}
