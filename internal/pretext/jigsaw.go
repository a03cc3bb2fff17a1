package pretext

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var jigsaw = schema.Variant{
	Name:    "jigsaw",
	Doc:     "Cut an image into tiles, shuffle them, and predict which permutation was used.",
	Paper:   "Noroozi and Favaro, ECCV 2016, arXiv:1603.09246",
	Cost:    "9 passes over tiles (4 with grid 2), forward and backward: about 1 pass over an image",
	Version: 1,
	New: func() any {
		return &Jigsaw{Weighted: alone, Grid: 3, Puzzles: 4, Tiles: defaultTiles, Hidden: 256}
	},
}

// Jigsaw configures the jigsaw task. The encoder sees every tile by itself and
// tiles meet only in the head (a context-free network), so an image is encoded
// once however many puzzles are made of it.
type Jigsaw struct {
	Weighted
	Grid         int `hcl:"grid,optional" example:"3" min:"2" max:"3" doc:"Tiles along each side."`
	Permutations int `hcl:"permutations,optional" doc:"Grid 3: 72 (any two differ in at least 8 places) or 504 (in at least 7). Grid 2: 24. 0 takes the smaller number."`
	Puzzles      int `hcl:"puzzles,optional" min:"1" max:"100" doc:"Permutations that are tried on each image in a step."`
	Hidden       int `hcl:"hidden,optional" min:"1" doc:"Units of the head's hidden layer."`
	Tiles
}

// tileFeatures is the width to which the head brings each tile.
const tileFeatures = 128

func (t *Jigsaw) set() [][]int {
	switch {
	case t.Grid == 2:
		return symmetric4()
	case t.Permutations == 504:
		return projective8()
	}
	return affine9()
}

// Validate implements schema.Validator.
func (t *Jigsaw) Validate() []schema.Problem {
	if n := len(t.set()); t.Permutations != 0 && t.Permutations != n {
		return problem("permutations", fmt.Sprintf("Puzzles of 9 tiles have 72 or 504 permutations, and of 4 tiles 24, not %d.", t.Permutations))
	}
	return nil
}

// Needs implements Task.
func (t *Jigsaw) Needs(b Batch) Needs { return Needs{Views: 1, Draws: t.on(t.Grid, b).draws()} }

// Crops implements Task.
func (t *Jigsaw) Crops() int { return t.Grid * t.Grid }

// CropSize implements Cutter.
func (t *Jigsaw) CropSize(b Batch) (h, w int) { return t.on(t.Grid, b).shownSize() }

// Check implements Task.
func (t *Jigsaw) Check(b Batch) []schema.Problem { return t.on(t.Grid, b).check() }

// Loss implements Task: mean cross-entropy over all puzzles.
func (t *Jigsaw) Loss(b *Builder) tf.Output {
	g, n := b.Graph(), b.Head
	cut := t.on(t.Grid, b.Batch())
	features := b.Encode(cut.shown(b, cut.cut(g, b.Views[0], b.Draws))).Pooled
	features = g.Relu(n.BatchNorm("jigsaw/tile_bn", n.Dense("jigsaw/tile", features, tileFeatures, nn.GlorotUniform), headMomentum, headEpsilon))
	features = g.Reshape(features, cut.batch.N, cut.count(), tileFeatures)
	shuffled, labels := t.shuffle(b, features)
	logits := mlp(n, "jigsaw/logits", shuffled, t.Hidden, len(t.set()))
	b.Accuracy(nn.Accuracy(g, logits, labels), 1/float64(len(t.set())))
	return g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
}

// shuffle makes the puzzles of tiles [N, tiles, D]: [N*puzzles, tiles*D], where
// place i of puzzle p shows tile permutation[p][i], and the labels int32
// [N*puzzles].
func (t *Jigsaw) shuffle(b *Builder, tiles tf.Output) (puzzles, labels tf.Output) {
	g := b.Graph().Scope("shuffle")
	set := t.set()
	labels = b.positions(t.Puzzles, len(set))
	n, count, d := tiles.Dim(0), tiles.Dim(1), tiles.Dim(2)
	matrices := g.Gather(g.Const(permutationMatrices(set)), labels, 0)
	matrices = g.Reshape(matrices, n, t.Puzzles, count, count)
	moved := g.BatchMatMul(matrices, g.Reshape(tiles, n, 1, count, d), false, false)
	return g.Reshape(moved, n*t.Puzzles, count*d), labels
}

// permutationMatrices has a 1 at [p, i, permutation[p][i]].
func permutationMatrices(set [][]int) [][][]float32 {
	matrices := make([][][]float32, len(set))
	for p, permutation := range set {
		matrices[p] = make([][]float32, len(permutation))
		for i, from := range permutation {
			matrices[p][i] = make([]float32, len(permutation))
			matrices[p][i][from] = 1
		}
	}
	return matrices
}

// Pictures implements Drawn: the image and its first puzzles.
func (t *Jigsaw) Pictures(b *Builder) []Picture {
	g := b.Graph()
	cut := t.on(t.Grid, b.Batch())
	tiles := cut.cut(g, b.Views[0], b.Draws)
	h, w := cut.size()
	n := cut.batch.N
	puzzles, labels := t.shuffle(b, g.Reshape(tiles, n, cut.count(), h*w*cut.batch.C))
	pictures := []Picture{{Title: "image", Images: b.Views[0]}, {Title: "tiles", Images: cut.puzzle(g, tiles)}}
	puzzles = g.Reshape(puzzles, n, t.Puzzles, -1)
	labels = g.Reshape(labels, n, t.Puzzles)
	for p := range min(t.Puzzles, 3) {
		one := g.Reshape(g.Slice(puzzles, []int{0, p, 0}, []int{n, 1, -1}), n, cut.count(), h, w, cut.batch.C)
		pictures = append(pictures, Picture{
			Title: fmt.Sprintf("puzzle %d", p+1), Images: cut.puzzle(g, one),
			Labels: g.Reshape(g.Slice(labels, []int{0, p}, []int{n, 1}), n),
		})
	}
	return pictures
}
