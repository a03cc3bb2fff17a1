package stages

import (
	"fmt"
	"strings"

	"sslpipe/internal/pretext"
	"sslpipe/internal/tf"
	"sslpipe/internal/tokenizer"
)

const (
	previewWidth  = 80  // columns of a file
	previewIndent = 3   // columns before what belongs to a text
	previewMost   = 400 // characters of a text
	previewTokens = 100 // of a text
)

// previewTexts writes down some texts of the split, with their tokens, as a network reads
// them.
func previewTexts(path string, data *splitData) error {
	words, err := data.tokenizer()
	if err != nil {
		return err
	}
	n := min(previewExamples, len(data.indices))
	var out strings.Builder
	out.WriteString(lines(strings.Fields(fmt.Sprintf("%d of the %d texts of %s (%s), at most %d tokens each, of %d of a %s tokeniser",
		n, len(data.indices), data.Meta.Name, data.split, data.Meta.Shape[1], words.Size(), words.Kind())), 0, previewWidth))
	for i, example := range spread(data.indices, n) {
		tokens, err := data.Tokens(example)
		if err != nil {
			return err
		}
		tokens = withoutPadding(tokens, words.Special())
		fmt.Fprintf(&out, "\n%d. %d tokens\n", i+1, len(tokens))
		out.WriteString(paragraph(strings.Fields(oneLine(decoded(tokens, words), previewMost))))
		out.WriteString(paragraph(tokensShown(tokens, words)))
	}
	return writeWhole(path, []byte(out.String()))
}

// paragraph breaks words into lines that belong to a text.
func paragraph(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return lines(words, previewIndent, previewWidth)
}

// tokensShown are the names of tokens as a person reads them, the first of many.
func tokensShown(tokens []int32, words *tokenizer.Tokenizer) []string {
	var names []string
	for _, token := range tokens[:min(len(tokens), previewTokens)] {
		names = append(names, oneLine(words.Token(token), longestToken))
	}
	if len(tokens) > previewTokens {
		names = append(names, "…")
	}
	return names
}

// writePassages writes down what the tasks make of n texts: their tokens as the encoder
// reads them, and behind an arrow what is to be predicted.
func (t *taskGraph) writePassages(path string, v *views, n int) error {
	words, err := v.tokenizer()
	if err != nil {
		return err
	}
	var passages []pretext.Passage
	var fetches []tf.Output
	for i, task := range t.tasks {
		written, ok := task.(pretext.Written)
		if !ok {
			return fmt.Errorf("%s has nothing to show of texts", t.names[i])
		}
		for _, p := range written.Passages(t.builders[i]) {
			passages = append(passages, p)
			for _, o := range []tf.Output{p.Tokens, p.Targets, p.Labels} {
				if o.Valid() {
					fetches = append(fetches, t.g.Identity(o))
				}
			}
		}
	}
	found, err := t.glance(fetches)
	if err != nil {
		return fmt.Errorf("write preview: %w", err)
	}
	var out strings.Builder
	for _, p := range passages {
		shown := shownPassage{Passage: p}
		shown.tokens, found = found[0], found[1:]
		if p.Targets.Valid() {
			shown.targets, found = found[0], found[1:]
		}
		if p.Labels.Valid() {
			shown.labels, found = captions(found[0].Int32s(), p.Names), found[1:]
		}
		shown.write(&out, n, words)
	}
	return writeWhole(path, []byte(out.String()))
}

// shownPassage is a passage with what it came to.
type shownPassage struct {
	pretext.Passage
	tokens, targets *tf.Tensor // targets is nil where there are none
	labels          []string
}

func (p shownPassage) write(out *strings.Builder, n int, words *tokenizer.Tokenizer) {
	fmt.Fprintf(out, "%s: tokens as the network reads them", p.Title)
	if p.targets != nil {
		out.WriteString(", → what it is to predict there")
	}
	out.WriteString("\n")
	length := p.tokens.Dims()[1]
	for i := range n {
		tokens := withoutPadding(p.tokens.Int32s()[i*length:(i+1)*length], words.Special())
		names := tokensShown(tokens, words)
		if p.targets != nil {
			for j, target := range p.targets.Int32s()[i*length:][:min(len(tokens), previewTokens)] {
				if target != 0 {
					names[j] += "→" + oneLine(words.Token(target), longestToken)
				}
			}
		}
		fmt.Fprintf(out, "\n%d.", i+1)
		if p.labels != nil {
			out.WriteString(" " + p.labels[i])
		}
		out.WriteString("\n" + paragraph(names))
	}
}
