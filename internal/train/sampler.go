package train

// Sampler orders examples: batch after batch through one random permutation per
// epoch. Batches have a fixed size and may span two epochs, so that no example
// is left out and every step has one shape. The batch of a step follows from
// the step's number alone.
type Sampler struct {
	Examples, Batch int
	// Permutation returns the order of an epoch, a pure function of its number.
	Permutation func(epoch int) []int

	epoch int
	order []int
}

// Span is the part of a batch that lies in one epoch.
type Span struct {
	Epoch    int
	Offset   int   // of the span's first example within the batch
	Examples []int // in 0..Examples-1
}

// At returns the batch of a step as one or more spans.
func (s *Sampler) At(step int) []Span {
	var spans []Span
	position := step * s.Batch
	for filled := 0; filled < s.Batch; {
		epoch, start := position/s.Examples, position%s.Examples
		n := min(s.Batch-filled, s.Examples-start)
		spans = append(spans, Span{Epoch: epoch, Offset: filled, Examples: s.permutation(epoch)[start : start+n]})
		filled += n
		position += n
	}
	return spans
}

func (s *Sampler) permutation(epoch int) []int {
	if s.order == nil || s.epoch != epoch {
		s.epoch, s.order = epoch, s.Permutation(epoch)
	}
	return s.order
}
