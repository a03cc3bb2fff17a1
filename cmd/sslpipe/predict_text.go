package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/sampling"
	"sslpipe/internal/stages"
	"sslpipe/internal/tf"
	"sslpipe/internal/tokenizer"
	"sslpipe/internal/view"
)

// textModel is a published model of texts: a classifier, or an encoder with the head of
// a task that predicts tokens.
type textModel struct {
	dir       string
	meta      artifact.ClassifierMeta
	tokenizer *tokenizer.Tokenizer
	use       textUse
	model     *tf.Model
	stderr    io.Writer
}

// textUse is what a text model is good for: its signature, and what it does with texts.
type textUse struct {
	signature, output string
	run               func(s *settings, cmd *cobra.Command, m *textModel, flags predictFlags, texts []string) error
	flags             []string // those of predict that it reads, beside format
}

// textUses lists what can be done with texts, by the signatures of models. The first
// that a model has is what predict does.
var textUses = []textUse{
	{"serving_default", "probabilities", (*settings).classifyTexts, []string{"top"}},
	{"masked_token", "logits", (*settings).fillTexts, []string{"top"}},
	{"next_token", "logits", (*settings).continueTexts, continuing},
}

// continuing are the flags that say how texts are written on.
var continuing = []string{"tokens", "temperature", "top-k", "top-p", "seed"}

// isTextModel tells whether a model reads texts.
func isTextModel(dir string) bool {
	_, err := os.Stat(tokenizerOf(dir))
	return err == nil
}

func tokenizerOf(dir string) string {
	return filepath.Join(dir, filepath.FromSlash(stages.TokenizerPath))
}

// predictTexts opens a model of texts and writes what it says of each text.
func (s *settings) predictTexts(cmd *cobra.Command, flags predictFlags, dir string, args []string) error {
	m, err := newTextModel(dir)
	if err != nil {
		return err
	}
	m.stderr = cmd.ErrOrStderr()
	if err := m.check(cmd); err != nil {
		return err
	}
	texts, err := readTexts(args, cmd.InOrStdin())
	if err != nil {
		return err
	}
	return m.use.run(s, cmd, m, flags, texts)
}

// newTextModel looks at a model without running it. Its errors are mistakes in the
// command line.
func newTextModel(dir string) (*textModel, error) {
	if err := checkModel(dir); err != nil {
		return nil, fmt.Errorf("model %s: %w; running its pipeline publishes it again", dir, err)
	}
	m := &textModel{dir: dir}
	if err := m.read(); err != nil {
		return nil, fmt.Errorf("model %s: %w", dir, err)
	}
	info, err := tf.Inspect(dir)
	if err != nil {
		return nil, err
	}
	for _, use := range textUses {
		if hasOutput(info, use.signature, use.output) {
			m.use = use
			return m, nil
		}
	}
	return nil, fmt.Errorf("model %s: it gives features, and neither classes nor tokens: give the model of a finetune stage, or of a pretrain stage with masked_token or next_token", dir)
}

func hasOutput(info *tf.ModelInfo, signature, output string) bool {
	return slices.ContainsFunc(info.Signatures, func(s tf.SignatureInfo) bool {
		return s.Name == signature && slices.ContainsFunc(s.Outputs, func(t tf.TensorInfo) bool { return t.Name == output })
	})
}

// read reads what was published with the model.
func (m *textModel) read() error {
	card, err := readCard(m.dir)
	if err != nil {
		return fmt.Errorf("%w: the card says how long texts may be; running the pipeline publishes the model again", err)
	}
	if err := json.Unmarshal(card.Description, &m.meta); err != nil {
		return fmt.Errorf("read %s: %w", cardFile, err)
	}
	if m.tokenizer, err = tokenizer.Open(tokenizerOf(m.dir)); err != nil {
		return err
	}
	if text := m.meta.Text; text == nil || text.Vocabulary != m.tokenizer.Size() {
		return fmt.Errorf("its tokeniser has %d tokens, and %s describes another", m.tokenizer.Size(), cardFile)
	}
	if m.length() < 4 {
		return fmt.Errorf("it reads texts of %d tokens, which are too few", m.length())
	}
	return nil
}

