package tf_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// square builds v += x*x for x [2, 3] and v [2, 2], beside a node that nobody asks
// for.
func square(t *testing.T) (g *tf.Graph, x, product tf.Output, update tf.Op) {
	t.Helper()
	tftest.Load(t)
	g = tf.NewGraph()
	x = g.Placeholder("x", tf.Float32, 2, 3)
	v := g.Variable("v", tf.Float32, tf.Shape{2, 2}, func(g *tf.Graph) tf.Output { return g.Const([][]float32{{1, 2}, {3, 4}}) }, true)
	product = g.MatMul(x, x, false, true)
	g.Relu(product)
	return g, x, product, g.AssignAdd(v, product)
}

func TestTrafficCountsWhatRunsOnce(t *testing.T) {
	g, _, product, update := square(t)
	got, err := g.Traffic([]tf.Output{product}, update)
	if err != nil {
		t.Fatal(err)
	}
	want := []tf.OpTraffic{
		{Name: product.Op().Name(), Type: "MatMul", Read: 2 * 24, Written: 16},
		{Name: update.Name(), Type: "AssignAddVariableOp", Read: 16 + 16, Written: 16},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestProfileListsWhatRan(t *testing.T) {
	g, x, product, update := square(t)
	s := tftest.Session(t, g)
	fed, err := tf.FromFloat32s([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	feeds := map[tf.Output]*tf.Tensor{x: fed}
	before := tf.InRuns()
	if _, err := s.Run(feeds, []tf.Output{product}); err != nil {
		t.Fatal(err)
	}
	if tf.InRuns() <= before {
		t.Error("a run took no time")
	}
	times, err := s.Profile(feeds, []tf.Output{product}, update)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{product.Op().Name(), update.Name()} {
		at := slices.IndexFunc(times, func(o tf.OpTime) bool { return o.Name == want })
		if at < 0 || times[at].Time <= 0 {
			t.Errorf("%s is not in %v", want, times)
		}
	}
	if i := slices.IndexFunc(times, func(o tf.OpTime) bool { return o.Name == update.Name() }); i >= 0 && times[i].Type != "AssignAddVariableOp" {
		t.Errorf("%s is called %s", update.Name(), times[i].Type)
	}
	if _, err := s.Profile(nil, []tf.Output{product}); err == nil {
		t.Error("a run without its feed was profiled")
	}
	if _, err := s.Profile(feeds, []tf.Output{{}}); err == nil {
		t.Error("no output at all was profiled")
	}
}
