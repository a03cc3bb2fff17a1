package stages

import (
	"fmt"
	"strings"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
)

// head turns features into scores of classes.
type head struct {
	// build adds the head to features [N, D] and returns logits and
	// probabilities, each [N, classes]. Its variables are made through n, and
	// their names begin with root and a slash.
	build func(n *nn.Net, root string, features tf.Output) (logits, probabilities tf.Output)
	// values are those of the variables, by their names without root, where
	// they do not come from a training session.
	values map[string][]float32
}

// headRoot is the root of the names of a head on a network of ours.
const headRoot = "head"

// denseHead is a linear layer.
func denseHead(classes int, init nn.Initializer) head {
	return head{build: func(n *nn.Net, root string, features tf.Output) (logits, probabilities tf.Output) {
		logits = n.Dense(root, features, classes, init)
		return logits, n.Graph().Softmax(logits)
	}}
}

// linearHead is a linear layer with the weights of a logistic regression.
func linearHead(m *train.Logistic) head {
	h := denseHead(m.Classes, nn.Zeros)
	h.values = map[string][]float32{"kernel": float32s(m.Weights), "bias": float32s(m.Bias)}
	return h
}

// leastProbability stands for 0 in the logits of a kNN head.
const leastProbability = 1e-7

// knnHead lets the nearest neighbours vote, as train.Neighbours does. The examples
// are variables of the model.
func knnHead(m *train.Neighbours) head {
	n := len(m.Examples.Y)
	votes := make([]float32, n*m.Classes)
	for i, y := range m.Examples.Y {
		votes[i*m.Classes+int(y)] = 1
	}
	return head{
		values: map[string][]float32{"bank": m.Examples.X, "classes": votes},
		build: func(net *nn.Net, root string, features tf.Output) (logits, probabilities tf.Output) {
			g := net.Graph()
			bank := net.Variable(root+"/bank", tf.Shape{int64(n), int64(m.Features)}, nn.Zeros, false)
			votes := net.Variable(root+"/classes", tf.Shape{int64(n), int64(m.Classes)}, nn.Zeros, false)
			norm := g.Sqrt(g.Maximum(g.Sum(g.Mul(features, features), true, 1), g.Scalar(1e-12)))
			cosine := g.MatMul(g.Div(features, norm), bank.Read(), false, true)
			nearest, which := g.TopK(cosine, m.K)
			// Softmax over the neighbours is each weight over their sum.
			weights := g.Softmax(g.Mul(nearest, g.Scalar(1/m.Temperature)))
			probabilities = g.Sum(g.Mul(g.ExpandDims(weights, 2), g.Gather(votes.Read(), which, 0)), false, 1)
			return g.Log(g.Maximum(probabilities, g.Scalar(leastProbability))), probabilities
		},
	}
}

// addTo adds the values of the head's variables, which are among variables, to
// weights by name.
func (h head) addTo(weights map[string]*tf.Tensor, variables []*tf.Variable) error {
	for _, v := range variables {
		name, ok := strings.CutPrefix(v.Name, headRoot+"/")
		if !ok {
			continue
		}
		values, ok := h.values[name]
		if !ok {
			return fmt.Errorf("no value for variable %s of the head", v.Name)
		}
		var err error
		if weights[v.Name], err = tf.FromFloat32s(values, v.Shape.Ints()...); err != nil {
			return err
		}
	}
	return nil
}

func float32s(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
