// Package train holds what pretrain and finetune share: the loop over training
// steps with its checkpoints, the learning-rate policies, the order of examples
// and the linear probe.
//
// The loop knows nothing of networks or data: it is handed a step as a function
// of the step's number, and everything that a step reads must follow from that
// number and from the variables in the session. That is what makes a resumed
// run end with the same bits as one that was never stopped.
//
// It refuses to look at test data (it never sees any) and to continue past a
// loss that is not finite. A new stopping rule is a new Policy.
package train

import (
	"context"
	"fmt"
	"math"
	"time"

	"sslpipe/internal/tf"
)

// Values are scalars of one step by name; "loss" is always among them.
type Values map[string]float64

// Progress is what a loop reports while it runs.
type Progress struct {
	Step, Total int
	Rate        float64 // images a second, over the time since the last report
	Values      Values
}

// Loop trains one network.
type Loop struct {
	Session *tf.Session
	// All restores a run: model, optimiser and counters. Model is what a
	// finished run hands on; it is saved on each improvement.
	All, Model *tf.Saver
	Dir        string // checkpoints live here and survive an interrupt
	Policy     Policy
	Images     int // images that a step reads, for the rate

	// Init puts the session into its starting state: initial values, then
	// weights taken from elsewhere. It may run more than once.
	Init func() error
	// Step runs training step number step at factor times the base rate.
	Step func(step int, factor float64) (Values, error)
	// Validate scores the current weights on validation data: higher is
	// better. Nil keeps the last weights.
	Validate      func() (float64, error)
	ValidateEvery int

	Report func(Progress)
	Logf   func(format string, args ...any)
	// SaveEvery is the time between checkpoints; it does not change results.
	SaveEvery time.Duration
}

// Run trains until the policy says stop, beginning at the newest sound
// checkpoint under Dir, and leaves the chosen weights (the best on validation
// data, or the last) in the session. When ctx ends it writes a checkpoint
// within one step and returns ctx's error.
func (l *Loop) Run(ctx context.Context) (State, error) {
	store := checkpoints{dir: l.Dir, all: l.All, model: l.Model, session: l.Session}
	state, err := store.load(l.Init, l.Logf)
	if err != nil {
		return state, err
	}
	saved, reported, reportedStep := time.Now(), time.Now(), state.Step
	for !l.Policy.Done(&state) {
		if ctx.Err() != nil {
			if err := store.save(&state); err != nil {
				return state, err
			}
			return state, ctx.Err()
		}
		values, err := l.step(&state, store)
		if err != nil {
			return state, err
		}
		_, validated := values["validation"]
		if since := time.Since(reported); since > reportEvery || validated || l.Policy.Done(&state) {
			l.Report(Progress{
				Step: state.Step, Total: l.Policy.Total(&state), Values: values,
				Rate: float64((state.Step-reportedStep)*l.Images) / since.Seconds(),
			})
			reported, reportedStep = time.Now(), state.Step
		}
		if time.Since(saved) > l.SaveEvery {
			if err := store.save(&state); err != nil {
				return state, err
			}
			saved = time.Now()
		}
	}
	if l.Validate == nil {
		return state, nil
	}
	return state, store.restoreBest(&state)
}

const reportEvery = 250 * time.Millisecond

// step runs one training step and, where one is due, the validation after it.
func (l *Loop) step(state *State, store checkpoints) (Values, error) {
	values, err := l.Step(state.Step, l.Policy.Factor(state))
	if err != nil {
		return nil, fmt.Errorf("step %d: %w", state.Step, err)
	}
	if loss := values["loss"]; math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil, fmt.Errorf("step %d: the loss is %v; a lower learning_rate usually cures this", state.Step, loss)
	}
	state.Step++
	if l.Validate == nil || state.Step%l.ValidateEvery != 0 {
		return values, nil
	}
	score, err := l.Validate()
	if err != nil {
		return nil, fmt.Errorf("validate after step %d: %w", state.Step, err)
	}
	if state.observe(score) {
		if err := store.saveBest(state.BestStep); err != nil {
			return nil, err
		}
	}
	l.Policy.Observe(state)
	values["validation"] = score
	return values, nil
}
