package stages

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/train"
)

// fullIn prepares the training of a whole network with 4 labels per class, and
// brings it to its start.
func fullIn(t *testing.T, dir string, c *FinetuneConfig) (*fullTraining, *train.Loop) {
	t.Helper()
	env := unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 4, coordSeed: 1})
	data := openUnit(t, env)
	s, err := sourceOf(c, data.Meta, env)
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFullTraining(t.Context(), env, c, data, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.session.Close() })
	loop := f.loop(env, 0, 1)
	if err := loop.Init(); err != nil {
		t.Fatal(err)
	}
	return f, loop
}

// weightsOf returns what reads the values of all variables of the model, by name.
func weightsOf(t *testing.T, f *fullTraining) func() map[string][]float32 {
	t.Helper()
	g := tf.NewGraph()
	net := nn.NewNet(g, 0).Mode(false)
	_, unit := f.source.network.placed(g, "images", 1)
	f.head.build(net, headRoot, f.source.network.features(net, unit).Pooled)
	saver := g.Saver(net.Variables())
	var reads []tf.Output
	for _, v := range net.Variables() {
		reads = append(reads, v.Read())
	}
	s := tftest.Session(t, g)
	return func() map[string][]float32 {
		t.Helper()
		prefix := filepath.Join(t.TempDir(), "weights")
		if err := errors.Join(f.model.Save(f.session, prefix), saver.Restore(s, prefix)); err != nil {
			t.Fatal(err)
		}
		out, err := s.Run(nil, reads)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string][]float32{}
		for i, v := range net.Variables() {
			values[v.Name] = slices.Clone(out[i].Float32s())
		}
		return values
	}
}

func mustStep(t *testing.T, loop *train.Loop, step int) {
	t.Helper()
	if _, err := loop.Step(step, 1); err != nil {
		t.Fatal(err)
	}
}

// depths are how many blocks lie behind some variables, theirs included: one of
// each layer of a block, of the first and last blocks and of those whose names
// begin like others.
var depths = map[string]int{
	"head/kernel": 0, "head/bias": 0,
	"Conv_1/kernel": 1, "Conv_1_bn/gamma": 1,
	"block_16_expand/kernel": 2, "block_16_expand_BN/beta": 2, "block_16_depthwise/kernel": 2, "block_16_project/kernel": 2, "block_16_project_BN/gamma": 2,
	"block_10_expand/kernel": 8, "block_9_expand/kernel": 9, "block_2_project/kernel": 16, "block_1_expand/kernel": 17,
	"expanded_conv_depthwise/kernel": 18, "expanded_conv_project_BN/beta": 18,
	"Conv1/kernel": 19, "bn_Conv1/gamma": 19, "bn_Conv1/beta": 19,
}

// With gradient descent alone, one step on the same images moves each block by
// layer_decay, to the power of its distance from the head, of what it moves by
// without. The rate is large so that rounding does not show.
func TestLayerDecayScalesEachBlock(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	change := func(decay float64) map[string][]float32 {
		c := finetuneConfig(modeFull)
		c.Optimizer = schema.Choice{Name: "sgd", Version: 1, Config: &nn.SGD{LearningRate: 100}}
		c.LayerDecay = decay
		f, loop := fullIn(t, dir, c)
		weights := weightsOf(t, f)
		before := weights()
		mustStep(t, loop, 0)
		after := weights()
		for name, values := range after {
			for i := range values {
				values[i] -= before[name][i]
			}
		}
		return after
	}
	plain, scaled := change(1), change(0.8)
	for name, depth := range depths {
		var both, own, rest float64
		for i, x := range plain[name] {
			both += float64(x) * float64(scaled[name][i])
			own += float64(x) * float64(x)
		}
		if own == 0 {
			t.Errorf("%s does not move, or is not there", name)
			continue
		}
		ratio, want := both/own, math.Pow(0.8, float64(depth))
		for i, x := range plain[name] {
			rest = max(rest, math.Abs(float64(scaled[name][i])-ratio*float64(x)))
		}
		if math.Abs(ratio-want) > 1e-4*want || rest > 1e-3*math.Sqrt(own) {
			t.Errorf("%s moves by %v of what it does without decay (rest %v of %v), want %v", name, ratio, rest, math.Sqrt(own), want)
		}
	}
}

// With unfreeze_every = 2 the head alone learns in steps 0 and 1, the last block
// too from step 2 on, the one before it from step 4 on. Until then a block keeps
// its bits, weight decay notwithstanding; batch-norm averages follow the data.
func TestBlocksBeginToLearnOneByOne(t *testing.T) {
	o := newObjects(t)
	c := finetuneConfig(modeFull)
	c.UnfreezeEvery = 2
	f, loop := fullIn(t, o.madeUp(t), c)
	weights := weightsOf(t, f)
	start := weights()
	for step, learning := range []int{0, 0, 1, 1, 2} {
		mustStep(t, loop, step)
		now := weights()
		for name, depth := range depths {
			if moved := !slices.Equal(now[name], start[name]); moved != (depth <= learning) {
				t.Errorf("after step %d, %s, block %d from the head: moved %v", step, name, depth, moved)
			}
		}
		if slices.Equal(now["bn_Conv1/moving_mean"], start["bn_Conv1/moving_mean"]) {
			t.Errorf("after step %d the averages are where they began", step)
		}
	}
}

// Both together: a block that learns does so at its own rate.
func TestFactorsOfBlocks(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	p, err := newPace(nn.NewNet(g, 1), nil, []string{"a", "b", "c"}, Full{LayerDecay: 0.5, UnfreezeEvery: 10})
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int][]float32{
		0: {0, 0, 0}, 9: {0, 0, 0}, 10: {0, 0, 0.5}, 19: {0, 0, 0.5}, 20: {0, 0.25, 0.5}, 30: {0.125, 0.25, 0.5}, 1000: {0.125, 0.25, 0.5},
	} {
		feeds := p.with(map[tf.Output]*tf.Tensor{}, step)
		if got := feeds[p.fed].Float32s(); len(feeds) != 1 || !slices.Equal(got, want) {
			t.Errorf("step %d: factors %v, want %v", step, got, want)
		}
	}
	if p, err := newPace(nn.NewNet(g, 1), nil, []string{"a"}, Full{LayerDecay: 1}); p != nil || err != nil {
		t.Errorf("all learn alike, and yet there is %v, %v", p, err)
	}
}

// A variable belongs to the block that its name begins with, as a whole, or else
// to that of the variable before it.
func TestBlockOfAVariable(t *testing.T) {
	names := []string{"Conv1", "block_1", "block_10", "Conv_1"}
	for variable, want := range map[string]int{
		"Conv1/kernel": 0, "bn_Conv1/gamma": 2, "block_1_expand/kernel": 1, "block_10_expand_BN/beta": 2, "Conv_1_bn/gamma": 3, "Conv_1/kernel": 3,
	} {
		if got := blockOf(variable, names, 2); got != want {
			t.Errorf("%s is in block %d, want %d", variable, got, want)
		}
	}
}
