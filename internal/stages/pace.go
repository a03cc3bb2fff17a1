package stages

import (
	"math"
	"strings"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
)

// pace scales the learning rate of each block: discriminative rates, and gradual
// unfreezing from the head backwards (Howard and Ruder, ACL 2018,
// arXiv:1801.06146).
type pace struct {
	decay  float64 // rate of a block as a fraction of that of the next
	every  int     // steps between blocks that begin to learn; 0: all at once
	blocks int
	fed    tf.Output // float32 [blocks], first block first
	values *tf.Tensor
}

// newPace adds the factors to the variables of the encoder, which are in blocks
// of the given names, in order; nil where every block learns alike.
func newPace(net *nn.Net, encoder []*tf.Variable, blockNames []string, c Full) (*pace, error) {
	if c.LayerDecay == 1 && c.UnfreezeEvery == 0 {
		return nil, nil
	}
	g := net.Graph()
	p := &pace{decay: c.LayerDecay, every: c.UnfreezeEvery, blocks: len(blockNames)}
	p.fed = g.Placeholder("block_rates", tf.Float32, p.blocks)
	factors := make([]tf.Output, p.blocks)
	for i := range factors {
		factors[i] = g.Reshape(g.Slice(p.fed, []int{i}, []int{1}))
	}
	block := 0
	for _, v := range encoder {
		block = blockOf(v.Name, blockNames, block)
		if v.Trainable {
			net.ScaleRate(v, factors[block])
		}
	}
	var err error
	p.values, err = tf.Alloc(tf.Float32, p.blocks)
	return p, err
}

// blockOf is the block of a variable: that whose name its own begins with, or
// else the one that the variable before it belongs to, as the batch-norm of a
// first convolution.
func blockOf(variable string, blockNames []string, before int) int {
	for i, name := range blockNames {
		if strings.HasPrefix(variable, name+"_") || strings.HasPrefix(variable, name+"/") {
			return i
		}
	}
	return before
}

// with adds the factors of a step to feeds.
func (p *pace) with(feeds map[tf.Output]*tf.Tensor, step int) map[tf.Output]*tf.Tensor {
	if p == nil {
		return feeds
	}
	for i := range p.blocks {
		fromHead := p.blocks - i
		factor := math.Pow(p.decay, float64(fromHead))
		if step < fromHead*p.every {
			factor = 0
		}
		p.values.Float32s()[i] = float32(factor)
	}
	feeds[p.fed] = p.values
	return feeds
}
