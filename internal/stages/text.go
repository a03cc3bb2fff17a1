package stages

import (
	"fmt"
	"os"
	"path/filepath"

	"sslpipe/internal/dataset"
	"sslpipe/internal/durable"
	"sslpipe/internal/tokenizer"
)

// TokenizerPath is where a SavedModel of text has its tokeniser: TensorFlow keeps for
// others what is in this folder.
const TokenizerPath = "assets.extra/" + dataset.TokenizerFile

// tokenizer reads the tokeniser of the data set's texts; nil for images.
func (d *splitData) tokenizer() (*tokenizer.Tokenizer, error) {
	if d.Meta.Text == nil {
		return nil, nil
	}
	tok, err := tokenizer.Open(filepath.Join(d.folder, dataset.TokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("open the tokeniser of data set %s: %w", d.Meta.Name, err)
	}
	if tok.Size() != d.Meta.Text.Vocabulary {
		return nil, fmt.Errorf("data set %s: its tokeniser has %d tokens, and its texts are of %d", d.Meta.Name, tok.Size(), d.Meta.Text.Vocabulary)
	}
	return tok, nil
}

// addTokenizer puts the tokeniser of texts into a SavedModel, if the data is text.
func (d *splitData) addTokenizer(model string) error {
	if d.Meta.Text == nil {
		return nil
	}
	from, err := os.Open(filepath.Join(d.folder, dataset.TokenizerFile))
	if err != nil {
		return fmt.Errorf("export tokeniser: %w", err)
	}
	defer func() { _ = from.Close() }()
	to := filepath.Join(model, filepath.FromSlash(TokenizerPath))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("export tokeniser: %w", err)
	}
	if err := durable.Copy(to, from); err != nil {
		return fmt.Errorf("export tokeniser: %w", err)
	}
	return nil
}

// tokenCounts is how often each token is in the split's texts, but for the first of each
// text and padding; nil for images.
func (d *splitData) tokenCounts() ([]int, error) {
	if d.Meta.Text == nil {
		return nil, nil
	}
	counts := make([]int, d.Meta.Text.Vocabulary)
	for _, i := range d.indices {
		tokens, err := d.Tokens(i)
		if err != nil {
			return nil, err
		}
		for _, token := range tokens[1:] {
			counts[token]++
		}
	}
	counts[0] = 0 // padding
	return counts, nil
}
