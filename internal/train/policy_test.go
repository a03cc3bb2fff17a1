package train

import (
	"reflect"
	"testing"

	"sslpipe/internal/nn"
)

// drive runs a policy without a network; score gives the validation score of a
// step.
func drive(p Policy, every int, score func(step int) float64) (State, []float64) {
	var s State
	var factors []float64
	for !p.Done(&s) {
		factors = append(factors, p.Factor(&s))
		s.Step++
		if s.Step%every == 0 {
			s.observe(score(s.Step))
			p.Observe(&s)
		}
	}
	return s, factors
}

func TestUntilFlatDecaysAfterThePlateau(t *testing.T) {
	p := UntilFlat{Warmup: 2, MinSteps: 0, MaxSteps: 100, Patience: 2, Decay: 0.67}
	// Accuracy rises until step 4, then stays.
	s, factors := drive(p, 1, func(step int) float64 { return min(float64(step), 4) })
	if s.DecayFrom != 6 || s.Step != 10 {
		t.Fatalf("decay began at %d and training ended at %d, want 6 and 10", s.DecayFrom, s.Step)
	}
	want := []float64{0.5, 1, 1, 1, 1, 1, 1, 0.75, 0.5, 0.25}
	if !reflect.DeepEqual(factors, want) {
		t.Errorf("factors %v, want %v", factors, want)
	}
}

func TestUntilFlatStopsAtMaxSteps(t *testing.T) {
	p := UntilFlat{Warmup: 1, MaxSteps: 10, Patience: 3, Decay: 0.2}
	s, _ := drive(p, 5, func(step int) float64 { return float64(step) })
	if s.DecayFrom != 10 || s.Step != 12 {
		t.Errorf("decay began at %d and training ended at %d, want 10 and 12", s.DecayFrom, s.Step)
	}
}

func TestUntilFlatHoldsForMinSteps(t *testing.T) {
	p := UntilFlat{Warmup: 1, MinSteps: 8, MaxSteps: 100, Patience: 1, Decay: 0.25}
	s, _ := drive(p, 1, func(int) float64 { return 0 })
	if s.DecayFrom != 8 || s.Step != 10 {
		t.Errorf("decay began at %d and training ended at %d, want 8 and 10", s.DecayFrom, s.Step)
	}
}

func TestObserveKeepsTheLaterOfEqualScores(t *testing.T) {
	var s State
	var kept []bool
	for i, score := range []float64{0.5, 0.4, 0.5, 0.6, 0.6} {
		s.Step = i + 1
		kept = append(kept, s.observe(score))
	}
	if want := []bool{true, false, true, true, true}; !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %v, want %v", kept, want)
	}
	if s.BestStep != 5 || s.BestScore != 0.6 || s.Stale != 1 {
		t.Errorf("best step %d, score %v, stale %d; want 5, 0.6, 1", s.BestStep, s.BestScore, s.Stale)
	}
}

// A part of the steps follows the schedule of them all, and is nothing to do for a run
// that stands before or behind it.
func TestFixedRunsAPart(t *testing.T) {
	f := Fixed{Schedule: &nn.Cosine{}, Steps: 8, From: 4, Until: 6}
	s := State{Step: 4}
	if f.Done(&s) || f.Factor(&s) != 0.5 || f.Total(&s) != 8 {
		t.Errorf("at step 4: done %v, factor %v of %d steps", f.Done(&s), f.Factor(&s), f.Total(&s))
	}
	for step, want := range map[int]bool{0: true, 3: true, 4: false, 5: false, 6: true, 8: true} {
		if got := f.Done(&State{Step: step}); got != want {
			t.Errorf("at step %d it is done: %v", step, got)
		}
	}
}
