package pretext

import (
	"fmt"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Tiles says how an image is cut into tiles, and what keeps their place from
// being read off without looking at what they show (Noroozi and Favaro, ECCV
// 2016, arXiv:1603.09246; Doersch et al., ICCV 2015, arXiv:1505.05192).
type Tiles struct {
	Gap          int  `hcl:"gap,optional" min:"-1" doc:"Pixels of a cell that a tile leaves out, so that lines do not run on from tile to tile; -1 takes a quarter of the cell."`
	Jitter       bool `hcl:"jitter,optional" doc:"Put each tile at a random place within its cell."`
	Normalize    bool `hcl:"normalize,optional" doc:"Give every tile the same mean and standard deviation."`
	ChannelShift int  `hcl:"channel_shift,optional" min:"0" doc:"Largest shift of a tile's colour channels against each other, in pixels: weakens chromatic aberration."`
	Enlarge      int  `hcl:"enlarge,optional" min:"1" max:"8" doc:"Factor by which tiles are enlarged for the encoder."`
}

// defaultTiles has every trick on.
var defaultTiles = Tiles{Gap: -1, Jitter: true, Normalize: true, ChannelShift: 1, Enlarge: 1}

// smallestTile is the side below which a tile shows nothing.
const smallestTile = 4

// tiling is the geometry of a grid of tiles over images of one size.
type tiling struct {
	Tiles
	grid  int
	batch Batch
}

func (t Tiles) on(grid int, b Batch) tiling {
	if t.Gap < 0 {
		t.Gap = min(b.H, b.W) / grid / 4
	}
	if b.C == 1 {
		t.ChannelShift = 0
	}
	return tiling{Tiles: t, grid: grid, batch: b}
}

func (t tiling) count() int { return t.grid * t.grid }

// size is the height and width of a tile before it is enlarged.
func (t tiling) size() (h, w int) { return t.batch.H/t.grid - t.Gap, t.batch.W/t.grid - t.Gap }

// shownSize is the height and width of a tile as the encoder sees it.
func (t tiling) shownSize() (h, w int) {
	h, w = t.size()
	return h * t.Enlarge, w * t.Enlarge
}

// draws is how many uniform numbers an image needs: the place of each tile, and
// the shifts of each tile's channels.
func (t tiling) draws() int {
	n := 0
	if t.Jitter {
		n += 2 * t.count()
	}
	if t.ChannelShift > 0 {
		n += 2 * t.count() * t.batch.C
	}
	return n
}

func (t tiling) check() []schema.Problem {
	if h, w := t.size(); h < smallestTile || w < smallestTile {
		return problem("gap", fmt.Sprintf("Images of %d by %d in a grid of %d leave tiles of %d by %d pixels; at least %d are needed.",
			t.batch.H, t.batch.W, t.grid, h, w, smallestTile))
	}
	return nil
}

// cut returns the tiles of images x [N, H, W, C] in [0, 1], row by row of the
// grid, as [N, tiles, h, w, C]. u holds an image's draws.
func (t tiling) cut(g *tf.Graph, x, u tf.Output) tf.Output {
	g = g.Scope("tiles")
	n, c := t.batch.N, t.batch.C
	h, w := t.size()
	rows := t.line(g, t.batch.H, h, func(tile int) int { return tile / t.grid })
	columns := t.line(g, t.batch.W, w, func(tile int) int { return tile % t.grid })
	rows, columns = g.Reshape(rows, 1, t.count(), h, 1, 1), g.Reshape(columns, 1, t.count(), 1, w, 1)
	if t.Jitter {
		down, right := t.steps(g, u, 0, 1, t.Gap+1)
		rows, columns = g.Add(rows, down), g.Add(columns, right)
	}
	if t.ChannelShift > 0 {
		down, right := t.steps(g, u, t.draws()-2*t.count()*c, c, 2*t.ChannelShift+1)
		back := g.Scalar(float64(t.ChannelShift))
		rows, columns = g.Add(rows, g.Sub(down, back)), g.Add(columns, g.Sub(right, back))
	}
	return g.Reshape(t.gather(g, x, rows, columns), n, t.count(), h, w, c)
}

// steps draws whole numbers below count from the draws that begin at first, two
// for each tile and each of so many channels: down and right, both float32
// [N, tiles, 1, 1, channels].
func (t tiling) steps(g *tf.Graph, u tf.Output, first, channels, count int) (down, right tf.Output) {
	n := t.batch.N
	mine := g.Slice(u, []int{0, first}, []int{n, 2 * t.count() * channels})
	both := g.Reshape(g.Floor(g.Mul(mine, g.Scalar(float64(count)))), n, t.count(), channels, 2)
	part := func(i int) tf.Output {
		return g.Reshape(g.Slice(both, []int{0, 0, 0, i}, []int{n, t.count(), channels, 1}), n, t.count(), 1, 1, channels)
	}
	return part(0), part(1)
}

// line lists the first coordinate of every pixel of every tile along one axis:
// float32 [tiles*pixels]. Without jitter tiles are in the middle of their cells.
func (t tiling) line(g *tf.Graph, size, pixels int, cell func(tile int) int) tf.Output {
	start := (size - size/t.grid*t.grid) / 2
	if !t.Jitter {
		start += t.Gap / 2
	}
	var at []float32
	for tile := range t.count() {
		for i := range pixels {
			at = append(at, float32(start+cell(tile)*(size/t.grid)+i))
		}
	}
	return g.Const(at)
}

// gather reads the pixels at rows and columns, which broadcast to
// [N, tiles, h, w, C]; what lies outside reads the border. Indices are float32,
// exact below 2^24, as everywhere in augmentations.
func (t tiling) gather(g *tf.Graph, x, rows, columns tf.Output) tf.Output {
	b := t.batch
	h, w := t.size()
	within := func(v tf.Output, size int) tf.Output {
		return g.Minimum(g.Maximum(v, g.Scalar(0)), g.Scalar(float64(size-1)))
	}
	channel := make([]float32, b.C)
	for i := range channel {
		channel[i] = float32(i)
	}
	index := g.Add(
		g.Mul(within(rows, b.H), g.Scalar(float64(b.W*b.C))),
		g.Mul(within(columns, b.W), g.Scalar(float64(b.C))))
	index = g.Add(index, g.Reshape(g.Const(channel), 1, 1, 1, 1, b.C))
	index = g.BroadcastTo(index, b.N, t.count(), h, w, b.C)
	index = g.Cast(g.Reshape(index, b.N, t.count()*h*w*b.C), tf.Int32)
	flat := g.Reshape(x, b.N, b.H*b.W*b.C)
	return g.GatherBatch(flat, index)
}

// flatTile is added to a tile's standard deviation, in units of the pixels'
// range: a tile that shows nothing stays flat instead of becoming noise.
const flatTile = 0.03

// shown prepares tiles [N, tiles, h, w, C] for the encoder: normalised and
// enlarged, [N*tiles, h', w', C].
func (t tiling) shown(b *Builder, tiles tf.Output) tf.Output {
	g := b.Graph().Scope("tiles")
	h, w := t.size()
	x := g.Reshape(tiles, t.batch.N*t.count(), h, w, t.batch.C)
	if t.Normalize {
		mean := g.Mean(x, true, 1, 2)
		centred := g.Sub(x, mean)
		std := g.Sqrt(g.Mean(g.Square(centred), true, 1, 2))
		x = g.Add(g.Mul(g.Div(centred, g.Add(std, g.Scalar(flatTile))), g.Const(float32s(b.Std))), g.Const(float32s(b.Mean)))
	}
	if t.Enlarge > 1 {
		x = g.ResizeBilinear(x, h*t.Enlarge, w*t.Enlarge)
	}
	return x
}

func float32s(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// puzzle puts tiles [N, tiles, h, w, C] together to one picture each, with a
// white line between them.
func (t tiling) puzzle(g *tf.Graph, tiles tf.Output) tf.Output {
	n, c := t.batch.N, t.batch.C
	h, w := t.size()
	framed := g.Op("PadV2", nil, tiles, g.Const([][2]int{{0, 0}, {0, 0}, {0, 1}, {0, 1}, {0, 0}}), g.Scalar(1))[0]
	grid := g.Reshape(framed, n, t.grid, t.grid, h+1, w+1, c)
	return g.Reshape(g.Transpose(grid, 0, 1, 3, 2, 4, 5), n, t.grid*(h+1), t.grid*(w+1), c)
}
