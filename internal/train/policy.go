package train

import (
	"maps"

	"sslpipe/internal/nn"
)

// State is where a run stands. It is stored with each checkpoint, so everything
// that decides about later steps is in it.
type State struct {
	Step      int     `json:"step"`
	BestStep  int     `json:"best_step"` // 0: no validation yet
	BestScore float64 `json:"best_score"`
	Stale     int     `json:"stale"`      // validations since the best score rose
	DecayFrom int     `json:"decay_from"` // step at which the final decay began; 0: not yet
	Curve     []Point `json:"curve,omitempty"`
	// Losses has the loss of every step: where two runs part, it tells the step.
	Losses Trace `json:"losses,omitempty"`

	// Epochs are those that are over; Sums and Count gather the one under way.
	Epochs []Epoch `json:"epochs,omitempty"`
	Sums   Values  `json:"sums,omitempty"`
	Count  int     `json:"count,omitempty"`
	// GoodStep is the newest checkpoint that was written after an inspection
	// that found nothing wrong; 0: none yet.
	GoodStep int `json:"good_step,omitempty"`
}

// Epoch is what was measured over one epoch: means over its steps, and the
// inspection of the weights at its end.
type Epoch struct {
	Epoch  int    `json:"epoch"` // from 1
	Step   int    `json:"step"`  // steps by its end
	Values Values `json:"values"`
}

// Point is one validation.
type Point struct {
	Step  int     `json:"step"`
	Score float64 `json:"score"`
}

// gather adds a step's values to the epoch under way.
func (s *State) gather(values Values) {
	if s.Sums == nil {
		s.Sums = Values{}
	}
	for name, x := range values {
		s.Sums[name] += x
	}
	s.Count++
}

// endEpoch closes the epoch under way.
func (s *State) endEpoch(inspected Values) Epoch {
	e := Epoch{Epoch: len(s.Epochs) + 1, Step: s.Step, Values: Values{}}
	for name, sum := range s.Sums {
		e.Values[name] = sum / float64(s.Count)
	}
	maps.Copy(e.Values, inspected)
	s.Epochs, s.Sums, s.Count = append(s.Epochs, e), nil, 0
	return e
}

// observe records a validation score and tells whether these weights are the
// ones to keep. A tie keeps the later weights, which saw more data, but does
// not count as a rise.
func (s *State) observe(score float64) bool {
	s.Curve = append(s.Curve, Point{Step: s.Step, Score: score})
	first := s.BestStep == 0
	switch {
	case first || score > s.BestScore:
		s.Stale = 0
	default:
		s.Stale++
	}
	if first || score >= s.BestScore {
		s.BestStep, s.BestScore = s.Step, score
		return true
	}
	return false
}

// Policy decides the learning rate of each step and when to stop.
type Policy interface {
	Factor(s *State) float64 // of the base learning rate, for the next step
	Done(s *State) bool
	Total(s *State) int // steps that the run takes at most, as known so far
	Observe(s *State)   // called after each validation; may change s
}

// Fixed follows a schedule over a fixed number of steps, or a part of them.
type Fixed struct {
	Schedule nn.Schedule
	Steps    int // of the whole schedule
	// From and Until bound the part that is run: steps from From to Until-1.
	From, Until int
}

// Factor implements Policy.
func (f Fixed) Factor(s *State) float64 { return f.Schedule.Rate(s.Step, f.Steps) }

// Done implements Policy.
func (f Fixed) Done(s *State) bool { return s.Step < f.From || s.Step >= f.Until }

// Total implements Policy.
func (f Fixed) Total(*State) int { return f.Steps }

// Observe implements Policy.
func (Fixed) Observe(*State) {}

// UntilFlat trains until validation accuracy stops rising: a linear warm-up, a
// constant rate until Patience validations in a row bring no better score (or
// MaxSteps have passed), then a linear decay to zero over Decay times the steps
// taken so far. The length of training thus follows from each arm's own curve,
// and no arm is cut short in the middle of a schedule made for another
// (warmup-stable-decay, Hägele et al. 2024, arXiv:2405.18392).
type UntilFlat struct {
	Warmup, MinSteps, MaxSteps, Patience int
	Decay                                float64
}

// Factor implements Policy.
func (u UntilFlat) Factor(s *State) float64 {
	if s.DecayFrom > 0 {
		return 1 - float64(s.Step-s.DecayFrom)/float64(u.decaySteps(s.DecayFrom))
	}
	if s.Step < u.Warmup {
		return float64(s.Step+1) / float64(u.Warmup)
	}
	return 1
}

// Done implements Policy.
func (u UntilFlat) Done(s *State) bool {
	return s.DecayFrom > 0 && s.Step >= s.DecayFrom+u.decaySteps(s.DecayFrom)
}

// Total implements Policy.
func (u UntilFlat) Total(s *State) int {
	from := s.DecayFrom
	if from == 0 {
		from = u.MaxSteps
	}
	return from + u.decaySteps(from)
}

// Observe implements Policy.
func (u UntilFlat) Observe(s *State) {
	if s.DecayFrom > 0 || s.Step < u.MinSteps {
		return
	}
	if s.Stale >= u.Patience || s.Step >= u.MaxSteps {
		s.DecayFrom = s.Step
	}
}

func (u UntilFlat) decaySteps(from int) int { return max(1, int(u.Decay*float64(from))) }
