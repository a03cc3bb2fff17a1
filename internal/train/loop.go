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
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
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
	// Finite is a bool scalar: all variables are finite. What is not is never
	// written to a checkpoint.
	Finite tf.Output

	// Init puts the session into its starting state: initial values, then
	// weights taken from elsewhere. It may run more than once.
	Init func() error
	// Step runs training step number step at factor times the base rate.
	Step func(step int, factor float64) (Values, error)
	// Validate scores the current weights on validation data: higher is
	// better. Nil keeps the last weights.
	Validate      func() (float64, error)
	ValidateEvery int
	// KeepLast writes a checkpoint at the end, so that a run that has ended ends
	// again at once.
	KeepLast bool

	// EpochEnds tells whether an epoch is over after so many steps. Derive then adds
	// what follows from the means over the epoch, Inspect measures the current
	// weights, without changing them, and Gate refuses what is not worth going on
	// with. All may be nil; they do not go together with Validate.
	EpochEnds func(steps int) bool
	Derive    func(means Values)
	Inspect   func(steps int) (Values, error)
	Gate      func(e Epoch) error

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
			if err := l.save(&state, store); err != nil {
				return state, err
			}
			return state, ctx.Err()
		}
		values, err := l.step(&state, store)
		if err != nil {
			return state, err
		}
		if since := time.Since(reported); since > reportEvery || l.notable(&state, values) {
			l.Report(Progress{
				Step: state.Step, Total: l.Policy.Total(&state), Values: values,
				Rate: float64((state.Step-reportedStep)*l.Images) / since.Seconds(),
			})
			reported, reportedStep = time.Now(), state.Step
		}
		if time.Since(saved) > l.SaveEvery {
			if err := l.save(&state, store); err != nil {
				return state, err
			}
			saved = time.Now()
		}
	}
	if l.KeepLast {
		if err := l.save(&state, store); err != nil {
			return state, err
		}
	}
	if l.Validate == nil {
		return state, l.checkWeights(&state)
	}
	return state, store.restoreBest(&state)
}

const reportEvery = 250 * time.Millisecond

// notable tells whether a step's values are reported in any case.
func (l *Loop) notable(state *State, values Values) bool {
	_, validated := values["validation"]
	return validated || l.Policy.Done(state) || l.EpochEnds != nil && l.EpochEnds(state.Step)
}

// step runs one training step and what is due after it: the end of an epoch,
// the validation.
func (l *Loop) step(state *State, store checkpoints) (Values, error) {
	values, err := l.Step(state.Step, l.Policy.Factor(state))
	if err != nil {
		return nil, fmt.Errorf("step %d: %w", state.Step, err)
	}
	if err := l.checkValues(state, values); err != nil {
		return nil, err
	}
	state.Step++
	state.Losses = append(state.Losses, float32(values["loss"]))
	if l.EpochEnds != nil {
		state.gather(values)
		if l.EpochEnds(state.Step) {
			if values, err = l.endEpoch(state, store); err != nil {
				return nil, err
			}
		}
	}
	if l.Validate == nil || state.Step%l.ValidateEvery != 0 {
		return values, nil
	}
	score, err := l.Validate()
	if err != nil {
		return nil, fmt.Errorf("validate after step %d: %w", state.Step, err)
	}
	if state.observe(score) {
		if err := l.checkWeights(state); err != nil {
			return nil, err
		}
		if err := store.saveBest(state.BestStep); err != nil {
			return nil, err
		}
	}
	l.Policy.Observe(state)
	values["validation"] = score
	return values, nil
}

// endEpoch inspects the weights and, if there is nothing wrong with them, keeps
// them as the last good ones.
func (l *Loop) endEpoch(state *State, store checkpoints) (Values, error) {
	inspected, err := l.Inspect(state.Step)
	if err != nil {
		return nil, fmt.Errorf("inspect after step %d: %w", state.Step, err)
	}
	e := state.endEpoch(inspected)
	if l.Derive != nil {
		l.Derive(e.Values)
	}
	if reason := l.Gate(e); reason != nil {
		return nil, fmt.Errorf("stopped after epoch %d, step %d: %w%s", e.Epoch, e.Step, reason, l.lastGood(state))
	}
	if err := cmp.Or(l.checkWeights(state), l.checkValues(state, inspected)); err != nil {
		return nil, err
	}
	state.GoodStep = state.Step
	return maps.Clone(e.Values), store.save(state)
}

// save writes a checkpoint, unless something in it is not finite.
func (l *Loop) save(state *State, store checkpoints) error {
	if err := l.checkWeights(state); err != nil {
		return err
	}
	return store.save(state)
}

// checkValues refuses numbers that are not finite.
func (l *Loop) checkValues(state *State, values Values) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if x := values[name]; math.IsNaN(x) || math.IsInf(x, 0) {
			return l.notFinite(state, fmt.Sprintf("the %s of step %d is %v", name, state.Step, x))
		}
	}
	return nil
}

// checkWeights refuses variables that are not finite.
func (l *Loop) checkWeights(state *State) error {
	if !l.Finite.Valid() {
		return nil
	}
	out, err := l.Session.Run(nil, []tf.Output{l.Finite})
	if err != nil {
		return fmt.Errorf("check weights after step %d: %w", state.Step, err)
	}
	if !out[0].Bools()[0] {
		return l.notFinite(state, fmt.Sprintf("by the end of step %d some weights are not finite", state.Step-1))
	}
	return nil
}

func (l *Loop) notFinite(state *State, what string) error {
	return fmt.Errorf("%s; a lower learning_rate or clip_norm usually cures this%s", what, l.lastGood(state))
}

// lastGood says where the weights are from before things went wrong.
func (l *Loop) lastGood(state *State) string {
	if state.GoodStep == 0 {
		return ""
	}
	return fmt.Sprintf(". The last good checkpoint, of step %d, is kept in %s",
		state.GoodStep, checkpoints{dir: l.Dir}.step(state.GoodStep))
}
