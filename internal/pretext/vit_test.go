package pretext

import (
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Every task that does not refuse patches has a gradient at every weight of a Vision
// Transformer.
func TestTasksOnPatches(t *testing.T) {
	tftest.Load(t)
	for _, kind := range Kinds.Variants {
		network := &backbone.ViT{Patch: 7, Width: 8, Depth: 1, Heads: 2, MLPRatio: 2, Pool: "mean", Positions: "sincos"}
		task := kind.New().(Task)
		if choosy, ok := task.(Choosy); ok && choosy.CheckBackbone(network) != nil {
			continue
		}
		g := tf.NewGraph()
		tr := &trainer{g: g, net: nn.NewNet(g, 7), feeds: map[tf.Output]*tf.Tensor{}}
		tr.encoder = tr.net.Branch()
		tr.builder = NewBuilder(tr.inputs(t, task), tr.encoder, tr.net, func(n *nn.Net, x tf.Output) backbone.Features {
			return network.Build(n, n.Hide(x))
		})
		loss := task.Loss(tr.builder)
		var reads []tf.Output
		for _, v := range tr.encoder.Trainable() {
			reads = append(reads, v.Read())
		}
		g.Gradients(loss, reads)
		if err := g.Err(); err != nil {
			t.Errorf("%s: %v", kind.Name, err)
		}
	}
}
