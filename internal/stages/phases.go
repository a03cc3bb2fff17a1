package stages

import (
	"context"
	"fmt"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/train"
)

// phases runs a pre-training phase by phase. Each has a graph and a session of its own,
// so that what one took of the memory is free for the next, and hands on all variables
// by a checkpoint: so does a run that is interrupted, and both end with the same bits.
type phases struct {
	config *PretrainConfig
	views  *views
	env    *plan.Env
	all    []phase
	flops  []int64 // of a step, by phase; 0 for those that were not built here
}

func newPhases(c *PretrainConfig, v *views, env *plan.Env) *phases {
	all := c.phases(v.Meta.Shape, c.steps(len(v.indices)))
	return &phases{config: c, views: v, env: env, all: all, flops: make([]int64, len(all))}
}

// run trains from the newest checkpoint on, and exports the encoder.
func (r *phases) run(ctx context.Context) (map[string]artifact.Output, error) {
	step, err := train.NewestStep(checkpointsDir(r.env))
	if err != nil {
		return nil, err
	}
	for came := false; ; {
		i := r.at(step)
		state, outputs, err := r.train(ctx, i)
		if err != nil || outputs != nil {
			return outputs, err
		}
		back := state.Step < r.all[i].from // to a checkpoint of an earlier phase
		if back && came {
			return nil, fmt.Errorf("the checkpoint of step %d, which was written just now, cannot be read for views of %s", step, sizeText(r.all[i]))
		}
		step, came = state.Step, !back
	}
}

// at is the number of the phase that step belongs to; behind the last step, the last.
func (r *phases) at(step int) int {
	for i, ph := range r.all {
		if step < ph.until {
			return i
		}
	}
	return len(r.all) - 1
}

// train runs phase i, and exports the encoder if it is the last.
func (r *phases) train(ctx context.Context, i int) (train.State, map[string]artifact.Output, error) {
	p, err := r.build(i)
	if err == nil {
		err = p.open(ctx, r.env)
	}
	if err != nil {
		return train.State{}, nil, err
	}
	defer func() { _ = p.session.Close() }()
	if len(r.all) > 1 {
		r.env.Logf("%s", r.title(i))
	}
	state, err := p.loop(r.env).Run(ctx)
	if err != nil || state.Step < p.steps {
		return state, nil, err
	}
	done, err := r.work()
	if err != nil {
		return state, nil, err
	}
	outputs, err := p.export(r.env, state, done)
	return state, outputs, err
}

func (r *phases) build(i int) (*pretraining, error) {
	p, err := newPretraining(r.config, r.views, r.all[i], r.env)
	if err == nil {
		r.flops[i] = p.flops
	}
	return p, err
}

// work adds up all phases. Those that ended before this process began are built for it
// once more.
func (r *phases) work() (work, error) {
	var done work
	for i, ph := range r.all {
		steps := ph.until - ph.from
		if steps > 0 && r.flops[i] == 0 {
			if _, err := r.build(i); err != nil {
				return done, err
			}
		}
		done.flops += int64(steps) * r.flops[i]
		if len(r.all) > 1 {
			done.phases = append(done.phases, artifact.SizePhase{Side: ph.size.H, Steps: steps})
		}
	}
	return done, nil
}

// fewSteps is the length of the last phase below which the averages of batch-norm, with
// their default momentum of 0.9, still hold more than half a per cent of smaller views.
const fewSteps = 50

// title says what a phase is, and what may be wrong with the last.
func (r *phases) title(i int) string {
	ph := r.all[i]
	text := fmt.Sprintf("phase %d of %d: views of %s, steps %d to %d", i+1, len(r.all), sizeText(ph), ph.from+1, ph.until)
	if steps := ph.until - ph.from; i == len(r.all)-1 && steps < fewSteps {
		text += fmt.Sprintf("; %d steps are few for batch-norm's averages to become those of this size", steps)
	}
	return text
}

func sizeText(ph phase) string { return fmt.Sprintf("%d by %d px", ph.size.H, ph.size.W) }
