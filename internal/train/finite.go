package train

import "sslpipe/internal/tf"

// AllFinite tells whether no element of the float32 variables is infinite or not
// a number, a bool scalar.
func AllFinite(g *tf.Graph, vars []*tf.Variable) tf.Output {
	g = g.Scope("finite")
	var each []tf.Output
	for _, v := range vars {
		if v.DType == tf.Float32 {
			each = append(each, g.All(g.Op("IsFinite", nil, v.Read())[0], false))
		}
	}
	return g.All(g.Stack(0, each...), false)
}
