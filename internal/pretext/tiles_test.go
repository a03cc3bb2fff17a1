package pretext

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// counted are images [N, H, W, C] whose elements are 0, 1, 2 and so on.
func counted(g *tf.Graph, b Batch) tf.Output {
	values := make([]float32, b.N*b.H*b.W*b.C)
	for i := range values {
		values[i] = float32(i)
	}
	return g.Reshape(g.Const(values), b.N, b.H, b.W, b.C)
}

// cutOf evaluates the tiles of counted images.
func cutOf(t *testing.T, cut tiling, draws []float32) []float32 {
	t.Helper()
	g := tf.NewGraph()
	var u tf.Output
	if cut.draws() > 0 {
		u = g.Reshape(g.Const(draws), cut.batch.N, cut.draws())
	}
	return tftest.Eval(t, g, cut.cut(g, counted(g, cut.batch), u))[0]
}

func TestTilesWithoutJitterAreInTheMiddleOfTheirCells(t *testing.T) {
	tftest.Load(t)
	for _, c := range []struct {
		name string
		cut  tiling
		want []float32
	}{
		{"gap 1", Tiles{Gap: 1}.on(3, Batch{N: 1, H: 9, W: 9, C: 1}), []float32{
			0, 1, 9, 10, 3, 4, 12, 13, 6, 7, 15, 16,
			27, 28, 36, 37, 30, 31, 39, 40, 33, 34, 42, 43,
			54, 55, 63, 64, 57, 58, 66, 67, 60, 61, 69, 70,
		}},
		// Cells of 3 by 3 in the middle of 10 by 11, of each the pixel in the middle.
		{"remainders", Tiles{Gap: 2}.on(3, Batch{N: 1, H: 10, W: 11, C: 1}), []float32{13, 16, 19, 46, 49, 52, 79, 82, 85}},
		// The middle 1 by 2 pixels of cells of 3 by 4, with both channels, of two images.
		{"two images", Tiles{Gap: 2}.on(2, Batch{N: 2, H: 6, W: 8, C: 2}), []float32{
			18, 19, 20, 21, 26, 27, 28, 29, 66, 67, 68, 69, 74, 75, 76, 77,
			114, 115, 116, 117, 122, 123, 124, 125, 162, 163, 164, 165, 170, 171, 172, 173,
		}},
	} {
		if got := cutOf(t, c.cut, nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: tiles\n%v, want\n%v", c.name, got, c.want)
		}
	}
}

// A quarter of the cell is left out by default, and grey images need no draws
// for channels.
func TestTilesDefaults(t *testing.T) {
	for _, c := range []struct {
		grid             int
		batch            Batch
		gap, side, draws int
	}{
		{3, Batch{N: 1, H: 28, W: 28, C: 1}, 2, 7, 18},
		{3, Batch{N: 1, H: 64, W: 64, C: 3}, 5, 16, 18 + 54},
		{2, Batch{N: 1, H: 32, W: 32, C: 3}, 4, 12, 8 + 24},
	} {
		cut := defaultTiles.on(c.grid, c.batch)
		if h, w := cut.size(); cut.Gap != c.gap || h != c.side || w != c.side || cut.draws() != c.draws {
			t.Errorf("%v in a grid of %d: gap %d, tiles of %d by %d, %d draws, want %+v", c.batch, c.grid, cut.Gap, h, w, cut.draws(), c)
		}
	}
	if found := defaultTiles.on(3, Batch{N: 1, H: 14, W: 14, C: 1}).check(); len(found) != 1 || found[0].Field != "gap" {
		t.Errorf("tiles of 3 by 3: %v, want a problem of gap", found)
	}
	if found := defaultTiles.on(3, Batch{N: 1, H: 15, W: 15, C: 1}).check(); len(found) != 0 {
		t.Errorf("tiles of 4 by 4: %v", found)
	}
}

