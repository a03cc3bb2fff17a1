package backbone

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var vit = schema.Variant{
	Name:    "vit",
	Doc:     "Vision Transformer: the image as a sequence of patches that attend to each other.",
	Paper:   "Dosovitskiy et al., ICLR 2021, arXiv:2010.11929; Beyer et al., 2022, arXiv:2205.01580",
	Version: 1,
	New: func() any {
		return &ViT{Patch: 4, Width: 192, Depth: 6, Heads: 3, MLPRatio: 4, Pool: poolMean, Positions: positionsSinCos}
	},
}

const (
	poolMean  = "mean"
	poolClass = "class"
)

// ViT configures a Vision Transformer with pre-norm blocks, for images of 28 to 64 px
// unless told otherwise. The defaults are the simple baseline of Beyer et al., scaled
// down: fixed positions and the mean of all patches. Kernels start as in MAE (He et
// al., CVPR 2022, arXiv:2111.06377), Glorot uniform, and biases at 0.
//
// Attention costs memory in proportion to the square of the number of patches, (H/patch)
// times (W/patch).
type ViT struct {
	Patch           int     `hcl:"patch,optional" min:"1" example:"4" doc:"Side of a patch in pixels; it must divide the height and the width of the images."`
	Width           int     `hcl:"width,optional" min:"1" doc:"Numbers that stand for a patch between blocks."`
	Depth           int     `hcl:"depth,optional" min:"1" max:"128" doc:"Blocks of attention and MLP."`
	Heads           int     `hcl:"heads,optional" min:"1" doc:"Heads of attention; they divide the width."`
	MLPRatio        float64 `hcl:"mlp_ratio,optional" doc:"Width of the MLP's middle, as a multiple of width."`
	Pool            string  `hcl:"pool,optional" enum:"mean,class" doc:"What stands for the image: the mean of its patches, or a class token that attends to them."`
	Positions       string  `hcl:"positions,optional" enum:"learned,sincos" doc:"How a patch knows its place: sincos is fixed and serves images of any size, learned belongs to one size."`
	StochasticDepth float64 `hcl:"stochastic_depth,optional" doc:"Probability with which training leaves out a branch of the last block for an image; it rises from 0 in the first block."`
	LayerScale      float64 `hcl:"layer_scale,optional" example:"1e-5" doc:"First value of a learnt factor for each channel of a branch, which makes deep networks easier to train; 0 leaves it out."`
	Dropout         float64 `hcl:"dropout,optional" doc:"Share of numbers that training drops: of the embedded patches, of the weights of attention, and of what each branch adds."`
}

// Validate implements schema.Validator.
func (c *ViT) Validate() []schema.Problem {
	found := c.stack().validate(c.Positions, 4)
	found = append(found, below1("stochastic_depth", c.StochasticDepth)...)
	found = append(found, below1("dropout", c.Dropout)...)
	if !(c.LayerScale >= 0) || math.IsInf(c.LayerScale, 1) {
		found = append(found, schema.Problem{Field: "layer_scale", Message: fmt.Sprintf("layer_scale must not be below 0, and is %v.", c.LayerScale)})
	}
	return found
}

// CheckSizes implements Sized: patches must divide images of every size, and learned
// positions are those of one.
func (c *ViT) CheckSizes(sizes ...[2]int) []schema.Problem {
	var found []schema.Problem
	for _, size := range sizes {
		if size[0]%c.Patch == 0 && size[1]%c.Patch == 0 {
			continue
		}
		found = append(found, schema.Problem{Field: "patch", Message: fmt.Sprintf("Images of %d by %d pixels cannot be divided into patches of %d. Patches that fit have a side of: %s.",
			size[0], size[1], c.Patch, divisors(sizes))})
	}
	if found == nil && c.Positions == positionsLearned {
		for _, size := range sizes {
			if size != sizes[0] {
				found = append(found, schema.Problem{Field: "positions", Message: fmt.Sprintf(
					"Learned positions belong to images of one size, and vit would see %d by %d and %d by %d pixels: use positions = %q.",
					sizes[0][0], sizes[0][1], size[0], size[1], positionsSinCos)})
			}
		}
	}
	return found
}

// divisors lists what divides all sides of all sizes.
func divisors(sizes [][2]int) string {
	var list []string
	for d := 1; d <= sizes[0][0]; d++ {
		if !slices.ContainsFunc(sizes, func(size [2]int) bool { return size[0]%d != 0 || size[1]%d != 0 }) {
			list = append(list, strconv.Itoa(d))
		}
	}
	return strings.Join(list, ", ")
}

func (c *ViT) stack() stack {
	return stack{width: c.Width, depth: c.Depth, heads: c.Heads, mlpRatio: c.MLPRatio, drop: c.StochasticDepth}
}

// Dim implements Backbone.
func (c *ViT) Dim() int { return c.Width }

// PatchSize implements PatchEncoder.
func (c *ViT) PatchSize() int { return c.Patch }

// BlockNames implements Backbone: the embedded patches, and the blocks.
func (c *ViT) BlockNames() []string { return c.stack().names() }