// length is how many tokens a text can have, with the two that begin and end it.
func (m *textModel) length() int { return m.meta.InputShape[1] }

// check refuses flags that mean nothing here.
func (m *textModel) check(cmd *cobra.Command) error {
	for _, name := range append([]string{"top", "classes", "classes-file", "pixels", "size"}, continuing...) {
		if cmd.Flags().Changed(name) && !slices.Contains(m.use.flags, name) {
			return fmt.Errorf("--%s means nothing to model %s, of which the signature %q is used", name, m.dir, m.use.signature)
		}
	}
	return nil
}

// open loads the model.
func (m *textModel) open(s *settings, cmd *cobra.Command) error {
	device, err := s.chooseDevice()
	if err != nil {
		return err
	}
	if err := openRuntimeFor(cmd, device); err != nil {
		return err
	}
	m.model, err = tf.LoadModel(m.dir, tf.SessionOptions{Threads: s.Jobs, Device: tf.Device(device)})
	return err
}

// call runs the model on texts of tokens, and returns its numbers, row by row.
func (m *textModel) call(texts [][]int32) ([]float32, error) {
	longest := 0
	for _, tokens := range texts {
		longest = max(longest, len(tokens))
	}
	fed, err := tf.Alloc(tf.Int32, len(texts), longest)
	if err != nil {
		return nil, err
	}
	into := fed.Int32s()
	clear(into)
	for i, tokens := range texts {
		copy(into[i*longest:], tokens)
	}
	out, err := m.model.Run(m.use.signature, map[string]*tf.Tensor{"tokens": fed})
	if err != nil {
		return nil, err
	}
	numbers := slices.Clone(out[m.use.output].Float32s())
	if !finite(numbers) {
		return nil, fmt.Errorf("model %s gives numbers that are not finite", m.dir)
	}
	return numbers, nil
}

// framed puts the tokens that begin and end a text around those of a text, of which
// what is too long for the model is cut off, and said.
func (m *textModel) framed(text string, tokens []int32) []int32 {
	special := m.tokenizer.Special()
	if room := m.length() - 2; len(tokens) > room {
		fmt.Fprintf(m.stderr, "Note: %s has %d tokens, and the model reads the first %d.\n", view.Quoted(text), len(tokens), room)
		tokens = tokens[:room]
	}
	return slices.Concat([]int32{special.Start}, tokens, []int32{special.End})
}

// maxLine is how long a line of a file can be.
const maxLine = 1 << 20

// readTexts lists the texts that arguments name: the lines of files, and of standard
// input for "-", empty ones left out, and whatever is no file, as it is.
func readTexts(args []string, stdin io.Reader) ([]string, error) {
	var texts []string
	for _, arg := range args {
		lines, err := textsOf(arg, stdin)
		if err != nil {
			return nil, err
		}
		texts = append(texts, lines...)
	}
	if len(texts) == 0 {
		return nil, fmt.Errorf("there are no texts in %s", strings.Join(args, ", "))
	}
	return texts, nil
}

func textsOf(arg string, stdin io.Reader) ([]string, error) {
	if arg == "-" {
		return linesOf("standard input", stdin)
	}
	info, err := os.Stat(arg)
	switch {
	case err != nil:
		return []string{arg}, nil //nolint:nilerr // what is no file is a text
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder: give files, a line of which is a text, or texts", arg)
	}
	f, err := os.Open(arg)
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	defer func() { _ = f.Close() }()
	return linesOf(arg, f)
}

func linesOf(name string, r io.Reader) ([]string, error) {
	var lines []string
	scanner := bufio.NewScanner(r)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		if line := strings.TrimSpace(scanner.Text()); line != "" {
			lines = append(lines, line)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read texts of %s: %w", name, err)
	}
	return lines, nil
}

// ended is the outcome of a command that computes, of which ctx may have ended.
func ended(cmd *cobra.Command, err error) error {
	if cmd.Context().Err() != nil {
		return exitError{code: exitInterrupted, err: errors.New("interrupted")}
	}
	return failed(err)
}

// sampling are the options of the flags.
func (f predictFlags) sampling() (sampling.Options, error) {
	o := sampling.Options{Temperature: f.temperature, TopK: f.topK, TopP: f.topP}
	return o, o.Validate()
}