// Draws move a tile by 0 to gap pixels down and to the right, evenly.
func TestJitterStaysWithinTheCell(t *testing.T) {
	tftest.Load(t)
	almostOne := math.Nextafter32(1, 0)
	// Gap 2: a third of the draws for each offset. Images of 10 by 10 and a grid
	// of 2, so cells of 5 and tiles of 3 by 3; down and right of each tile.
	draws := []float32{
		0, almostOne, 0.33, 0.34, 0.66, 0.67, almostOne, 0,
		0.5, 0.5, 0, 0, 0.99, 0.99, 0.3, 0.7,
	}
	cut := Tiles{Gap: 2, Jitter: true}.on(2, Batch{N: 2, H: 10, W: 10, C: 1})
	got := cutOf(t, cut, draws)
	corners := []float32{ // 100*image + 10*row + column
		2, 6, 62, 75,
		111, 105, 172, 157,
	}
	for i, corner := range corners {
		want := []float32{0, 1, 2, 10, 11, 12, 20, 21, 22}
		for at := range want {
			want[at] += corner
		}
		if tile := got[9*i : 9*i+9]; !slices.Equal(tile, want) {
			t.Errorf("tile %d: %v, want %v", i, tile, want)
		}
	}
}

// Draws move each channel of a tile by -s to s pixels; beyond the image its
// border is repeated.
func TestChannelShift(t *testing.T) {
	tftest.Load(t)
	// One cell of 2 by 2 in each corner of 4 by 4, two channels: down and right of
	// each channel of each tile, s = 1, so thirds mean -1, 0, 1.
	draws := []float32{
		0.5, 0.5, 0.9, 0, // tile 0: as it is; down and left
		0.34, 0.66, 0.4, 0.7, // tile 1: as it is; right
		0, 0.5, 0.5, 0.5, // tile 2: up; as it is
		0.99, 0.99, 0.1, 0.2, // tile 3: down and right; up and left
	}
	// Channel 0 of the pixel at row, column is 8*row + 2*column, channel 1 that plus 1.
	want := []float32{
		0, 9, 2, 9, 8, 17, 10, 17, // rows 1, 2 and columns 0 (for -1), 0
		4, 7, 6, 7, 12, 15, 14, 15, // columns 3, 3 (for 4)
		8, 17, 10, 19, 16, 25, 18, 27, // rows 1, 2
		30, 11, 30, 13, 30, 19, 30, 21, // rows 3, 3 and columns 3, 3; rows 1, 2 and columns 1, 2
	}
	if got := cutOf(t, Tiles{ChannelShift: 1}.on(2, Batch{N: 1, H: 4, W: 4, C: 2}), draws); !slices.Equal(got, want) {
		t.Errorf("tiles\n%v, want\n%v", got, want)
	}
	// The draws of jitter come first; in cells that tiles fill they move nothing.
	draws = append([]float32{0.9, 0, 0.9, 0, 0.9, 0, 0.9, 0}, draws...)
	if got := cutOf(t, Tiles{ChannelShift: 1, Jitter: true}.on(2, Batch{N: 1, H: 4, W: 4, C: 2}), draws); !slices.Equal(got, want) {
		t.Errorf("tiles with jitter\n%v, want\n%v", got, want)
	}
}

// tileBuilder is a builder for tiles alone.
func tileBuilder(g *tf.Graph, mean, std []float64) *Builder {
	n := nn.NewNet(g, 1)
	return NewBuilder(Inputs{Mean: mean, Std: std}, n.Branch(), n.Branch(), Network{})
}

