package tftest

import "sslpipe/internal/tf"

// LinearHead is a linear layer of a kernel [features, classes] and a bias
// [classes].
func LinearHead(kernel, bias []float32) *tf.Head {
	return &tf.Head{
		Values: map[string][]float32{"kernel": kernel, "bias": bias},
		Build: func(g *tf.Graph, root string, features tf.Output) (logits, probabilities tf.Output) {
			classes, n := len(bias), features.Dim(1)
			if classes == 0 || n < 1 || len(kernel) != n*classes {
				return g.Failf("a head of %d weights for %d classes does not fit %d features", len(kernel), classes, n), tf.Output{}
			}
			w := g.Variable(root+"/kernel", tf.Float32, tf.Shape{int64(n), int64(classes)}, nil, true)
			b := g.Variable(root+"/bias", tf.Float32, tf.Shape{int64(classes)}, nil, true)
			logits = g.BiasAdd(g.MatMul(features, w.Read(), false, false), b.Read())
			return logits, g.Softmax(logits)
		},
	}
}
