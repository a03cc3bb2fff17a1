package stages

import (
	"fmt"
	"strings"

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