// MapSize implements Backbone.
func (c *ViT) MapSize(h, w int) (mapH, mapW int) { return h / c.Patch, w / c.Patch }

// Activations implements Backbone.
func (c *ViT) Activations(h, w int) int64 {
	mapH, mapW := c.MapSize(h, w)
	return c.stack().activations(mapH*mapW + c.extra())
}

// extra is how many tokens there are beside the patches.
func (c *ViT) extra() int {
	if c.Pool == poolClass {
		return 1
	}
	return 0
}

// Build implements Backbone.
func (c *ViT) Build(n *nn.Net, x tf.Output) Features {
	g := n.Graph()
	patches := c.Embed(n, x)
	if g.Err() != nil {
		return Features{}
	}
	mapH, mapW := c.MapSize(x.Dim(1), x.Dim(2))
	blocks, last := c.encode(n, patches)
	asMap := func(tokens tf.Output) tf.Output {
		return g.Reshape(c.patchesOf(g, tokens), x.Dim(0), mapH, mapW, c.Width)
	}
	f := Features{Map: asMap(last), BlockNames: c.BlockNames()}
	for _, tokens := range blocks {
		f.Blocks = append(f.Blocks, asMap(tokens))
	}
	if c.Pool == poolClass {
		f.Pooled = g.Reshape(g.Slice(last, []int{0, 0, 0}, []int{-1, 1, -1}), x.Dim(0), c.Width)
	} else {
		f.Pooled = g.Mean(last, false, 1)
	}
	return f
}

// Embed implements PatchEncoder. The pixels of a patch are in the order row, column,
// channel, so that embed/kernel [patch*patch*C, width] is the kernel of a convolution.
func (c *ViT) Embed(n *nn.Net, x tf.Output) tf.Output {
	g := n.Graph()
	switch {
	case g.Err() != nil:
		return tf.Output{}
	case n.Partial():
		return g.Failf("vit has no convolutions that could leave out parts of an image: embed all patches, and encode those to be seen")
	case x.Rank() != 4 || x.Dim(1) < 1 || x.Dim(2) < 1 || x.Dim(3) < 1:
		return g.Failf("vit wants images [N, H, W, C], not %v", x.Shape())
	case x.Dim(1)%c.Patch != 0 || x.Dim(2)%c.Patch != 0:
		return g.Failf("images of %d by %d pixels cannot be divided into patches of %d", x.Dim(1), x.Dim(2), c.Patch)
	}
	pixels := x
	if c.Patch > 1 {
		pixels = g.Op("SpaceToDepth", tf.Attrs{"block_size": c.Patch}, x)[0]
	}
	h, w := c.MapSize(x.Dim(1), x.Dim(2))
	rows := n.Dense(embedName, g.Reshape(pixels, -1, c.Patch*c.Patch*x.Dim(3)), c.Width, nn.GlorotUniform)
	return g.Add(g.Reshape(rows, x.Dim(0), h*w, c.Width), c.positions(n, h, w))
}

// positions are those of a grid of h by w patches, [h*w, width].
func (c *ViT) positions(n *nn.Net, h, w int) tf.Output {
	if c.Positions == positionsSinCos {
		return n.Graph().Const(SinCosGrid(h, w, c.Width))
	}
	shape := tf.Shape{int64(h * w), int64(c.Width)}
	return n.WithoutDecay().Variable(embedName+"/positions", shape, nn.TruncatedNormal(tokenDeviation), true).Read()
}

// Encode implements PatchEncoder.
func (c *ViT) Encode(n *nn.Net, patches tf.Output) tf.Output {
	_, last := c.encode(n, patches)
	return c.patchesOf(n.Graph(), last)
}

// encode applies all blocks and the last norm to patches [N, P, width] and the class
// token, which comes first.
func (c *ViT) encode(n *nn.Net, patches tf.Output) (blocks []tf.Output, last tf.Output) {
	x := patches
	if c.Pool == poolClass {
		g := n.Graph()
		token := n.Variable(embedName+"/class_token", tf.Shape{int64(c.Width)}, nn.TruncatedNormal(tokenDeviation), true).Read()
		token = g.BroadcastLike(g.Reshape(token, 1, 1, c.Width), patches, patches.Dim(0), 1, c.Width)
		x = g.Concat(1, token, patches)
	}
	x = n.Dropout(embedName+"/dropout", x, c.Dropout)
	block := nn.Block{Attention: nn.Attention{Dropout: c.Dropout}, Dropout: c.Dropout, LayerScale: c.LayerScale, Init: nn.GlorotUniform}
	blocks = c.stack().build(n, block, x)
	return blocks, n.LayerNorm(finalNormName, blocks[len(blocks)-1], layerNormEpsilon)
}

// patchesOf leaves the class token out of tokens [N, P or P+1, width].
func (c *ViT) patchesOf(g *tf.Graph, tokens tf.Output) tf.Output {
	if c.Pool != poolClass {
		return tokens
	}
	return g.Slice(tokens, []int{0, 1, 0}, []int{-1, -1, -1})
}
