package stages

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

const stagesBefore = `pipeline { seeds = 2 }
download "images" { source = "fashion-mnist-mini" }
download "others" { source = "cifar10" }
augment "views" { data = download.images.unlabelled }
pretrain "p" {
  views = augment.views
  pretext "rotation" {}
}
`

// mistakes are what is wrong with a pipeline: the text at the place of each
// mistake, and the message.
func mistakes(t *testing.T, text string) []string {
	t.Helper()
	p, diags := plan.Parse([]byte(stagesBefore+text), "x.hcl", Kinds, plan.Options{
		Runtime: "test", Digest: func(string) (string, error) { return "d", nil },
	})
	var all []string
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		at := string(d.Subject.SliceBytes(p.Files["x.hcl"].Bytes))
		all = append(all, fmt.Sprintf("%s: %s", at, d.Detail))
	}
	return all
}

func checkMistakes(t *testing.T, cases []mistaken, block string) {
	t.Helper()
	for _, c := range cases {
		if diff := cmp.Diff(c.want, mistakes(t, fmt.Sprintf(block, c.body))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.body, diff)
		}
	}
}

// mistaken is the body of a block with its mistakes.
type mistaken struct {
	body string
	want []string
}

// The folder of the model is this one: it has to be there, and is not looked into.
const (
	whole  = "\nbackbone \"mobilenet_v2\" {}\nlabels_per_class = [5]\n"
	frozen = "\ninit = pretrain.p\nlabels_per_class = [5]\n"
	given  = "\nmodel { path = \".\" }\nlabels_per_class = [5]\n"
)

func TestMistakesOfFinetune(t *testing.T) {
	const block = `finetune "f"`
	none := []string(nil)
	checkMistakes(t, []mistaken{
		{whole, none},
		{frozen + `mode = "knn"`, none},
		{given + `mode = "linear"`, none},
		{`mode = "pixels"` + "\nlabel_fractions = [0.01, 0.1, 1]", none},
		{whole + `mode = "ful"`, []string{`"ful": mode must be "full", "linear", "knn" or "pixels", not "ful". Did you mean "full"?`}},

		{frozen + `mode = "pixels"`, []string{`"pixels": Mode pixels uses no network: leave out init, model and backbone.`}},
		{whole + `mode = "pixels"`, []string{`"pixels": Mode pixels uses no network: leave out init, model and backbone.`}},
		{given + `mode = "pixels"`, []string{`"pixels": Mode pixels uses no network: leave out init, model and backbone.`}},
		{"labels_per_class = [5]", []string{block + ": Say which network to train: a backbone block, init = pretrain.NAME, or a model block."}},
		{frozen + "mode = \"linear\"\nmodel { path = \".\" }", []string{"model: The weights come from init or from a model, not from both."}},
		{frozen + `backbone "mobilenet_v2" {}`, []string{`backbone "mobilenet_v2": The encoder that init names brings its own backbone: leave this block out.`}},
		{given, []string{"model: A model that is used as it is stays frozen: use mode linear or knn, or add the backbone block that its weights fit."}},
		{whole + `fresh_from = "block_9"`, []string{`"block_9": Only a full fine-tuning with init or a model can start some blocks afresh.`}},
		{frozen + "match_compute = pretrain.p", []string{"pretrain.p: It is for training from random weights: leave out init and model."}},
		{given + "match_compute = pretrain.p\n" + `backbone "mobilenet_v2" {}`, []string{"pretrain.p: It is for training from random weights: leave out init and model."}},

		{`mode = "linear"` + "\nlabels_per_class = [5]\nmodel {\n path = \".\"\n pixels = [1, -1]\n}", []string{
			"[1, -1]: Two values are needed, that of black and that of white, as [-1, 1]."}},
		{`mode = "linear"` + "\nlabels_per_class = [5]\nmodel {\n path = \".\"\n pixels = [1]\n}", []string{
			"[1]: Two values are needed, that of black and that of white, as [-1, 1]."}},
		{given + `mode = "linear"` + "\n" + `layers = ["block_9"]`, []string{
			`["block_9"]: A model that is used as it is has one layer of features: leave this out.`}},
		{"model {\n path = \".\"\n output = \"x\"\n}" + whole, []string{`"x": The features are those of the backbone block: leave this out.`}},

		{`backbone "mobilenet_v2" {}`, []string{
			block + ": Say how many labels to learn from: labels_per_class = [10, 100], or label_fractions = [0.01, 0.1]."}},
		{whole + "label_fractions = [0.1]", []string{"[0.1]: Label budgets are counts or fractions, not both in one stage."}},
		{"backbone \"mobilenet_v2\" {}\nlabels_per_class = [5, 10, 5]", []string{"5: The label budget 5 is there twice."}},
		{"backbone \"mobilenet_v2\" {}\nlabel_fractions = [0.1, 0.0015, 0.1]", []string{
			"0.0015: Fractions are multiples of 0.001, and 0.0015 is not.", "0.1: The fraction 0.1 is there twice."}},

		{"backbone \"mobilenet_v2\" {}\nlabel_fractions = [0, 1.1]", []string{
			"0: label_fractions[0] must be at least 0.001, not 0.", "1.1: label_fractions[1] must be at most 1, not 1.1."}},
		{frozen + "mode = \"linear\"\nlayers = []", []string{`[]: At least one layer is needed; "pooled" is the encoder's output.`}},
		{frozen + "mode = \"knn\"\ntemperature = 0", []string{"0: A temperature above 0 is needed, not 0."}},
		{whole + "max_steps = 20", []string{block + ": Nothing would be validated within max_steps = 20."}},
		{whole + "max_steps = 20\nvalidate_every = 21", []string{"21: Nothing would be validated within max_steps = 20."}},
		{whole + "layer_decay = 0", []string{"0: A fraction above 0 and at most 1 is needed, not 0."}},
		{whole + "layer_decay = 1.5", []string{"1.5: A fraction above 0 and at most 1 is needed, not 1.5."}},
		{whole + "learning_rates = [0.1, 0, 0.1]", []string{
			"0: A learning rate above 0 is needed, not 0.", "0.1: The learning rate 0.1 is there twice."}},
	}, block+" {\ndata = download.images.train\n%s\n}\n")
}

