package dataset

import (
	"bufio"
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

// uses says of every document what it becomes: the split that it is a sequence of, and
// the split whose stream it goes into; "" is none.
func (s *sequencer) uses() (own, streamed []string) {
	own, streamed = make([]string, len(s.corpus.documents)), make([]string, len(s.corpus.documents))
	for _, name := range splitNames {
		into := own
		if name == Unlabelled || len(s.dealt.classes) == 0 {
			into = streamed
		}
		for _, i := range s.dealt.splits[name] {
			into[i] = name
		}
	}
	return own, streamed
}

// documents writes the sequences of documents, and streams those for windows.
func (s *sequencer) documents(w *bufio.Writer) error {
	own, streamed := s.uses()
	var kept []int
	for i := range own {
		if own[i] != "" || streamed[i] != "" {
			kept = append(kept, i)
		}
	}
	s.report.Documents = len(kept)
	return s.encode(kept, func(i int, tokens []int32) error {
		s.count(tokens)
		if streamed[i] != "" {
			if err := s.streams[streamed[i]].add(tokens, s.tokenizer.Special().End); err != nil {
				return err
			}
		}
		if own[i] == "" {
			return nil
		}
		if room := s.source.Text.Length - 2; len(tokens) > room {
			s.report.Truncated++
			tokens = tokens[:room]
		}
		return s.store(w, own[i], s.corpus.documents[i].label, tokens)
	})
}

func (s *sequencer) count(tokens []int32) {
	s.report.Tokens += int64(len(tokens))
	for _, token := range tokens {
		if token == s.tokenizer.Special().Unknown {
			s.unknown++
		}
	}
}

// store writes one sequence with what begins, ends and pads it.
func (s *sequencer) store(w *bufio.Writer, split string, label int, tokens []int32) error {
	special := s.tokenizer.Special()
	row := binary.LittleEndian.AppendUint32(s.row[:0], uint32(special.Start))
	for _, token := range tokens {
		row = binary.LittleEndian.AppendUint32(row, uint32(token))
	}
	row = binary.LittleEndian.AppendUint32(row, uint32(special.End))
	for len(row) < tokenBytes*s.source.Text.Length {
		row = binary.LittleEndian.AppendUint32(row, uint32(special.Pad))
	}
	s.row = row
	s.splits[split] = append(s.splits[split], len(s.labels))
	s.labels = append(s.labels, int32(label))
	_, err := w.Write(row)
	return err
}

// windows writes the windows of a stream, of the unlabelled ones no more than asked
// for, drawn at random.
func (s *sequencer) windows(w *bufio.Writer, split string) error {
	room := s.source.Text.Length - 2
	stream := s.streams[split]
	n := max(stream.tokens/room, min(1, stream.tokens))
	drawn := make([]bool, n)
	limit := n
	if split == Unlabelled && s.source.UnlabelledLimit > 0 {
		limit = min(n, s.source.UnlabelledLimit)
	}
	for _, at := range permutation(n, "windows", s.source.Seed, 0)[:limit] {
		drawn[at] = true
	}
	return stream.cut(room, n, func(at int, tokens []int32) error {
		if at%1000 == 0 {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			s.preparation.report(int64(at), int64(n), "cutting windows")
		}
		if !drawn[at] {
			return nil
		}
		return s.store(w, split, -1, tokens)
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
