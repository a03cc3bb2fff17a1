package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sslpipe/bench/training"
)

var step = workload{
	Name: "step",
	Doc:  "one supervised training step: forward, backward, AdamW, moving averages",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return stepRace(l).run(ctx, l) },
}

// network is a configuration of MobileNetV2.
type network struct {
	alpha   float64
	pixels  int
	strides string
}

func (n network) String() string {
	return fmt.Sprintf("alpha %.2f, %d px, strides %s", n.alpha, n.pixels, n.strides)
}

var networks = []network{
	{1, 64, "imagenet"}, {0.35, 64, "imagenet"},
	{1, 32, "small"}, {0.35, 32, "small"},
	{1, 32, "imagenet"}, {0.35, 32, "imagenet"},
}

// usualBatch is the batch that every network trains with; the first one with those
// of the sweep too.
const usualBatch = 128

var sweep = []int{32, 64, 256}

func stepRace(l *lab) race {
	r := race{workload: "step", unit: "images/s", slice: l.slice(), contenders: l.steppers()}
	for _, n := range networks {
		r.scenarios = append(r.scenarios, l.stepOf(n, usualBatch))
	}
	for _, batch := range sweep {
		r.scenarios = append(r.scenarios, l.stepOf(networks[0], batch))
	}
	if l.quick {
		r.scenarios = []scenario{r.scenarios[0], r.scenarios[3]}
	}
	return r
}

// steppers are who trains. Mixed precision is for GPUs, and units side by side are for
// CPUs.
func (l *lab) steppers() []contender {
	keras, torch := l.python(l.keras(), "keras_step.py"), l.python(torchVenv, "torch_step.py")
	all := []contender{
		{Name: "sslpipe", Start: l.ours(), Work: "step", Params: map[string]any{"units": 1, "threads": l.threads}},
		{Name: fmt.Sprintf("sslpipe, %d units of 1 thread", l.threads), Start: l.ours(), Work: "step", Params: map[string]any{"units": l.threads, "threads": 1}},
		{Name: "Keras fit", Start: keras, Params: map[string]any{"threads": l.threads}},
		{Name: "PyTorch, channels_last", Start: torch, Params: map[string]any{"threads": l.threads, "compile": false}},
		{Name: compiled, Start: torch, Params: map[string]any{"threads": l.threads, "compile": true}, Wait: compileWait},
	}
	if l.device == "gpu" {
		all = slices.Delete(all, 1, 2)
		all = append(all,
			contender{Name: "sslpipe, mixed", Start: l.ours(), Work: "step", Params: map[string]any{"units": 1, "threads": l.threads, "mixed": true}},
			contender{Name: "Keras fit, mixed_bfloat16", Start: keras, Params: map[string]any{"threads": l.threads, "mixed": true}},
			contender{Name: "PyTorch, autocast bfloat16", Start: torch, Params: map[string]any{"threads": l.threads, "compile": false, "mixed": true}})
	}
	return all
}

const (
	compiled    = "PyTorch, torch.compile"
	compileWait = 6 * time.Minute
)

// compiling are the networks that torch.compile is tried with: it takes minutes for
// each one and each batch size.
var compiling = []network{networks[0], networks[3]}

func (l *lab) stepOf(n network, batch int) scenario {
	return scenario{
		Name: fmt.Sprintf("%s, batch %d", n, batch),
		Params: map[string]any{
			"alpha": n.alpha, "pixels": n.pixels, "strides": n.strides, "batch": batch, "device": l.device,
		},
		Skip: func(contender string) bool {
			return contender == compiled && (l.quick || batch != usualBatch || !slices.Contains(compiling, n))
		},
	}
}

// oursStep trains one or several networks.
func oursStep(p params) (work, error) {
	units := make([]work, p.Units)
	for i := range units {
		t, err := training.New(p.Config)
		if err != nil {
			return nil, err
		}
		units[i] = func(n int) (reply, error) {
			began := time.Now()
			err := t.Run(n)
			return reply{Seconds: time.Since(began).Seconds(), Items: float64(n * p.Batch)}, err
		}
	}
	return sideBySide(units), nil
}