// blocks are those of the one backbone that there is.
const blocks = "Conv1, expanded_conv, block_1, block_2, block_3, block_4, block_5, block_6, block_7, block_8, block_9, block_10, block_11, block_12, block_13, block_14, block_15, block_16, Conv_1"

// Names of blocks are checked against the network before anything runs, also if it
// comes by init.
func TestMistakesInNamesOfBlocks(t *testing.T) {
	checkMistakes(t, []mistaken{
		{frozen + `fresh_from = "block_13"`, nil},
		{frozen + `fresh_from = "Conv1"`, nil},
		{frozen + "mode = \"linear\"\nlayers = [\"pooled\", \"pixels\", \"block_16\", \"expanded_conv\"]", nil},
		{whole + "mode = \"knn\"\nlayers = [\"Conv_1\"]", nil},
		{given + "mode = \"linear\"", nil},
		{frozen + `fresh_from = "blok_13"`, []string{
			`"blok_13": There is no block "blok_13" in mobilenet_v2. Its blocks are: ` + blocks + `. Did you mean "block_13"?`}},
		{frozen + `fresh_from = "block"`, []string{
			`"block": There is no block "block" in mobilenet_v2. Its blocks are: ` + blocks + `.`}},
		{given + "fresh_from = \"pooled\"\nbackbone \"mobilenet_v2\" {}", []string{
			`"pooled": There is no block "pooled" in mobilenet_v2. Its blocks are: ` + blocks + `.`}},
		{frozen + "mode = \"linear\"\nlayers = [\"pooled\", \"block_17\"]", []string{
			`"block_17": There is no layer "block_17" in mobilenet_v2. The layers are: pooled, pixels, ` + blocks + `. Did you mean "block_1"?`}},
		{whole + "mode = \"knn\"\nlayers = [\"poled\"]", []string{
			`"poled": There is no layer "poled" in mobilenet_v2. The layers are: pooled, pixels, ` + blocks + `. Did you mean "pooled"?`}},
	}, "finetune \"f\" {\ndata = download.images.train\n%s\n}\n")
}

