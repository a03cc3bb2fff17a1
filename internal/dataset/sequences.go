package dataset

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"

	"sslpipe/internal/tokenizer"
)

// sequencer turns documents that have been dealt into sequences of one length:
//
//   - Where there are classes, every document for training, validation and test is a
//     sequence of its own, [CLS] tokens [SEP], cut off or padded.
//   - All documents for training, with labels or not, make a stream in their order,
//     joined by [SEP], which is cut into windows, [CLS] tokens [SEP], without padding;
//     an incomplete one at the end is dropped, unless it is the only one. They are the
//     unlabelled split.
//   - Without classes, the documents for validation, and those for test, are such
//     streams too.
type sequencer struct {
	*preparation
	corpus    *corpus
	dealt     *cutter
	tokenizer *tokenizer.Tokenizer

	labels  []int32 // of the sequences
	splits  map[string][]int
	report  TextReport
	streams map[string]*stream

	row     []byte // a sequence on its way to the file
	unknown int64  // tokens
}

// splitNames are the splits in the order in which windows are stored.
var splitNames = []string{Unlabelled, Train, Validation, Test}

// write writes tokens.i32.
func (s *sequencer) write() (err error) {
	s.splits, s.streams = map[string][]int{}, map[string]*stream{}
	for _, name := range splitNames {
		s.splits[name] = []int{}
		s.streams[name] = &stream{spool: spoolWriter{opener: s.opener()}}
	}
	defer func() {
		for _, stream := range s.streams {
			err = errors.Join(err, stream.Close())
		}
	}()
	return s.create(tokensFile, func(w *bufio.Writer) error {
		if err := s.documents(w); err != nil {
			return err
		}
		if s.report.Tokens > 0 {
			s.report.UnknownShare = float64(s.unknown) / float64(s.report.Tokens)
		}
		for _, name := range splitNames {
			if err := s.windows(w, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// use is what becomes of a document: a sequence of a split, a part of the stream of
// one, or both; "" is none.
type use struct{ own, streamed string }

// uses says what becomes of every document.
func (s *sequencer) uses() []use {
	uses := make([]use, len(s.corpus.documents))
	for _, name := range splitNames {
		for _, i := range s.dealt.splits[name] {
			if name == Unlabelled || len(s.dealt.classes) == 0 {
				uses[i].streamed = name
			} else {
				uses[i].own = name
			}
		}
	}
	return uses
}

// documents writes the sequences of documents, and streams those for windows. Test
// comes first, then validation: what becomes the same sequence as one of theirs is
// dropped, as images are whose pixels are the same. Documents that are equal are gone
// already; these differ in what tokens do not tell, or behind where they are cut off.
func (s *sequencer) documents(w *bufio.Writer) error {
	uses := s.uses()
	order := [3][]int{}
	for i, u := range uses {
		switch {
		case u.own == Test:
			order[0] = append(order[0], i)
		case u.own == Validation:
			order[1] = append(order[1], i)
		case u != use{}:
			order[2] = append(order[2], i)
		}
	}
	heldOut, special := map[[32]byte]string{}, s.tokenizer.Special()
	return s.encode(slices.Concat(order[:]...), func(i int, tokens []int32) error {
		u := uses[i]
		s.lay(tokens)
		hash := sha256.Sum256(s.row)
		if of := heldOut[hash]; of != "" && of != u.own {
			s.dealt.duplicates[cmp.Or(u.own, u.streamed)]++
			return nil
		}
		if u.own == Test || u.own == Validation {
			heldOut[hash] = u.own
		}
		s.count(tokens)
		if u.streamed != "" {
			if err := s.streams[u.streamed].add(tokens, special.End); err != nil {
				return err
			}
		}
		if u.own == "" {
			return nil
		}
		if len(tokens) > s.room() {
			s.report.Truncated++
		}
		return s.store(w, u.own, s.corpus.documents[i].label)
	})
}

// room is how many tokens of text a sequence has.
func (s *sequencer) room() int { return s.source.Text.Length - 2 }

func (s *sequencer) count(tokens []int32) {
	s.report.Documents++
	s.report.Tokens += int64(len(tokens))
	for _, token := range tokens {
		if token == s.tokenizer.Special().Unknown {
			s.unknown++
		}
	}
}

// lay makes the row of a sequence, with what begins, ends and pads it.
func (s *sequencer) lay(tokens []int32) {
	special := s.tokenizer.Special()
	row := binary.LittleEndian.AppendUint32(s.row[:0], uint32(special.Start))
	for _, token := range tokens[:min(len(tokens), s.room())] {
		row = binary.LittleEndian.AppendUint32(row, uint32(token))
	}
	row = binary.LittleEndian.AppendUint32(row, uint32(special.End))
	for len(row) < tokenBytes*s.source.Text.Length {
		row = binary.LittleEndian.AppendUint32(row, uint32(special.Pad))
	}
	s.row = row
}

// store writes the row as an example of a split.
func (s *sequencer) store(w *bufio.Writer, split string, label int) error {
	s.splits[split] = append(s.splits[split], len(s.labels))
	s.labels = append(s.labels, int32(label))
	_, err := w.Write(s.row)
	return err
}

// windows writes the windows of a stream, of the unlabelled ones no more than asked
// for, drawn at random.
func (s *sequencer) windows(w *bufio.Writer, split string) error {
	stream := s.streams[split]
	n := max(stream.tokens/s.room(), min(1, stream.tokens))
	drawn := make([]bool, n)
	limit := n
	if split == Unlabelled && s.source.UnlabelledLimit > 0 {
		limit = min(n, s.source.UnlabelledLimit)
	}
	for _, at := range permutation(n, "windows", s.source.Seed, 0)[:limit] {
		drawn[at] = true
	}
	return stream.cut(s.room(), n, func(at int, tokens []int32) error {
		if at%1000 == 0 {
			s.preparation.report(int64(at), int64(n), "cutting windows")
			if err := s.ctx.Err(); err != nil {
				return err
			}
		}
		if !drawn[at] {
			return nil
		}
		s.lay(tokens)
		return s.store(w, split, -1)
	})
}

// batchBytes is how much text is tokenised at a time, at least: all of it is in memory.
const batchBytes = 4 << 20

// encode calls use with the tokens of documents, in order; they are tokenised on all
// processors.
func (s *sequencer) encode(documents []int, use func(i int, tokens []int32) error) error {
	for done := 0; done < len(documents); {
		s.preparation.report(int64(done), int64(len(documents)), "tokenising")
		bytes, batch := 0, documents[done:]
		for n, i := range batch {
			if bytes += s.corpus.documents[i].length; bytes >= batchBytes {
				batch = batch[:n+1]
				break
			}
		}
		tokens, failed := make([][]int32, len(batch)), make([]error, len(batch))
		err := inParallel(s.ctx, len(batch), func(n int) {
			text, err := s.corpus.read(batch[n])
			tokens[n], failed[n] = s.tokenizer.Encode(text), err
		})
		if err := errors.Join(append(failed, err)...); err != nil {
			return err
		}
		for n, i := range batch {
			if err := use(i, tokens[n]); err != nil {
				return err
			}
		}
		done += len(batch)
	}
	return nil
}

// stream is a row of tokens without end.
type stream struct {
	spool  spoolWriter
	tokens int
	text   blob
	bytes  []byte
}

// add appends the tokens of a document behind those of others and a token between.
func (s *stream) add(tokens []int32, between int32) error {
	if len(tokens) == 0 {
		return nil
	}
	s.bytes = s.bytes[:0]
	if s.tokens > 0 {
		tokens = slices.Concat([]int32{between}, tokens)
	}
	for _, token := range tokens {
		s.bytes = binary.LittleEndian.AppendUint32(s.bytes, uint32(token))
	}
	s.tokens += len(tokens)
	_, err := s.spool.Write(s.bytes)
	return err
}

// cut calls use with n windows of room tokens; an only one may be shorter.
func (s *stream) cut(room, n int, use func(at int, tokens []int32) error) (err error) {
	if s.text, err = s.spool.blob(); err != nil {
		return err
	}
	raw, tokens := make([]byte, tokenBytes*min(room, s.tokens)), make([]int32, min(room, s.tokens))
	for at := range n {
		if _, err := s.text.ReadAt(raw, int64(at)*int64(len(raw))); err != nil {
			return err
		}
		for i := range tokens {
			tokens[i] = int32(binary.LittleEndian.Uint32(raw[tokenBytes*i:]))
		}
		if err := use(at, tokens); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the tokens.
func (s *stream) Close() error {
	if s.text != nil {
		return s.text.Close()
	}
	return s.spool.Close()
}