// Every channel of every tile has the mean and deviation of the images, but one
// that shows nothing stays flat.
func TestNormalizeEvensOutTiles(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	mean, std := []float64{0.4, 0.6}, []float64{0.2, 0.1}
	const pixels = 16
	values := make([]float32, 4*pixels*2)
	for i := range values {
		tile, channel, at := i/(2*pixels), i%2, i/2%pixels
		contrast := []float32{0.5, 0.25, 0, 0.5}[tile]
		values[i] = 0.1*float32(tile) + contrast*float32((at*(5+2*channel))%pixels)/pixels
	}
	cut := Tiles{Normalize: true, Enlarge: 1}.on(2, Batch{N: 1, H: 8, W: 8, C: 2})
	shown := cut.shown(tileBuilder(g, mean, std), g.Reshape(g.Const(values), 1, 4, 4, 4, 2))
	got := tftest.Eval(t, g, shown)[0]
	for tile := range 4 {
		for channel := range 2 {
			sum, squares := 0.0, 0.0
			for at := range pixels {
				v := float64(got[(tile*pixels+at)*2+channel])
				sum, squares = sum+v, squares+v*v
			}
			m := sum / pixels
			s := math.Sqrt(max(0, squares/pixels-m*m))
			if math.Abs(m-mean[channel]) > 1e-5 {
				t.Errorf("tile %d, channel %d: mean %v, want %v", tile, channel, m, mean[channel])
			}
			low, high := 0.65*std[channel], std[channel]
			if tile == 2 {
				low, high = 0, 1e-3
			}
			if s < low || s > high {
				t.Errorf("tile %d, channel %d: standard deviation %v, want %v to %v", tile, channel, s, low, high)
			}
		}
	}
}

func TestEnlargeMultipliesTheSize(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	cut := Tiles{Enlarge: 3}.on(2, Batch{N: 2, H: 8, W: 10, C: 1})
	shown := cut.shown(tileBuilder(g, []float64{0.5}, []float64{0.25}), cut.cut(g, counted(g, cut.batch), tf.Output{}))
	if got, want := shown.Shape().Ints(), []int{8, 12, 15, 1}; !slices.Equal(got, want) {
		t.Fatalf("tiles of the shape %v, want %v", got, want)
	}
	// Pixels become 3 by 3 others; those in the middle keep their values.
	got := tftest.Eval(t, g, shown)[0]
	for tile, corner := range []float32{0, 5, 40, 45, 80, 85, 120, 125} {
		for row := range 4 {
			for column := range 5 {
				want := corner + float32(10*row+column)
				if v := got[(tile*12+3*row+1)*15+3*column+1]; math.Abs(float64(v-want)) > 1e-4 {
					t.Fatalf("tile %d shows %v at %d, %d, want %v", tile, v, row, column, want)
				}
			}
		}
	}
}

// The tiles of a picture are where they were, with a white line after each.
func TestPuzzlePutsTilesBack(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	cut := Tiles{}.on(2, Batch{N: 1, H: 4, W: 6, C: 1})
	got := tftest.Eval(t, g, cut.puzzle(g, cut.cut(g, g.Mul(counted(g, cut.batch), g.Scalar(10)), tf.Output{})))[0]
	want := []float32{
		0, 10, 20, 1, 30, 40, 50, 1,
		60, 70, 80, 1, 90, 100, 110, 1,
		1, 1, 1, 1, 1, 1, 1, 1,
		120, 130, 140, 1, 150, 160, 170, 1,
		180, 190, 200, 1, 210, 220, 230, 1,
		1, 1, 1, 1, 1, 1, 1, 1,
	}
	if !slices.Equal(got, want) {
		t.Errorf("picture\n%v, want\n%v", got, want)
	}
}

func TestEncodedIsWhatTheEncoderReads(t *testing.T) {
	b := Batch{N: 8, H: 60, W: 60, C: 3}
	tiles := defaultTiles
	tiles.Enlarge = 2
	for task, want := range map[Task]Batch{
		&Rotation{}:                         {N: 32, H: 60, W: 60, C: 3},
		&Jigsaw{Grid: 3, Tiles: tiles}:      {N: 72, H: 30, W: 30, C: 3},
		&RelativePatch{Tiles: defaultTiles}: {N: 72, H: 15, W: 15, C: 3},
	} {
		if got := Encoded(task, b); got != want {
			t.Errorf("%T: %+v, want %+v", task, got, want)
		}
	}
}
