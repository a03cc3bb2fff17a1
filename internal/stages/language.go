package stages

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/tf"
	"sslpipe/internal/tokenizer"
)

// LanguageScore is how well an encoder that arms started from predicts tokens of a
// test set.
type LanguageScore struct {
	Encoder string `json:"encoder"` // digest of its result
	Task    string `json:"task"`    // name of its model's signature
	Texts   int    `json:"texts"`
	Tokens  int    `json:"tokens"` // predicted
	report.Guess
	Unigram report.Guess `json:"unigram"`
	Chance  report.Guess `json:"chance"`
}

// languageTexts bounds the test texts that each language model reads: with so many,
// the choice of texts moves perplexities less than seeds do.
const languageTexts = 2000

// languageLogits bounds the numbers that a language model gives at a time.
const languageLogits = 1 << 22

// languageModel is one signature of an encoder that predicts tokens.
type languageModel struct {
	task    languageTask
	digest  string
	dir     string // of its SavedModel
	unigram []float64
}

// predict scores what the encoders of the arms know of language, each once for each
// way in which it predicts tokens of the texts.
func (e *evaluation) predict(ctx context.Context, data *splitData) ([]LanguageScore, error) {
	if data.Meta.Text == nil {
		return nil, nil
	}
	words, err := data.tokenizer()
	if err != nil {
		return nil, err
	}
	models, err := e.languageModels(words.Special())
	if err != nil || len(models) == 0 {
		return nil, err
	}
	indices := spread(data.indices, min(languageTexts, len(data.indices)))
	texts := make([][]int32, len(indices))
	for i, example := range indices {
		if texts[i], err = data.Tokens(example); err != nil {
			return nil, err
		}
	}
	scores := make([]LanguageScore, len(models))
	err = e.parallel(ctx, len(models), func(i int) error {
		trials := trialsOf(models[i].task, texts, words.Special())
		var err error
		if scores[i], err = models[i].score(trials, words, e.env); err != nil {
			err = fmt.Errorf("score %s of the encoder %.12s: %w", models[i].task.name, models[i].digest, err)
		}
		return err
	})
	return slices.DeleteFunc(scores, func(s LanguageScore) bool { return s.Tokens == 0 }), err
}

// languageModels are those of the encoders that arms started from, in the order of the
// arms.
func (e *evaluation) languageModels(special tokenizer.Special) ([]languageModel, error) {
	var models []languageModel
	seen := map[string]bool{"": true}
	unigrams := map[string][]float64{}
	for _, run := range e.runs {
		digest := run.Classifier.Init
		if seen[digest] {
			continue
		}
		seen[digest] = true
		dir := filepath.Join(run.handle.Object(digest), ModelDir)
		info, err := tf.Inspect(dir)
		if err != nil {
			return nil, err
		}
		for _, task := range languageTasks {
			if !slices.ContainsFunc(info.Signatures, func(s tf.SignatureInfo) bool { return s.Name == task.name }) {
				continue
			}
			unigram, err := e.unigram(run.Classifier, special, unigrams)
			if err != nil {
				return nil, err
			}
			models = append(models, languageModel{task: task, digest: digest, dir: dir, unigram: unigram})
		}
	}
	return models, nil
}

// unigram has the probability of every token in the texts that an encoder was
// pre-trained on, with one added to each count (Laplace): no test text is impossible.
func (e *evaluation) unigram(of artifact.ClassifierMeta, special tokenizer.Special, known map[string][]float64) ([]float64, error) {
	uses := slices.DeleteFunc(slices.Clone(of.Data), func(u artifact.DataUse) bool { return u.Purpose != "pre-training" })
	key := fmt.Sprint(uses)
	if known[key] != nil {
		return known[key], nil
	}
	counts := make([]int, of.Text.Vocabulary)
	for _, use := range uses {
		found, err := countTokens(e.env.Inputs["data"][0].Object(use.Digest), use.Split)
		if err != nil {
			return nil, fmt.Errorf("count the tokens of %s: %w", use.Name, err)
		}
		for token, n := range found {
			if !special.Has(int32(token)) {
				counts[token] += n
			}
		}
	}
	known[key] = smoothed(counts)
	return known[key], nil
}

// countTokens is tokenCounts of a split of a stored data set.
func countTokens(dir, split string) (counts []int, err error) {
	data, err := openSplit(dir, split)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	return data.tokenCounts()
}

// score asks the model for all trials.
func (m languageModel) score(trials []trial, words *tokenizer.Tokenizer, env *plan.Env) (score LanguageScore, err error) {
	model, err := tf.LoadModel(m.dir, tf.SessionOptions{Threads: 1, Device: tf.Device(env.Device)})
	if err != nil {
		return score, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	score = LanguageScore{Encoder: m.digest, Task: m.task.name, Texts: len(trials)}
	vocabulary, own, unigram, bytes := len(m.unigram), tally{}, tally{}, 0
	frequent := argMax(m.unigram)
	for len(trials) > 0 {
		batch := trials[:batchOfTrials(trials, vocabulary)]
		trials = trials[len(batch):]
		logits, length, err := predictions(model, m.task.name, batch, vocabulary)
		if err != nil {
			return score, err
		}
		for i, t := range batch {
			bytes += m.task.bytes(t, words)
			for j, truth := range t.truth {
				at := (i*length + t.at[j]) * vocabulary
				own.logits(logits[at:at+vocabulary], truth)
				unigram.add(int(truth) == frequent, -math.Log(m.unigram[truth]))
			}
		}
	}
	score.Tokens = own.count
	score.Guess, score.Unigram, score.Chance = own.guess(bytes), unigram.guess(bytes), chanceOf(vocabulary, own.count, bytes)
	if math.IsNaN(score.Perplexity) || math.IsInf(score.Perplexity, 0) {
		return score, errors.New("its predictions are not finite")
	}
	return score, nil
}

// batchOfTrials is how many of the first trials a model is asked at a time.
func batchOfTrials(trials []trial, vocabulary int) int {
	longest := 0
	for i, t := range trials {
		longest = max(longest, len(t.tokens))
		if (i+1)*longest*vocabulary > languageLogits {
			return max(1, i)
		}
	}
	return len(trials)
}

// predictions are the logits [N, length, V] of trials, padded to the longest.
func predictions(model *tf.Model, signature string, batch []trial, vocabulary int) (logits []float32, length int, err error) {
	for _, t := range batch {
		length = max(length, len(t.tokens))
	}
	padded := make([]int32, len(batch)*length)
	for i, t := range batch {
		copy(padded[i*length:], t.tokens)
	}
	in, err := tf.FromInt32s(padded, len(batch), length)
	if err != nil {
		return nil, 0, err
	}
	out, err := model.Run(signature, map[string]*tf.Tensor{"tokens": in})
	if err != nil {
		return nil, 0, err
	}
	if got, want := out["logits"], []int{len(batch), length, vocabulary}; got == nil || !slices.Equal(got.Dims(), want) {
		return nil, 0, fmt.Errorf("its output logits is not of shape %v", want)
	}
	return out["logits"].Float32s(), length, nil
}
