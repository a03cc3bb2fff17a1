package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/sampling"
	"sslpipe/internal/view"
)

// formatOf makes the writer of the chosen format.
func formatOf[T any](f predictFlags, text, csv, json func() view.Results[T]) (view.Results[T], error) {
	switch f.format {
	case "text":
		return text(), nil
	case "csv":
		return csv(), nil
	case "json":
		return json(), nil
	}
	return nil, fmt.Errorf("there is no format %q: use text, csv or json", f.format)
}

// eachText opens the model, and writes what say makes of each of n results.
func eachText[T any](s *settings, cmd *cobra.Command, m *textModel, out view.Results[T], n int, say func(i int) (T, error)) error {
	if err := m.open(s, cmd); err != nil {
		return failed(err)
	}
	var err error
	for i := 0; i < n && err == nil && cmd.Context().Err() == nil; i++ {
		var result T
		if result, err = say(i); err == nil {
			err = out.Add(result)
		}
	}
	return ended(cmd, errors.Join(err, out.Close(), m.model.Close()))
}

// classifyTexts writes the classes of texts.
func (s *settings) classifyTexts(cmd *cobra.Command, m *textModel, flags predictFlags, texts []string) error {
	classes := m.meta.Classes
	out, err := formatOf(flags,
		func() view.Results[view.Prediction] {
			return view.PredictionText(cmd.OutOrStdout(), view.Texts, classes, flags.top, view.Detect(cmd.OutOrStdout(), os.Getenv))
		},
		func() view.Results[view.Prediction] {
			return view.PredictionCSV(cmd.OutOrStdout(), view.Texts, classes)
		},
		func() view.Results[view.Prediction] {
			return view.PredictionJSON(cmd.OutOrStdout(), view.Texts, m.dir, classes)
		})
	if err != nil {
		return err
	}
	var rows []float32 // of the batch under way
	return eachText(s, cmd, m, out, len(texts), func(i int) (view.Prediction, error) {
		if i%predictBatch == 0 {
			batch := texts[i:min(i+predictBatch, len(texts))]
			tokens := make([][]int32, len(batch))
			for j, text := range batch {
				tokens[j] = m.framed(text, m.tokenizer.Encode(text))
			}
			var err error
			if rows, err = m.call(tokens); err != nil {
				return view.Prediction{}, err
			}
			if len(rows) != len(batch)*len(classes) {
				return view.Prediction{}, fmt.Errorf("model %s gives %d numbers for %d texts of %d classes", m.dir, len(rows), len(batch), len(classes))
			}
		}
		at := i % predictBatch * len(classes)
		return view.Prediction{Subject: texts[i], Probabilities: rows[at : at+len(classes)]}, nil
	})
}

// fillTexts writes the likeliest words for the masks of texts.
func (s *settings) fillTexts(cmd *cobra.Command, m *textModel, flags predictFlags, texts []string) error {
	mask := m.tokenizer.Token(m.tokenizer.Special().Mask)
	for _, text := range texts {
		if !slices.Contains(m.tokenizer.EncodeWithSpecials(text), m.tokenizer.Special().Mask) {
			return fmt.Errorf("model %s predicts hidden words, and %s hides none: write %s in their places", m.dir, view.Quoted(text), mask)
		}
	}
	out, err := formatOf(flags,
		func() view.Results[view.Filled] {
			return view.FilledText(cmd.OutOrStdout(), flags.top, view.Detect(cmd.OutOrStdout(), os.Getenv))
		},
		func() view.Results[view.Filled] { return view.FilledCSV(cmd.OutOrStdout()) },
		func() view.Results[view.Filled] { return view.FilledJSON(cmd.OutOrStdout(), m.dir) })
	if err != nil {
		return err
	}
	return eachText(s, cmd, m, out, len(texts), func(i int) (view.Filled, error) { return m.fill(texts[i], flags.top) })
}

// fill finds the top likeliest ordinary tokens in the place of each mask.
func (m *textModel) fill(text string, top int) (view.Filled, error) {
	filled := view.Filled{Text: text, Masks: [][]view.Word{}}
	tokens := m.framed(text, m.tokenizer.EncodeWithSpecials(text))
	scores, err := m.scores(tokens)
	if err != nil {
		return filled, err
	}
	special := m.tokenizer.Special()
	for at, token := range tokens {
		if token != special.Mask {
			continue
		}
		row := scores[at]
		forbid(row, special.Pad, special.Unknown, special.Start, special.End, special.Mask)
		var words []view.Word
		for i, c := range sampling.Best(row, top) {
			words = append(words, view.Word{Token: m.word(int32(c.Token)), Probability: c.Probability})
			if i == 0 {
				tokens[at] = int32(c.Token)
			}
		}
		filled.Masks = append(filled.Masks, words)
	}
	filled.Result = m.tokenizer.Decode(tokens)
	return filled, nil
}