// What one stage makes must be what the next one can read.
func TestMistakesBetweenArtifacts(t *testing.T) {
	const large = "download \"large\" {\nsource = \"tiny-imagenet\"\n}\n"
	for _, c := range []struct {
		text string
		want []string
	}{
		{large + "finetune \"f\" {\ndata = download.large.train\ninit = pretrain.p\nlabels_per_class = [5]\n}", []string{
			"pretrain.p: The encoder reads images of 28x28x1, but the data has images of 64x64x3."}},
		{"finetune \"f\" {\ndata = download.images.train\ninit = download.images.train\nlabels_per_class = [5]\n}", []string{
			"download.images.train: init must refer to an encoder, and download.images.train is a dataset. The ones in this file are: pretrain.p.encoder."}},
		{"finetune \"f\" {\ndata = pretrain.p\ninit = pretrain.p\nlabels_per_class = [5]\n}", []string{
			"pretrain.p: data must refer to a dataset, and pretrain.p.encoder is an encoder. The ones in this file are: download.images.unlabelled, " +
				"download.images.train, download.images.validation, download.images.test, download.others.unlabelled, download.others.train, " +
				"download.others.validation, download.others.test."}},
		{"augment \"test\" {\ndata = download.images.test\n}\npretrain \"q\" {\nviews = augment.test\npretext \"rotation\" {}\n}", []string{
			"augment.test: Test data cannot be trained on; only evaluate reads it. Use the train or unlabelled output."}},
		{"pretrain \"q\" {\nviews = download.images.unlabelled\npretext \"rotation\" {}\n}", []string{
			"download.images.unlabelled: views must refer to views, and download.images.unlabelled is a dataset. The ones in this file are: augment.views.views."}},
		{"evaluate \"e\" {\ndata = download.images.test\nbaseline = pretrain.p\ncompare = [pretrain.p]\n}", []string{
			"pretrain.p: baseline must refer to a classifier, and pretrain.p.encoder is an encoder.",
			"pretrain.p: compare must refer to a classifier, and pretrain.p.encoder is an encoder."}},
	} {
		if diff := cmp.Diff(c.want, mistakes(t, c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

// What a mode would ignore is a mistake.
func TestMistakesOfModes(t *testing.T) {
	checkMistakes(t, []mistaken{
		{whole + "layers = [\"block_9\"]\nneighbours = 5\ntemperature = 1", []string{
			`["block_9"]: Only modes linear and knn read layers; the mode is "full".`,
			`5: Only mode knn has neighbours; the mode is "full".`,
			`1: Only mode knn has temperature; the mode is "full".`}},
		{frozen + "mode = \"linear\"\nneighbours = 5\ntemperature = 1\nviews = augment.views\nfresh_from = \"block_9\"", []string{
			`5: Only mode knn has neighbours; the mode is "linear".`,
			`1: Only mode knn has temperature; the mode is "linear".`,
			`augment.views: Only mode full trains on views; the mode is "linear".`,
			`"block_9": Only mode full has fresh_from; the mode is "linear".`}},
		{frozen + "mode = \"knn\"\nlearning_rates = [0.1]\nlayer_decay = 0.5\nunfreeze_every = 5", []string{
			`[0.1]: Only mode full has learning_rates; the mode is "knn".`,
			`0.5: Only mode full has layer_decay; the mode is "knn".`,
			`5: Only mode full has unfreeze_every; the mode is "knn".`}},
		{"mode = \"pixels\"\nlabels_per_class = [5]\nmatch_compute = pretrain.p\nlayers = [\"block_9\"]", []string{
			`pretrain.p: Only mode full has match_compute; the mode is "pixels".`,
			`["block_9"]: Only modes linear and knn read layers; the mode is "pixels".`}},
	}, "finetune \"f\" {\ndata = download.images.train\n%s\n}\n")
}

func TestMistakesAboutLabelledData(t *testing.T) {
	checkMistakes(t, []mistaken{
		{"data = download.images.test" + whole, []string{
			"download.images.test: Test data cannot be trained on; only evaluate reads it. Use the train or unlabelled output."}},
		{"data = download.images.unlabelled" + whole, []string{
			"download.images.unlabelled: Unlabelled images cannot train a classifier. Use the train output."}},
		{"data = download.others.train" + frozen, []string{
			"pretrain.p: The encoder reads images of 28x28x1, but the data has images of 32x32x3."}},
	}, "finetune \"f\" {\n%s\n}\n")
}

func TestMistakesOfEvaluate(t *testing.T) {
	var arms strings.Builder
	for _, name := range []string{"a", "b"} {
		fmt.Fprintf(&arms, "finetune %q {\ndata = download.images.train\n%s\n}\n", name, whole)
	}
	fmt.Fprintf(&arms, "finetune \"swept\" {\nfor_each = [\"x\", \"y\", \"z\"]\ndata = download.images.train\n%s\n}\n", whole)
	const plain = "data = download.images.test\nbaseline = finetune.a\ncompare = [finetune.b]\n"
	const flatters = "split has a part in training or in choices, so a score on it would flatter. Use the test output."
	checkMistakes(t, []mistaken{
		{plain, nil},
		{plain + "leaks = \"report\"\nextra = [download.others.test]", nil},
		{plain + `leaks = "ignore"`, []string{`"ignore": leaks must be "error" or "report", not "ignore".`}},
		{plain + `leaks = "reprot"`, []string{`"reprot": leaks must be "error" or "report", not "reprot". Did you mean "report"?`}},
		{"data = download.images.test\nbaseline = finetune.a\ncompare = [finetune.a, finetune.b, finetune.b]", []string{
			"finetune.a: finetune.a is compared with itself.", "finetune.b: finetune.b is compared with itself."}},
		{plain + "extra = [download.images.test, download.others.test, download.others.test]", []string{
			"download.images.test: download.images.test is there twice.", "download.others.test: download.others.test is there twice."}},
		{"data = download.images.test\nbaseline = finetune.a\ncompare = [finetune.swept, finetune.a, finetune.b]", []string{
			"finetune.a: finetune.a is compared with itself."}},
		{"data = download.images.validation\nbaseline = finetune.a\ncompare = [finetune.b]\nextra = [download.others.train]", []string{
			"download.images.validation: The validation " + flatters, "download.others.train: The train " + flatters}},
	}, strings.ReplaceAll(arms.String(), "%", "%%")+"evaluate \"e\" {\n%s\n}\n")
}
