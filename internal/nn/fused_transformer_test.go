package nn_test

import (
	"math"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Two blocks, pre-norm and post-norm, between an embedding and a head that share a
// table: the single operations are the stock ones in loss and in all gradients, also
// where texts are padded, or empty.
func TestFusedTransformersAreTheStockOnes(t *testing.T) {
	for name, block := range map[string]nn.Block{
		"pre-norm":            {},
		"post-norm":           {PostNorm: true},
		"causal":              {Attention: nn.Attention{Causal: true}},
		"layer scale":         {LayerScale: 0.5},
		"dropout":             {Dropout: 0.1, DropPath: 0.1},
		"dropout of weights":  {Attention: nn.Attention{Dropout: 0.2}},
		"rotary":              {Attention: nn.Attention{Causal: true}, PostNorm: true, DropPath: 0.1},
		"causal and all else": {Attention: nn.Attention{Causal: true}, PostNorm: true, LayerScale: 2, DropPath: 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			want, names := transformerGradients(t, block, name == "rotary", false)
			got, _ := transformerGradients(t, block, name == "rotary", true)
			for i, n := range names {
				if strings.HasSuffix(n, "key/bias") && name != "rotary" {
					// It moves all scores of a query alike: its gradient is nothing but rounding.
					if size := largest(got[i]); size > 1e-6 {
						t.Errorf("%s is %.2g and not 0", n, size)
					}
				} else if e := relative(got[i], want[i]); e > 1e-4 {
					t.Errorf("%s differs by %.2g of its size", n, e)
				}
			}
		})
	}
}

func largest(values []float32) float64 {
	var size float64
	for _, v := range values {
		size = max(size, math.Abs(float64(v)))
	}
	return size
}

// transformerGradients are the losses, and the gradients of all weights.
func transformerGradients(t *testing.T, block nn.Block, rotary, fused bool) (values [][]float32, names []string) {
	t.Helper()
	const texts, length, width, vocabulary = 3, 11, 24, 50
	g := newGraph(t)
	n := nn.NewNet(g, 1)
	if fused {
		n = n.Fused()
	}
	tokens := make([]int32, texts*length)
	for i := range tokens {
		if text, at := i/length, i%length; text == 0 || text == 1 && at < 4 { // the last one is empty
			tokens[i] = int32(1 + i*13%(vocabulary-1))
		}
	}
	ids := g.Reshape(g.Const(tokens), texts, length)
	table := n.Variable("table", tf.Shape{vocabulary, width}, nn.Normal(1), true).Read()
	block.Epsilon, block.Hidden, block.Init = 1e-6, 4*width, nn.GlorotUniform
	block.Attention.Heads, block.Attention.Present = 3, g.Cast(g.NotEqual(ids, g.Const(int32(0))), tf.Float32)
	if rotary {
		block.Attention.Codes = g.Reshape(g.Const(wave(length*8, 2)), length, 8)
	}
	x := n.Embedding(table, ids)
	for _, name := range []string{"first", "second"} {
		block.Name = name
		x = n.TransformerBlock(block, x)
	}
	bias := n.Variable("bias", tf.Shape{vocabulary}, nn.Normal(1), true).Read()
	logits := n.TiedLogits(g.Reshape(n.LayerNorm("norm", x, 1e-6), -1, width), table, bias)
	losses := n.TokenCrossEntropy(logits, g.Const(tokens))
	if has := strings.Contains(losses.Name(), "StopGradient"); has != fused {
		t.Fatalf("fused %v ends in %s", fused, losses.Name())
	}
	names, outs := []string{"the loss"}, []tf.Output{losses}
	var xs []tf.Output
	for _, v := range n.Trainable() {
		names, xs = append(names, "the gradient of "+v.Name), append(xs, v.Read())
	}
	outs = append(outs, g.Gradients(g.Mean(losses, false), xs)...)
	return tftest.Eval(t, g, outs...), names
}

// Counting what a network computes does not depend on how it is computed.
func TestFusedTransformersCountTheSameOperations(t *testing.T) {
	count := func(fused bool) int64 {
		g := newGraph(t)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		x := g.Reshape(g.Const(wave(2*5*8, 0)), 2, 5, 8)
		y := n.TransformerBlock(nn.Block{Name: "block", Attention: nn.Attention{Heads: 2}, Hidden: 32, Epsilon: 1e-6, Init: nn.GlorotUniform}, x)
		xs := []tf.Output{x}
		for _, v := range n.Trainable() {
			xs = append(xs, v.Read())
		}
		g.Gradients(g.Sum(g.Square(y), false), xs)
		flops, err := g.FLOPs()
		if err != nil {
			t.Fatal(err)
		}
		return flops
	}
	// 10 positions meet 4*8*8 weights of attention, 2*8*32 of the MLP, and 2*5*8 in attention itself.
	const want = 3 * 2 * 10 * (4*8*8 + 2*8*32 + 2*5*8)
	if stock, fused := count(false), count(true); stock != want || fused != want {
		t.Errorf("%d operations stock and %d fused, want %d", stock, fused, want)
	}
}