// scores are those of all tokens at each position of a text.
func (m *textModel) scores(tokens []int32) ([][]float32, error) {
	all, err := m.call([][]int32{tokens})
	if err != nil {
		return nil, err
	}
	if len(all) != len(tokens)*m.tokenizer.Size() {
		return nil, fmt.Errorf("model %s gives %d numbers for %d tokens of %d", m.dir, len(all), len(tokens), m.tokenizer.Size())
	}
	return slices.Collect(slices.Chunk(all, m.tokenizer.Size())), nil
}

// forbid makes tokens impossible.
func forbid(scores []float32, tokens ...int32) {
	for _, token := range tokens {
		scores[token] = float32(math.Inf(-1))
	}
}

// word is how a token is shown: as the vocabulary has it, but for the letter that stands
// for the space before it.
func (m *textModel) word(token int32) string {
	if m.tokenizer.Continues(token) {
		return m.tokenizer.Token(token)
	}
	return strings.TrimSpace(m.tokenizer.Decode([]int32{token}))
}

// continueTexts writes texts on.
func (s *settings) continueTexts(cmd *cobra.Command, m *textModel, flags predictFlags, texts []string) error {
	options, err := flags.sampling()
	if err != nil {
		return err
	}
	if flags.tokens < 1 {
		return fmt.Errorf("--tokens must be at least 1, not %d", flags.tokens)
	}
	out, err := formatOf(flags,
		func() view.Results[view.Continued] {
			return view.ContinuedText(cmd.OutOrStdout(), view.Detect(cmd.OutOrStdout(), os.Getenv))
		},
		func() view.Results[view.Continued] { return view.ContinuedCSV(cmd.OutOrStdout()) },
		func() view.Results[view.Continued] { return view.ContinuedJSON(cmd.OutOrStdout(), m.dir) })
	if err != nil {
		return err
	}
	return eachText(s, cmd, m, out, len(texts), func(i int) (view.Continued, error) {
		w := writer{textModel: m, options: options, chance: sampling.Generator(flags.seed, i)}
		continuation, err := w.goOn(cmd.Context().Err, texts[i], flags.tokens)
		return view.Continued{Text: texts[i], Continuation: continuation}, err
	})
}

// writer writes one text on.
type writer struct {
	*textModel
	options sampling.Options
	chance  *rand.Rand
}

// goOn writes at most so many tokens behind a text, up to its end.
func (w writer) goOn(stopped func() error, text string, tokens int) (string, error) {
	given := w.tokenizer.Encode(text)
	if room := w.window(); len(given) > room {
		fmt.Fprintf(w.stderr, "Note: %s has %d tokens, and the model looks back at the last %d.\n", view.Quoted(text), len(given), room)
	}
	all := slices.Clone(given)
	for range tokens {
		if err := stopped(); err != nil {
			return "", err
		}
		next, err := w.next(all)
		if err != nil {
			return "", err
		}
		if next < 0 || next == w.tokenizer.Special().End {
			break
		}
		all = append(all, next)
	}
	return w.behind(given, all), nil
}

// window is how many tokens the model looks back at. The text that it was trained on was
// cut, so that behind its last token but one it only knows the end.
func (m *textModel) window() int { return m.length() - 3 }

// next picks the token behind others; the end is one.
func (w writer) next(tokens []int32) (int32, error) {
	special := w.tokenizer.Special()
	seen := slices.Concat([]int32{special.Start}, tokens[max(0, len(tokens)-w.window()):])
	scores, err := w.scores(seen)
	if err != nil {
		return 0, err
	}
	last := scores[len(scores)-1]
	forbid(last, special.Pad, special.Unknown, special.Start, special.Mask)
	return int32(w.options.Pick(last, w.chance)), nil
}

// behind is the text of all tokens without that of those that were given.
func (m *textModel) behind(given, all []int32) string {
	before, whole := m.tokenizer.Decode(given), m.tokenizer.Decode(all)
	if rest, ok := strings.CutPrefix(whole, before); ok {
		return rest
	}
	return " " + m.tokenizer.Decode(all[len(given):])
}
