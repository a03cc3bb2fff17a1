package stages

import (
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/tf/tftest"
)

// Precision is part of what a unit is only where it is not that of all units before
// there was a choice.
func TestPrecisionIsInFingerprintsWhereMixed(t *testing.T) {
	recipes := func(precision string) map[string]string {
		p, diags := plan.Parse([]byte(strings.Replace(stagesBefore, "  pretext", precision+"  pretext", 1)+`
finetune "f" {
  data = download.images.train
  labels_per_class = [5]
  backbone "mobilenet_v2" {}
`+precision+"}\n"), "x.hcl", Kinds, plan.Options{Runtime: "test", Digest: func(string) (string, error) { return "d", nil }})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		all := map[string]string{}
		for _, u := range p.Units {
			all[u.Address] = string(u.Recipe)
		}
		return all
	}
	plain, said, mixed := recipes(""), recipes("  precision = \"float32\"\n"), recipes("  precision = \"mixed\"\n")
	for _, address := range []string{"pretrain.p[seed=0]", "finetune.f[labels=5,seed=0]"} {
		if plain[address] == "" || plain[address] != said[address] || strings.Contains(plain[address], "precision") {
			t.Errorf("%s has the recipe %s, and with the default spelled out %s", address, plain[address], said[address])
		}
		if !strings.Contains(mixed[address], `"precision":"mixed"`) {
			t.Errorf("%s, mixed, has the recipe %s", address, mixed[address])
		}
	}
}

func TestPrecisionIsForTraining(t *testing.T) {
	checkMistakes(t, []mistaken{
		{`mode = "linear"`, []string{`"mixed": Only mode full has precision; the mode is "linear".`}},
		{`mode = "full"`, nil},
	}, `
finetune "f" {
  data = download.images.train
  init = pretrain.p
  labels_per_class = [5]
  precision = "mixed"
  %s
}
`)
}

// What is trained on a GPU is of TensorFlow's own operations alone, since ours are for
// the CPU: a step would send all maps there and back.
func TestNoOperationOfOursIsTrainedOnAGPU(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, fashion(t))
	types := func(device, precision string) []string {
		env := testEnv(t, t.TempDir())
		env.Device = device
		c := smallConfig(t, choiceOf(t, "simclr"), choiceOf(t, "rotation"))
		c.Precision = precision
		p, err := newPhases(c, v, env).build(0)
		if err != nil {
			t.Fatal(err)
		}
		all, err := p.tasks.g.Traffic(append(p.fetches.outputs, p.finite), p.update.Op)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, op := range all {
			if !slices.Contains(list, op.Type) {
				list = append(list, op.Type)
			}
		}
		return list
	}
	ours := func(typ string) bool { return strings.HasPrefix(typ, "Sslpipe") }
	for _, precision := range []string{precisionFloat32, precisionMixed} {
		list := types("gpu", precision)
		if slices.Contains(list, "SoftmaxCrossEntropyWithLogits") { // see tf.Graph.For
			t.Error("a GPU computes the cross-entropy by a kernel that fails there")
		}
		if slices.ContainsFunc(list, ours) || !slices.Contains(list, "DepthwiseConv2dNative") {
			t.Errorf("in %s a GPU computes %v", precision, list)
		}
	}
	if list := types("cpu", precisionFloat32); !slices.ContainsFunc(list, ours) {
		t.Errorf("the CPU computes %v", list)
	}
}
