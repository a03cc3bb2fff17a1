package pretext

import (
	"fmt"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Over all steps, any run of as many puzzles as there are permutations has every
// label once, and the label is the permutation that the tiles show.
func TestJigsawLabelsAreBalancedAndRight(t *testing.T) {
	tftest.Load(t)
	for _, task := range []*Jigsaw{
		{Grid: 2, Permutations: 24, Puzzles: 3},
		{Grid: 3, Permutations: 72, Puzzles: 5},
		{Grid: 3, Permutations: 504, Puzzles: 13},
	} {
		t.Run(fmt.Sprint(task.Permutations), func(t *testing.T) {
			// 5 images, so that no step has a multiple of the permutations.
			size := Batch{N: 5, H: 4 * task.Grid, W: 4 * task.Grid, C: 1}
			g := tf.NewGraph()
			n := nn.NewNet(g, 1)
			step := g.Placeholder("step", tf.Int64)
			b := NewBuilder(Inputs{Views: []tf.Output{counted(g, size)}, Step: step}, n.Branch(), n.Branch(), Network{})
			cut := task.on(task.Grid, size)
			tiles := g.Reshape(cut.cut(g, b.Views[0], tf.Output{}), size.N, cut.count(), 16)
			puzzles, labels := task.shuffle(b, tiles)
			s := tftest.Session(t, g)

			var all []int32
			for number := int64(0); len(all) < 2*task.Permutations; number++ {
				now, err := tf.FromInt64s([]int64{number})
				if err != nil {
					t.Fatal(err)
				}
				out, err := s.Run(map[tf.Output]*tf.Tensor{step: now}, []tf.Output{puzzles, labels, tiles})
				if err != nil {
					t.Fatal(err)
				}
				for i, label := range out[1].Int32s() {
					all = append(all, label)
					image := out[2].Float32s()[i/task.Puzzles*cut.count()*16:]
					shown := out[0].Float32s()[i*cut.count()*16:]
					if got, want := orderOf(image, shown, cut.count(), 16), task.set()[label]; !slices.Equal(got, want) {
						t.Fatalf("step %d: puzzle %d has label %d and shows %v, want %v", number, i, label, got, want)
					}
				}
			}
			for first := range len(all) - task.Permutations + 1 {
				run := slices.Sorted(slices.Values(all[first : first+task.Permutations]))
				for want, label := range run {
					if label != int32(want) {
						t.Fatalf("from puzzle %d on, labels are not balanced: %v", first, run)
					}
				}
			}
		})
	}
}

// orderOf tells which tile of an image is at each place of a puzzle, -1 for none
// of them; count tiles of so many pixels.
func orderOf(image, puzzle []float32, count, pixels int) []int {
	order := make([]int, count)
	for place := range order {
		order[place] = -1
		for tile := range count {
			if slices.Equal(puzzle[place*pixels:][:pixels], image[tile*pixels:][:pixels]) {
				order[place] = tile
			}
		}
	}
	return order
}

func TestPairsJoinTheMiddleWithEachNeighbour(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	// Tile 10*n+i of image n is the pair of that number and its negative.
	tiles := make([][][]float32, 2)
	for n := range tiles {
		for i := range 9 {
			v := float32(10*n + i)
			tiles[n] = append(tiles[n], []float32{v, -v})
		}
	}
	pairs, labels := Pairs(g, g.Const(tiles))
	got := tftest.Eval(t, g, pairs, labels)
	wantPairs := []float32{
		4, -4, 0, 0, 14, -14, 10, -10,
		4, -4, 1, -1, 14, -14, 11, -11,
		4, -4, 2, -2, 14, -14, 12, -12,
		4, -4, 3, -3, 14, -14, 13, -13,
		4, -4, 5, -5, 14, -14, 15, -15,
		4, -4, 6, -6, 14, -14, 16, -16,
		4, -4, 7, -7, 14, -14, 17, -17,
		4, -4, 8, -8, 14, -14, 18, -18,
	}
	if !slices.Equal(got[0], wantPairs) {
		t.Errorf("pairs\n%v, want\n%v", got[0], wantPairs)
	}
	if want := []float32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7}; !slices.Equal(got[1], want) {
		t.Errorf("labels %v, want %v", got[1], want)
	}
}
