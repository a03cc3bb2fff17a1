package pretext

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// A later token changes no bit of an earlier loss, and the loss of the token itself
// does change.
func TestLaterTokensChangeNoEarlierLoss(t *testing.T) {
	tftest.Load(t)
	const length, vocabulary = 12, 30
	g := tf.NewGraph()
	net := nn.NewNet(g, 3)
	x := g.Placeholder("x", tf.Int32, 1, length)
	network := reader(true)
	network.Depth = 2
	features := network.ForText(vocabulary, length).Build(net, x)
	logits := (&NextToken{}).Predict(net, features)
	before := g.Reshape(g.Slice(logits, []int{0, 0, 0}, []int{1, length - 1, -1}), -1, vocabulary)
	losses := nn.CrossEntropy(g, before, g.Reshape(g.Slice(x, []int{0, 1}, []int{1, -1}), -1), 0)
	s := tftest.Session(t, g)
	run := func(tokens []int32) []float32 {
		fed := alloc(t, tf.Int32, 1, length)
		copy(fed.Int32s(), tokens)
		out, err := s.Run(map[tf.Output]*tf.Tensor{x: fed}, []tf.Output{losses})
		if err != nil {
			t.Fatal(err)
		}
		return slices.Clone(out[0].Float32s())
	}
	tokens := []int32{2, 9, 8, 7, 6, 5, 11, 12, 13, 14, 15, 3}
	want := run(tokens)
	for changed := 1; changed < length; changed++ {
		other := slices.Clone(tokens)
		other[changed] = 21
		got := run(other)
		if !slices.Equal(got[:changed-1], want[:changed-1]) {
			t.Errorf("token %d changes the losses before it: %v, want %v", changed, got, want)
		}
		if got[changed-1] == want[changed-1] {
			t.Errorf("token %d does not change its own loss", changed)
		}
	}
}

// tokenCase is a case of tokens.json, which testdata/make_tokens_golden.py computed.
type tokenCase struct {
	Task     string
	Settings struct {
		Ratio       float64
		MaskShare   float64 `json:"mask_share"`
		RandomShare float64 `json:"random_share"`
	}
	Texts, Seen       [][]int32
	Draws             goldenTensor
	Inputs, Gradients map[string]goldenTensor
	Loss, Accuracy    float64
}

func (c tokenCase) task() Task {
	if c.Task == "next_token" {
		return &NextToken{}
	}
	return &MaskedToken{Ratio: c.Settings.Ratio, MaskShare: c.Settings.MaskShare, RandomShare: c.Settings.RandomShare}
}

// given is a network whose features are given, and which remembers what it read.
type given struct {
	*backbone.Transformer
	features backbone.Features
	read     tf.Output
}

func (n *given) Build(_ *nn.Net, x tf.Output) backbone.Features {
	n.read = x
	return n.features
}

// variables are the names of the head's variables, by those of the golden file.
var variables = map[string]string{
	"masked_token/dense/kernel": "kernel", "masked_token/dense/bias": "dense_bias",
	"masked_token/norm/gamma": "gamma", "masked_token/norm/beta": "beta", "masked_token/bias": "bias",
}

func TestTokenLossesAreThoseOfPyTorch(t *testing.T) {
	tftest.Load(t)
	raw, err := os.ReadFile("testdata/tokens.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []tokenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) != 3 {
		t.Fatalf("there are %d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Task, func(t *testing.T) {
			c.check(t, func(n *nn.Net) *nn.Net { return n })
			c.check(t, (*nn.Net).Fused)
		})
	}
}

func (c tokenCase) check(t *testing.T, of func(n *nn.Net) *nn.Net) {
	t.Helper()
	g := tf.NewGraph()
	net := of(nn.NewNet(g, 1))
	feeds, inputs := map[tf.Output]*tf.Tensor{}, map[string]tf.Output{}
	for _, name := range []string{"vectors", "table"} {
		x := c.Inputs[name]
		inputs[name] = g.Placeholder(name, tf.Float32, x.Dims...)
		feeds[inputs[name]] = fedTensor(t, x.Values, x.Dims...)
	}
	network := &given{Transformer: reader(false), features: backbone.Features{Map: g.ExpandDims(inputs["vectors"], 1), Embedding: inputs["table"]}}
	network.features.Pooled = g.Mean(inputs["vectors"], false, 1)
	task := c.task()
	head := net.Branch()
	b := NewBuilder(Inputs{
		Views: []tf.Output{g.Const(c.Texts)}, Draws: g.Reshape(g.Const(c.Draws.Values), c.Draws.Dims...),
		Vocabulary: c.Inputs["table"].Dims[0], Tokenizer: wordPieces(t),
	}, net, head, Network{Backbone: network})
	loss := task.Loss(b)
	for _, v := range head.Variables() {
		x := c.Inputs[variables[v.Name]]
		inputs[variables[v.Name]] = v.Read()
		feeds[v.Read()] = fedTensor(t, x.Values, x.Dims...)
	}
	names, xs := []string{}, []tf.Output{}
	for name := range c.Gradients {
		names, xs = append(names, name), append(xs, inputs[name])
	}
	fetches := append([]tf.Output{loss, b.Monitors()["accuracy"], g.Identity(network.read)}, g.Gradients(loss, xs)...)
	out, err := tftest.Session(t, g).Run(feeds, fetches)
	if err != nil {
		t.Fatal(err)
	}
	if got := out[0].Float(); math.Abs(got-c.Loss) > 1e-5*c.Loss {
		t.Errorf("the loss is %v, want %v", got, c.Loss)
	}
	if got := out[1].Float(); math.Abs(got-c.Accuracy) > 1e-6 {
		t.Errorf("the accuracy is %v, want %v", got, c.Accuracy)
	}
	if got, want := out[2].Int32s(), slices.Concat(c.Seen...); !slices.Equal(got, want) {
		t.Errorf("the network reads %v, want %v", got, want)
	}
	for i, name := range names {
		nearAll(t, "gradient of "+name, out[3+i].Float32s(), c.Gradients[name].Values, 1e-4)
	}
}

// What guessing is worth is told by how often tokens are in the data.
func TestGuessingKnowsHowOftenTokensAre(t *testing.T) {
	b := &Builder{Inputs: Inputs{Vocabulary: 5, Counts: []int{0, 60, 20, 20, 20}}}
	near := func(what string, got Guess, accuracy, perplexity float64) {
		t.Helper()
		if math.Abs(got.Accuracy-accuracy) > 1e-9 || math.Abs(got.Perplexity-perplexity) > 1e-9 {
			t.Errorf("%s: %+v, want %v and %v", what, got, accuracy, perplexity)
		}
	}
	near("all", b.unigram(nil), 0.5, 2*math.Sqrt(3)) // a half, and three sixths
	near("the ordinary", b.unigram([]bool{false, false, true, true, true}), 1.0/3, 3)
	b.Counts = nil
	near("unknown data", b.unigram(nil), 0.2, 5)
}
