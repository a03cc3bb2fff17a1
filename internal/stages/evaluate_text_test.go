package stages

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
	"sslpipe/internal/report"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/tokenizer"
)

// hostileText is a test text that would take over a page or a terminal.
const hostileText = "the \x1b[31msea\u202e <script>alert(1)</script>\r\nis {{.}} wide"

// sentences is a data set of texts about two things, 30 of each for training.
func (o objects) sentences(t *testing.T) string {
	t.Helper()
	from := filepath.Join(t.TempDir(), "sentences")
	if err := os.Mkdir(from, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, part := range []string{"train", "validation", "test"} {
		n, number := []int{30, 8, 12}[i], 100*i // no text is there twice
		var out strings.Builder
		for i := range n {
			words := fmt.Sprintf("%c%c wide and %d deep", 'a'+i%26, 'k'+i/5, number+i)
			for label, text := range map[string]string{"sea": "the sea of ", "land": "a land with "} {
				if part == "test" && i == 0 && label == "sea" {
					text = hostileText
				}
				line, err := json.Marshal(map[string]string{"text": text + words, "label": label})
				if err != nil {
					t.Fatal(err)
				}
				out.Write(append(line, '\n'))
			}
		}
		if err := os.WriteFile(filepath.Join(from, part+".jsonl"), []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(o.dir, "sentences")
	source := dataset.Source{Path: from, Layout: "jsonl", Text: dataset.Text{Length: 24, Tokenizer: &tokenizer.BytePairs{Vocabulary: 300, MinFrequency: 2}}}
	if _, err := dataset.Prepare(t.Context(), source, t.TempDir(), dir, dataset.Watch{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bigram exports an encoder that takes the token that follows in the vocabulary for the
// most probable next one, and knows nothing of masked ones.
func bigram(t *testing.T, dir string, vocabulary int) []float32 {
	t.Helper()
	table := make([]float32, vocabulary*vocabulary)
	for i := range vocabulary {
		table[i*vocabulary+(i+1)%vocabulary] = 3
	}
	g := tf.NewGraph()
	variable := g.Variable("table", tf.Float32, tf.Shape{int64(vocabulary), int64(vocabulary)},
		func(g *tf.Graph) tf.Output { return g.Reshape(g.Const(table), vocabulary, vocabulary) }, false)
	tokens := g.Placeholder("tokens", tf.Int32, -1, -1)
	next := g.Gather(variable.Read(), tokens, 0)
	in := map[string]tf.Output{"tokens": tokens}
	signatures := []tf.Signature{
		{Name: "serving_default", Inputs: in, Outputs: map[string]tf.Output{"features": next}},
		{Name: "masked_token", Inputs: in, Outputs: map[string]tf.Output{"logits": g.Mul(next, g.Scalar(0))}},
		{Name: "next_token", Inputs: in, Outputs: map[string]tf.Output{"logits": g.Identity(next)}},
	}
	prefix := filepath.Join(t.TempDir(), "weights")
	session := tftest.Session(t, g)
	if _, err := session.Run(nil, nil, g.InitOp()); err != nil {
		t.Fatal(err)
	}
	if err := g.Saver(g.Variables()).Save(session, prefix); err != nil {
		t.Fatal(err)
	}
	if err := tf.ExportSavedModel(filepath.Join(dir, ModelDir), g, signatures, prefix); err != nil {
		t.Fatal(err)
	}
	return table
}

// textScoring are bags of words against the same with an encoder that they are said to
// have started from.
func textScoring(t *testing.T, o objects) (s scoring, table []float32) {
	t.Helper()
	dir := o.sentences(t)
	s = scoring{config: evaluateConfig(), data: []artifact.Handle{splitOf(t, dir, splitTest)}, arms: [][]artifact.Handle{pixelArm(t, dir, 0), pixelArm(t, dir, 1)}}
	s.config.Threads, s.config.Embedding = 1, 20
	h := &s.arms[1][0]
	var meta artifact.ClassifierMeta
	if err := h.Decode(&meta); err != nil {
		t.Fatal(err)
	}
	meta.Init, meta.Pretext = "encoder", "next_token"
	meta.Data = append(meta.Data, artifact.DataUse{Purpose: "pre-training", Name: "sentences", Digest: "sentences", Split: splitUnlabelled})
	h.Meta = handleOf(t, artifact.TypeClassifier, h.Path, meta).Meta
	return s, bigram(t, h.Object("encoder"), meta.Text.Vocabulary)
}

// TestEvaluateTexts scores bags of words, and the encoder as a language model, and looks
// at all that is kept and said.
func TestEvaluateTexts(t *testing.T) {
	o := newObjects(t)
	s, table := textScoring(t, o)
	env := s.in(t, t.TempDir())
	if _, err := runEvaluate(t.Context(), env, s.config); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(env.Dir, "out", ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	var scores Scores
	if err := json.Unmarshal(text, &scores); err != nil {
		t.Fatal(err)
	}
	set := scores.Sets[0]
	if set.Pictures != nil || len(set.Embeddings) != 0 || set.TestImages != 24 || len(scores.Leaks) != 3 {
		t.Errorf("pictures %v, %d maps, %d texts, %d leaks", set.Pictures, len(set.Embeddings), set.TestImages, len(scores.Leaks))
	}
	for r, score := range set.Scores {
		if accuracy := score.Values["accuracy"]; accuracy < 0.7 {
			t.Errorf("bag of words %d has %v right", r, accuracy)
		}
	}
	data, err := openSplit(filepath.Join(o.dir, "sentences"), splitTest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	checkLanguage(t, set.Language, data, table)
	checkTextDocument(t, scores)
	t.Run("snippets", func(t *testing.T) { checkSnippets(t, set, data) })
}

// checkLanguage compares what a language model scored with the same from its table.
func checkLanguage(t *testing.T, scores []LanguageScore, data *splitData, table []float32) {
	t.Helper()
	if len(scores) != 2 || scores[0].Task != "masked_token" || scores[1].Task != "next_token" {
		t.Fatalf("%d language models: %+v", len(scores), scores)
	}
	vocabulary := data.Meta.Text.Vocabulary
	unlabelled, err := data.Split(splitUnlabelled)
	if err != nil {
		t.Fatal(err)
	}
	counts, total := make([]int, vocabulary), vocabulary
	for _, i := range unlabelled {
		for _, token := range tokensOf(t, data, i) {
			if token > 4 { // those below are special
				counts[token]++
				total++
			}
		}
	}
	frequent := int32(slices.Index(counts, slices.Max(counts)))
	count, right, common, nats, unigram, text := 0, 0, 0, 0.0, 0.0, 0
	for _, i := range data.indices {
		tokens := tokensOf(t, data, i)
		for at := 1; at < len(tokens) && tokens[at] != 0; at++ {
			if tokens[at] <= 4 {
				continue
			}
			count++
			row := table[int(tokens[at-1])*vocabulary:][:vocabulary]
			sum := 0.0
			for _, x := range row {
				sum += math.Exp(float64(x))
			}
			nats += math.Log(sum) - float64(row[tokens[at]])
			unigram -= math.Log(float64(counts[tokens[at]]+1) / float64(total))
			if tokens[at] == (tokens[at-1]+1)%int32(vocabulary) {
				right++
			}
			if tokens[at] == frequent {
				common++
			}
		}
		words, err := data.tokenizer()
		if err != nil {
			t.Fatal(err)
		}
		text += len(words.Decode(tokens))
	}
	n := float64(count)
	next := scores[1]
	if next.Texts != 24 || next.Tokens != count || right == 0 || common == 0 {
		t.Errorf("%d texts, %d tokens, want 24 and %d; %d of them right, %d common", next.Texts, next.Tokens, count, right, common)
	}
	for name, c := range map[string][2]float64{
		"accuracy": {next.Accuracy, float64(right) / n}, "perplexity": {next.Perplexity, math.Exp(nats / n)},
		"bits per byte": {next.BitsPerByte, nats / math.Ln2 / float64(text)},
		"unigram":       {next.Unigram.Perplexity, math.Exp(unigram / n)}, "frequent": {next.Unigram.Accuracy, float64(common) / n},
		"chance": {next.Chance.Perplexity, float64(vocabulary)}, "chance right": {next.Chance.Accuracy, 1 / float64(vocabulary)},
		// All tokens equally probable.
		"masked": {scores[0].Perplexity, float64(vocabulary)}, "bytes of masked tokens": {scores[0].BitsPerByte, 0},
	} {
		if math.Abs(c[0]-c[1]) > 1e-5*max(1, c[1]) {
			t.Errorf("%s is %v, want %v", name, c[0], c[1])
		}
	}
	if scores[0].Tokens < count/8 || scores[0].Tokens > count/5 {
		t.Errorf("%d of %d tokens are masked, want 15 %%", scores[0].Tokens, count)
	}
}

// checkTextDocument looks at the words of a report on texts.
func checkTextDocument(t *testing.T, scores Scores) {
	t.Helper()
	e := comparing("words", "ssl").Evaluation("report", scores, nil)
	set := e.Sets[0]
	if e.Noun() != "texts" || len(set.Language) != 2 || !slices.Equal(set.Language[1].Arms, []string{"ssl"}) || set.Language[1].Perplexity.N != 1 || set.Language[0].BitsPerByte != nil {
		t.Errorf("%s, language %+v", e.Noun(), set.Language)
	}
	protocol := strings.Join(set.Comparisons[0].Protocol, "\n")
	for _, want := range []string{
		"data: sentences, texts of up to 24 tokens, of 300 of a bpe tokeniser, 2 classes; 24 test texts, read only here",
		"words: logistic regression on a bag of words, the logarithms of how often each token is there",
		"seeds: each has its own label draw, initial weights and order of texts; ssl covers 1 pre-trainings",
		"16 validation texts, which no arm trains on",
		"predict tokens of 24 test texts; special tokens",
		"next_token: every token is predicted from those before it",
		"chance: 300 tokens, all equally probable",
		"the choice of the 24 test texts adds up to",
	} {
		if !strings.Contains(protocol, want) {
			t.Errorf("the protocol does not say %q:\n%s", want, protocol)
		}
	}
	if strings.Contains(protocol, "image") || strings.Contains(protocol, "pixel") {
		t.Errorf("the protocol of texts speaks of images:\n%s", protocol)
	}
}

// checkSnippets keeps the texts of mistakes and points, under the same numbers.
func checkSnippets(t *testing.T, set ScoredSet, data *splitData) {
	t.Helper()
	e := evaluation{out: t.TempDir()}
	set.Texts = nil
	set.Embeddings = []ArmEmbedding{{}}
	set.Embeddings[0].Points = make([]report.Point, 8)
	set.Scores[0].Mistakes = []report.Mistake{{Picture: 5}, {Picture: 0}, {Picture: 5}}
	if err := e.keep(&set, data, "none.png"); err != nil {
		t.Fatal(err)
	}
	mistakes := set.Scores[0].Mistakes
	if len(set.Texts) < 9 || mistakes[0].Picture != mistakes[2].Picture || mistakes[1].Picture != 0 {
		t.Fatalf("%d texts, mistakes %v", len(set.Texts), mistakes)
	}
	words, err := data.tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := set.Texts[mistakes[0].Picture], oneLine(words.Decode(tokensOf(t, data, data.indices[5])), 240); got != want {
		t.Errorf("text %q, want %q", got, want)
	}
	all := strings.Join(set.Texts, "\n")
	if strings.ContainsFunc(all, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }) {
		t.Errorf("texts with commands: %q", all)
	}
	if entries, err := os.ReadDir(e.out); err != nil || len(entries) != 0 {
		t.Errorf("files %v, %v", entries, err)
	}
}

// Classifiers that read other texts than those of the test set are refused by name.
func TestEvaluateTextsOfAnotherTokenizer(t *testing.T) {
	o := newObjects(t)
	s, _ := textScoring(t, o)
	h := &s.arms[0][0]
	var meta artifact.ClassifierMeta
	if err := h.Decode(&meta); err != nil {
		t.Fatal(err)
	}
	other := *meta.Text
	other.Digest = "another"
	meta.Text = &other
	h.Meta = handleOf(t, artifact.TypeClassifier, h.Path, meta).Meta
	_, err := s.run(t, t.TempDir())
	want := "it reads texts of 24 tokens, of 300 of a bpe tokeniser, but the test set sentences has texts of 24 tokens, of 300 of a bpe tokeniser"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v", err)
	}
}

func TestPreviewOfTexts(t *testing.T) {
	o := newObjects(t)
	env := testEnv(t, t.TempDir())
	env.Inputs = map[string][]artifact.Handle{"data": {splitOf(t, o.sentences(t), splitTest)}}
	outputs, err := runAugment(t.Context(), env, augment.New())
	if err != nil {
		t.Fatal(err)
	}
	file, err := PreviewFile(handleOf(t, artifact.TypeViews, env.Dir, outputs["views"].Meta))
	if err != nil || file != "preview.txt" || !augment.Shown(file) {
		t.Fatalf("file %s, %v", file, err)
	}
	text, err := os.ReadFile(filepath.Join(env.Dir, "out", file))
	if err != nil {
		t.Fatal(err)
	}
	if want := "10 of the 24 texts of sentences (test), at most 24 tokens each, of 300 of a bpe\ntokeniser\n\n1. "; !strings.HasPrefix(string(text), want) || strings.Count(string(text), " tokens\n") != 10 {
		t.Errorf("preview:\n%s", text)
	}
	if !strings.Contains(string(text), "   [CLS]") || strings.ContainsFunc(string(text), func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }) {
		t.Errorf("preview:\n%s", text)
	}
	for line := range strings.Lines(string(text)) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("long line %q", line)
		}
	}
}

// A bar stands between documents that share a window.
func TestDecodedWindow(t *testing.T) {
	o := newObjects(t)
	data, err := openSplit(o.sentences(t), splitTest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	words, err := data.tokenizer()
	if err != nil {
		t.Fatal(err)
	}
	s := words.Special()
	tokens := slices.Concat([]int32{s.Start}, words.Encode("the sea"), []int32{s.End}, words.Encode("a land"), []int32{s.End}, words.Encode("and"))
	if got := decoded(tokens, words); got != "the sea | a land | and" {
		t.Errorf("%q", got)
	}
	if got := decoded([]int32{s.Start, s.End, s.Pad}, words); got != "" {
		t.Errorf("of nothing %q", got)
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"  a\tb\r\nc ": "a b c",
		"\xffx":        "\ufffdx",
		"0123456789ab": "012345678…",
		"01234567 9ab": "01234567…",
		"0123456789":   "0123456789",
	} {
		if got := oneLine(in, 10); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := oneLine("a\x1b[31mb\u202e", 20); got != "a\ufffd[31mb\ufffd" {
		t.Errorf("commands are shown as %q", got)
	}
}

func tokensOf(t *testing.T, data *splitData, example int) []int32 {
	t.Helper()
	tokens, err := data.Tokens(example)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}
