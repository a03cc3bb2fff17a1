package main

import (
	"context"
	"fmt"

	"sslpipe/bench/training"
)

var transformerStep = workload{
	Name: "transformer",
	Doc:  "one training step of a transformer: hidden tokens of texts, or images by patches",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return transformerRace(l).run(ctx, l) },
}

var attentionMemory = workload{
	Name: "attention",
	Doc:  "peak resident memory of a process that trains on longer and longer texts (VmHWM)",
	Run:  measureAttention,
}

// transformers are what is trained; the first two are what --quick takes.
var transformers = []training.Config{
	{Network: training.Text, Width: 256, Depth: 4, Heads: 4, Length: 64, Batch: 64},
	{Network: training.ViT, Width: 192, Depth: 6, Heads: 3, Pixels: 32, Batch: 128},
	{Network: training.Text, Width: 128, Depth: 4, Heads: 4, Length: 64, Batch: 64},
	{Network: training.Text, Width: 256, Depth: 4, Heads: 4, Length: 512, Batch: 8},
}

func transformerRace(l *lab) race {
	r := race{workload: "transformer", unit: "examples/s", slice: l.slice(), contenders: []contender{
		{Name: "sslpipe", Start: l.ours(), Work: "step", Params: map[string]any{"units": 1, "threads": l.threads}},
		{Name: fmt.Sprintf("sslpipe, %d units of 1 thread", l.threads), Start: l.ours(), Work: "step", Params: map[string]any{"units": l.threads, "threads": 1}},
		{Name: stockOperations, Start: l.ours(), Work: "step", Params: map[string]any{"units": 1, "threads": l.threads, "stock": true}},
		{Name: "PyTorch", Start: l.python(torchVenv, "torch_transformer.py"), Params: map[string]any{"threads": l.threads, "written_out": false}},
		{Name: "PyTorch, attention written out", Start: l.python(torchVenv, "torch_transformer.py"), Params: map[string]any{"threads": l.threads, "written_out": true}},
	}}
	for _, c := range transformers {
		r.scenarios = append(r.scenarios, l.transformerOf(c))
	}
	if l.quick {
		r.scenarios = r.scenarios[:2]
	}
	return r
}

// stockOperations is what a GPU and exported models compute with.
const stockOperations = "sslpipe, TensorFlow's operations"

func (l *lab) transformerOf(c training.Config) scenario {
	return scenario{
		Name: fmt.Sprintf("%s, batch %d", c, c.Batch),
		Params: map[string]any{
			"network": c.Network, "dim": c.Width, "depth": c.Depth, "heads": c.Heads, "length": c.Length, "pixels": c.Pixels,
			"batch": c.Batch, "device": l.device,
		},
	}
}

// measureAttention trains a little in a process of its own for each contender and
// length.
func measureAttention(ctx context.Context, l *lab) ([]result, error) {
	lengths := []int{128, 256, 512, 1024}
	if l.quick {
		lengths = lengths[1:3]
	}
	var results []result
	for _, length := range lengths {
		s := l.transformerOf(training.Config{Network: training.Text, Width: 128, Depth: 4, Heads: 4, Length: length, Batch: 8})
		results = append(results, l.peaks(ctx, "attention", s, transformerRace(l).contenders))
	}
	return results, ctx.Err()
}
