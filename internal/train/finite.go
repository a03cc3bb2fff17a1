package train

import "sslpipe/internal/tf"

// AllFinite tells whether no element of the float32 variables is infinite or not
// a number, a bool scalar. Nor may the sum of variables of one shape be infinite,
// which is as bad: adding those first makes a quarter of the nodes, and TensorFlow
// takes longer to prepare a node than to look at a variable.
func AllFinite(g *tf.Graph, vars []*tf.Variable) tf.Output {
	g = g.Scope("finite")
	var shapes []string // in the order of their first variables
	same := map[string][]tf.Output{}
	for _, v := range vars {
		if v.DType != tf.Float32 {
			continue
		}
		shape := v.Shape.String()
		if same[shape] == nil {
			shapes = append(shapes, shape)
		}
		same[shape] = append(same[shape], v.Read())
	}
	each := make([]tf.Output, len(shapes))
	for i, shape := range shapes {
		each[i] = g.All(g.Op("IsFinite", nil, g.AddN(same[shape]))[0], false)
	}
	return g.All(g.Stack(0, each...), false)
}
