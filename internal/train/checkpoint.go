package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/durable"
	"sslpipe/internal/tf"
)

// checkpoints keeps a run's state under dir: step-N folders hold everything,
// best-N folders the model's weights at their best validation score. A folder
// appears whole, by rename, or not at all, and is compared with its digests before
// anything of it is used.
type checkpoints struct {
	dir        string
	all, model *tf.Saver
	session    *tf.Session
}

const (
	weights   = "weights" // prefix of the tensors inside a folder
	stateFile = "state.json"
)

func (c checkpoints) step(n int) string { return filepath.Join(c.dir, fmt.Sprintf("step-%d", n)) }
func (c checkpoints) best(n int) string { return filepath.Join(c.dir, fmt.Sprintf("best-%d", n)) }

// load brings the session to its starting state and then to the newest sound
// checkpoint, whose state it returns; the zero state where there is none. An
// unsound one is dropped: the run then repeats the steps since the one before
// it, with the same result.
func (c checkpoints) load(initialise func() error, logf func(string, ...any)) (State, error) {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return State{}, fmt.Errorf("make checkpoint folder: %w", err)
	}
	steps, err := c.list("step-")
	if err != nil {
		return State{}, err
	}
	if err := initialise(); err != nil {
		return State{}, err
	}
	for _, n := range steps {
		state, err := c.read(n)
		if err == nil {
			return state, nil
		}
		logf("checkpoint of step %d is damaged and was dropped: %v", n, err)
		// A restore that failed half-way leaves mixed weights behind.
		if err := errors.Join(os.RemoveAll(c.step(n)), initialise()); err != nil {
			return State{}, err
		}
	}
	return State{}, nil
}

// NewestStep is the step of the newest checkpoint under dir, sound or not; 0 where
// there is none. A Loop may have to begin at an earlier one.
func NewestStep(dir string) (int, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	steps, err := checkpoints{dir: dir}.list("step-")
	if err != nil || len(steps) == 0 {
		return 0, err
	}
	return steps[0], nil
}

func (c checkpoints) read(n int) (State, error) {
	if err := checkManifest(c.step(n)); err != nil {
		return State{}, err
	}
	text, err := os.ReadFile(filepath.Join(c.step(n), stateFile))
	if err != nil {
		return State{}, err
	}
	state, err := parseState(text, n)
	if err != nil {
		return state, fmt.Errorf("read %s: %w", stateFile, err)
	}
	if state.BestStep > 0 {
		if err := checkManifest(c.best(state.BestStep)); err != nil {
			return state, err
		}
	}
	return state, c.all.Restore(c.session, filepath.Join(c.step(n), weights))
}

// parseState reads the state of the checkpoint of step n.
func parseState(text []byte, n int) (State, error) {
	var state State
	if err := json.Unmarshal(text, &state); err != nil {
		return State{}, err
	}
	if state.Step != n {
		return State{}, fmt.Errorf("it is of step %d", state.Step)
	}
	for _, step := range []int{state.BestStep, state.DecayFrom, state.GoodStep} {
		if step < 0 || step > n {
			return State{}, fmt.Errorf("it names step %d, which was not yet", step)
		}
	}
	return state, nil
}

// list returns the numbers of the folders with this prefix, newest first.
func (c checkpoints) list(prefix string) ([]int, error) {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var steps []int
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), prefix)
		n, err := strconv.Atoi(digits)
		if ok && err == nil {
			steps = append(steps, n)
		}
	}
	slices.Sort(steps)
	slices.Reverse(steps)
	return steps, nil
}

// save writes the whole run's state and then drops what no longer serves: all
// but the two newest checkpoints and the last good one, and best weights that
// none of them names.
func (c checkpoints) save(state *State) error {
	err := c.write(c.step(state.Step), func(dir string) error {
		if err := c.all.Save(c.session, filepath.Join(dir, weights)); err != nil {
			return err
		}
		text, err := json.Marshal(state)
		if err != nil {
			return err
		}
		return durable.WriteFile(filepath.Join(dir, stateFile), text)
	})
	if err != nil {
		return fmt.Errorf("write checkpoint of step %d: %w", state.Step, err)
	}
	return c.prune(state)
}

func (c checkpoints) saveBest(step int) error {
	err := c.write(c.best(step), func(dir string) error {
		return c.model.Save(c.session, filepath.Join(dir, weights))
	})
	if err != nil {
		return fmt.Errorf("write best weights of step %d: %w", step, err)
	}
	return nil
}

func (c checkpoints) restoreBest(state *State) error {
	if state.BestStep == 0 {
		return errors.New("no validation took place, so no weights were chosen: train for more steps or validate more often")
	}
	dir := c.best(state.BestStep)
	err := checkManifest(dir)
	if err == nil {
		err = c.model.Restore(c.session, filepath.Join(dir, weights))
	}
	if err != nil {
		return fmt.Errorf("restore best weights of step %d: %w", state.BestStep, err)
	}
	return nil
}

func (c checkpoints) prune(state *State) error {
	steps, err := c.list("step-")
	if err != nil {
		return err
	}
	keep := map[int]bool{state.BestStep: true}
	for i, n := range steps {
		if i < 2 || n == state.GoodStep {
			var s State
			if text, err := os.ReadFile(filepath.Join(c.step(n), stateFile)); err == nil && json.Unmarshal(text, &s) == nil {
				keep[s.BestStep] = true
			}
			continue
		}
		if err := os.RemoveAll(c.step(n)); err != nil {
			return err
		}
	}
	bests, err := c.list("best-")
	if err != nil {
		return err
	}
	for _, n := range bests {
		if !keep[n] {
			if err := os.RemoveAll(c.best(n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// write fills a temporary folder and renames it to dir, durably.
func (c checkpoints) write(dir string, fill func(dir string) error) error {
	temp := dir + ".part"
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o755)); err != nil {
		return err
	}
	if err := fill(temp); err != nil {
		return err
	}
	if err := errors.Join(writeManifest(temp), durable.SyncFolder(temp)); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(temp, dir); err != nil {
		return err
	}
	return durable.SyncFolder(c.dir)
}
