package pretext

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var moco = schema.Variant{
	Name:    "moco",
	Doc:     "Find the other view of an image among a queue of views from earlier steps, embedded by a momentum copy of the encoder.",
	Paper:   "He et al., CVPR 2020, arXiv:1911.05722; version 2: Chen et al. 2020, arXiv:2003.04297",
	Cost:    "2 encoder passes forward and backward and 2 forward (1 and 1 if not symmetric)",
	Version: 1,
	New: func() any {
		return &MoCo{
			Weighted: alone, Hidden: 256, Dim: 128, Temperature: 0.1, Momentum: 0.99, Queue: 4096,
			Symmetric: true, Groups: 8,
		}
	},
}

// MoCo configures momentum contrast, version 2. On one device its batch-norm
// would give the pairs away: the images of a batch would share statistics. So
// statistics are taken over Groups parts of the batch, and the parts of the keys
// are others than those of the queries.
type MoCo struct {
	Weighted
	Hidden      int     `hcl:"hidden,optional" min:"1" doc:"Units of the projector's hidden layer."`
	Dim         int     `hcl:"dim,optional" min:"2" doc:"Units of the projector's output."`
	Temperature float64 `hcl:"temperature,optional" min:"0.01" max:"10" doc:"Divides the cosines: lower looks harder at near neighbours."`
	Momentum    float64 `hcl:"momentum,optional" min:"0" max:"1" doc:"Share of the momentum encoder that a step keeps."`
	Queue       int     `hcl:"queue,optional" example:"2048" min:"1" doc:"Keys kept from earlier steps: a multiple of the keys of a step."`
	Symmetric   bool    `hcl:"symmetric,optional" doc:"Use each view as query and as key; both make keys for the queue."`
	Groups      int     `hcl:"groups,optional" min:"1" doc:"Parts of a batch with batch statistics of their own."`
}

// Needs implements Task.
func (*MoCo) Needs(Batch) Needs { return Needs{Views: 2} }

// Crops implements Task.
func (t *MoCo) Crops() int { return 2 * t.views() }

// views is how many views are queries, and how many are keys.
func (t *MoCo) views() int {
	if t.Symmetric {
		return 2
	}
	return 1
}

// Check implements Task.
func (t *MoCo) Check(b Batch) []schema.Problem {
	var found []schema.Problem
	if keys := b.N * t.views(); t.Queue%keys != 0 {
		found = append(found, schema.Problem{Field: "queue", Message: fmt.Sprintf(
			"The queue must be a multiple of the %d keys that a step makes, not %d.", keys, t.Queue)})
	}
	if b.N%t.Groups != 0 || b.N/t.Groups < 2 {
		found = append(found, schema.Problem{Field: "groups", Message: fmt.Sprintf(
			"A batch of %d images has no %d equal groups of at least 2.", b.N, t.Groups)})
	}
	return found
}

// Pictures implements Drawn: the two views.
func (*MoCo) Pictures(b *Builder) []Picture { return twoViews(b) }

// Loss implements Task: the mean over the queries of the cross-entropy of
// finding their keys.
func (t *MoCo) Loss(b *Builder) tf.Output {
	g := b.Graph()
	momentum := g.Scalar(t.Momentum)
	views := t.views()
	q := t.embed(b, b.Encoder, b.Head, b.Views[:views])
	k := t.keys(b, b.Encoder.Follow(momentum), b.Head.Follow(momentum), b.Views[2-views:])
	queue := b.Head.Variable("moco/queue", tf.Shape{int64(t.Queue), int64(t.Dim)}, unitRows, false)
	all := b.gathered([]tf.Output{k})[0]
	b.Head.AfterStep(func(g *tf.Graph) tf.Op { return enqueue(g, queue, all) })
	b.Embed(q)
	// The key of a query is its image's other view.
	positive := k
	if t.Symmetric {
		halves := g.Split(k, 0, 2)
		positive = g.Concat(0, halves[1], halves[0])
	}
	logits := contrast(g, q, positive, queue.Read(), t.Temperature)
	labels := g.Const(make([]int32, logits.Dim(0)))
	b.Accuracy(nn.Accuracy(g, logits, labels), 1/float64(1+t.Queue))
	return g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
}

// embed returns the unit embeddings of the views, one after the other. The
// projector has batch-norm, as in version 3 (Chen, Xie and He, ICCV 2021,
// arXiv:2104.02057): without it the first embeddings are all but equal.
func (t *MoCo) embed(b *Builder, encoder, head *nn.Net, views []tf.Output) tf.Output {
	groups := t.Groups * len(views)
	features := b.Apply(encoder.Groups(groups), b.Graph().Concat(0, views...)).Pooled
	return unit(b.Graph(), mlp(head.Groups(groups), "moco/projector", features, t.Hidden, t.Dim))
}

// keys embeds the views in another order, so that no two images that share batch
// statistics as queries share them as keys where the groups allow it, and puts
// the result in order again. No gradient flows through it.
func (t *MoCo) keys(b *Builder, encoder, head *nn.Net, views []tf.Output) tf.Output {
	g := b.Graph().Scope("keys")
	n := views[0].Dim(0)
	order := dealt(n, t.Groups)
	mixed := make([]tf.Output, len(views))
	for i, v := range views {
		mixed[i] = g.Gather(v, g.Const(order), 0)
	}
	k := t.embed(b, encoder, head, mixed)
	back := make([]int32, 0, n*len(views))
	for v := range views {
		for _, at := range inverse(order) {
			back = append(back, int32(v*n)+at)
		}
	}
	return g.StopGradient(g.Gather(k, g.Const(back), 0))
}

// dealt is the order in which a deck of n cards, laid down in piles one card a
// pile in turn, is picked up again: pile by pile.
func dealt(n, piles int) []int32 {
	order := make([]int32, 0, n)
	for p := range piles {
		for i := p; i < n; i += piles {
			order = append(order, int32(i))
		}
	}
	return order
}

func inverse(order []int32) []int32 {
	back := make([]int32, len(order))
	for i, from := range order {
		back[from] = int32(i)
	}
	return back
}

// contrast returns the cosines of queries q [N, D] with their keys k [N, D], and
// after them with every key of the queue [K, D], over the temperature:
// [N, 1+K]. All rows have length 1.
func contrast(g *tf.Graph, q, k, queue tf.Output, temperature float64) tf.Output {
	g = g.Scope("contrast")
	own := g.Sum(g.Mul(q, k), true, 1)
	others := g.MatMul(q, queue, false, true)
	return g.Mul(g.Concat(1, own, others), g.Scalar(1/temperature))
}

// InfoNCE is the mean cross-entropy of finding the keys k [N, D] of queries q
// [N, D] among themselves and the queue [K, D] (van den Oord et al., 2018,
// arXiv:1807.03748). All rows have length 1.
func InfoNCE(g *tf.Graph, q, k, queue tf.Output, temperature float64) tf.Output {
	logits := contrast(g, q, k, queue, temperature)
	return g.Mean(nn.CrossEntropy(g, logits, g.Const(make([]int32, q.Dim(0))), 0), false)
}

// enqueue appends keys to the queue and drops as many of the oldest, which are
// in front.
func enqueue(g *tf.Graph, queue *tf.Variable, keys tf.Output) tf.Op {
	n := keys.Dim(0)
	rest := g.Slice(queue.Read(), []int{n, 0}, []int{-1, -1})
	return g.Assign(queue, g.Reshape(g.Concat(0, rest, keys), queue.Shape.Ints()...))
}

// unitRows fills a matrix with random rows of length 1.
func unitRows(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output {
	return unit(g, nn.Normal(1)(g, seed, shape))
}
