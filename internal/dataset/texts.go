package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/tokenizer"
)

// texts reads, deals, tokenises and stores documents.
//
// Documents are dealt to splits before anything looks at their words: the vocabulary
// is learnt from those for training alone.
func (p *preparation) texts(t tree) (meta *artifact.DatasetMeta, err error) {
	c := newCorpus(p.opener())
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.list(p.source, t); err != nil {
		return nil, fmt.Errorf("layout %s: %w", p.source.Layout, err)
	}
	report := Report{Ignored: c.ignored, Skipped: c.skipped}
	if err := report.tooMany(len(c.documents)+len(c.skipped), "documents cannot be read"); err != nil {
		return nil, err
	}
	classes, err := c.choose(p.known, p.source)
	if err != nil {
		return nil, err
	}
	dealt, err := cut(c.records(), classes, p.source.withoutLimit())
	if err != nil {
		return nil, err
	}
	report.Duplicates = dealt.duplicates
	tok, text, err := p.tokenizer(c, dealt.splits[Unlabelled])
	if err != nil {
		return nil, err
	}
	s := sequencer{preparation: p, corpus: c, dealt: dealt, tokenizer: tok}
	if err := s.write(); err != nil {
		return nil, err
	}
	report.Images, report.Text = len(s.labels), &s.report
	return p.describeText(&s, text, report)
}

// list reads all documents of a tree.
func (c *corpus) list(s Source, t tree) error {
	if err := findLayout(s.Layout).text(c, t, s.Text.Columns); err != nil {
		return err
	}
	return c.finish()
}

// withoutLimit is a source that keeps all documents: of text, sequences are limited.
func (s Source) withoutLimit() Source {
	s.UnlabelledLimit = 0
	return s
}

// choose applies the selection of classes, as for images: documents for training of
// classes that are not selected stay as unlabelled ones, others are left out. Where
// documents have no labels at all, it holds some out.
func (c *corpus) choose(known KnownSet, s Source) (classes []string, err error) {
	renumber, classes, err := selection(c.labels, known, s.Classes)
	if err != nil {
		return nil, err
	}
	c.documents = slices.DeleteFunc(c.documents, func(d document) bool {
		return len(classes) > 0 && d.label >= 0 && renumber[d.label] < 0 && (d.part == partTest || d.part == partValidation)
	})
	for i := range c.documents {
		d := &c.documents[i]
		if d.label >= 0 {
			d.label = renumber[d.label]
		}
		if d.label < 0 && d.part == partTrain {
			d.part = partUnlabelled
		}
	}
	if len(classes) == 0 {
		c.holdOut(partTest, s)
		c.holdOut(partValidation, s)
	}
	return classes, nil
}

// holdOut moves a share of the documents to a part that has none.
func (c *corpus) holdOut(to part, s Source) {
	var pool []int
	for i, d := range c.documents {
		switch d.part {
		case to:
			return
		case partUnlabelled:
			pool = append(pool, i)
		}
	}
	// Of two documents or one, training has more need.
	if len(pool) < 3 {
		return
	}
	n := max(1, int(s.Text.HeldOut*float64(len(pool))))
	for _, at := range permutation(len(pool), "held out", s.Seed, int(to))[:n] {
		c.documents[pool[at]].part = to
	}
}

func (c *corpus) records() []record {
	records := make([]record, len(c.documents))
	for i, d := range c.documents {
		records[i] = d.record
	}
	return records
}

// tokenizer learns a vocabulary from the documents for training, or takes that of
// another text, and writes it to the prepared folder.
func (p *preparation) tokenizer(c *corpus, training []int) (*tokenizer.Tokenizer, *artifact.TextMeta, error) {
	if len(training) == 0 {
		return nil, nil, errors.New("there are no documents for training")
	}
	tok, err := p.learn(c, training)
	if err != nil {
		return nil, nil, err
	}
	if tok.Special().Pad != 0 {
		return nil, nil, fmt.Errorf("the tokeniser has padding as token %d, and here it is 0", tok.Special().Pad)
	}
	file := filepath.Join(p.dst, TokenizerFile)
	if err := tok.WriteFile(file); err != nil {
		return nil, nil, err
	}
	written, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	sum := sha256.Sum256(written)
	return tok, &artifact.TextMeta{Tokenizer: tok.Kind(), Digest: hex.EncodeToString(sum[:]), Vocabulary: tok.Size()}, nil
}

func (p *preparation) learn(c *corpus, training []int) (*tokenizer.Tokenizer, error) {
	if folder := p.source.Text.TokenizerOf; folder != "" {
		return tokenizer.Open(filepath.Join(folder, TokenizerFile))
	}
	ctx, cancel := context.WithCancelCause(p.ctx)
	defer cancel(nil)
	read := 0
	tok, err := p.source.Text.Tokenizer.Train(ctx, func(yield func(string) bool) {
		for _, i := range training {
			text, err := c.read(i)
			if err != nil {
				cancel(err)
				return
			}
			if read++; read%1000 == 0 {
				p.report(int64(read), int64(len(training)), "counting words")
			}
			if !yield(text) {
				return
			}
		}
	}, func(done, total int) { p.report(int64(done), int64(total), "learning a vocabulary") })
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	return tok, err
}

// describeText writes what the sequences are; the description comes last.
func (p *preparation) describeText(s *sequencer, text *artifact.TextMeta, report Report) (*artifact.DatasetMeta, error) {
	meta := &artifact.DatasetMeta{
		Name: p.known.Name, Shape: [3]int{1, p.source.Text.Length, 1}, Text: text, Classes: s.dealt.classes,
		Splits: map[string]int{}, License: p.known.License, Source: p.redact(p.origin),
	}
	if err := p.writeLabels(s.labels); err != nil {
		return nil, err
	}
	if err := p.writeDescription(meta, s.splits, report); err != nil {
		return nil, err
	}
	p.tellOfText(report)
	return meta, nil
}

// tellOfText says what somebody should know who did not choose it.
func (p *preparation) tellOfText(report Report) {
	t := report.Text
	if t.Truncated > 0 {
		p.logf("%d of %d documents are longer than %d tokens and were cut off for their class; pre-training reads them whole", t.Truncated, t.Documents, p.source.Text.Length)
	}
	if n := len(report.Skipped); n > 0 {
		p.logf("%d documents were left out: %s %s", n, report.Skipped[0].Name, report.Skipped[0].Reason)
	}
	if t.UnknownShare > 0.01 {
		p.logf("%.1f %% of the tokens are unknown words: more vocabulary, or byte-level BPE, knows more", 100*t.UnknownShare)
	}
}
