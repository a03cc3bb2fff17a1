package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed memory.hcl
var memoryText string

var memory = Scenario{
	Name: "memory",
	Doc:  "10,000 steps of training in one process, whose resident memory must stay where it is.",
	Long: true,
	Run:  runMemory,
}

const (
	memorySteps  = 10_000
	memoryWindow = 1_000 // steps at the start and near the end in which the most is looked for
	// Steps that are left when the last window ends: what comes after the training,
	// as the model's export, takes memory of its own.
	memoryLeft = 100
	// What the most in the last window may exceed that in the first, after as many
	// steps to settle, in bytes. A tensor of one batch that stays behind in each step
	// comes to 112 MB.
	memoryGrowth = 8 << 20
)

func runMemory(ctx context.Context, lab *Lab, tally *Tally) error {
	p, err := lab.Project(ctx, "memory")
	if err != nil {
		return err
	}
	text := strings.NewReplacer("{{URL}}", lab.URL, "{{SHA256}}", lab.archive.sha256).Replace(memoryText)
	if err := os.WriteFile(filepath.Join(p.Dir, pipelineFile), []byte(text), 0o666); err != nil {
		return err
	}
	early, late, err := p.watchMemory(ctx)
	if err != nil {
		return err
	}
	tally.Note("%.1f MiB at 1,000 to 2,000 steps, %.1f MiB at 8,900 to 9,900", mebibytes(early), mebibytes(late))
	grown := fmt.Errorf("resident memory grew from %.1f to %.1f MiB, by more than %d MiB", mebibytes(early), mebibytes(late), memoryGrowth>>20)
	if late-early <= memoryGrowth {
		grown = nil
	}
	tally.Judge(p, fmt.Sprintf("%d steps", memorySteps), grown)
	return nil
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }

// watchMemory runs the pipeline and returns the most resident memory, in bytes, in the
// second thousand of steps and in one near the end.
func (p *Project) watchMemory(ctx context.Context) (early, late int64, err error) {
	// A checkpoint after every step, as elsewhere, would take longer than the steps.
	cmd := p.Command(ctx, "run", pipelineFile, "--device", "cpu", "--jobs", "1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			switch {
			case err != nil:
				return 0, 0, fmt.Errorf("%w:\n%s", err, stderr.String())
			case early == 0 || late == 0:
				return 0, 0, errors.New("the training was too short to look at it")
			}
			return early, late, nil
		case <-tick.C:
		}
		resident := residentMemory(cmd.Process.Pid)
		switch step := p.trainingStep(); {
		case step >= memorySteps-memoryLeft:
		case step >= memorySteps-memoryLeft-memoryWindow:
			late = max(late, resident)
		case step >= memoryWindow && step < 2*memoryWindow:
			early = max(early, resident)
		}
	}
}

// residentMemory is that of a process, in bytes; 0 where it cannot be told.
func residentMemory(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, text, _ = bytes.Cut(text, []byte("VmRSS:"))
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(fields[0], 10, 64)
	return kilobytes << 10
}

// trainingStep is the newest step of the training that the run has written down.
func (p *Project) trainingStep() int {
	files, _ := filepath.Glob(filepath.Join(p.Dir, ".sslpipe", "runs", "*", "metrics.jsonl"))
	step := 0
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for line := range bytes.Lines(text) {
			var m struct {
				Unit string `json:"unit"`
				Step int    `json:"step"`
			}
			if json.Unmarshal(line, &m) == nil && strings.HasPrefix(m.Unit, "finetune.") {
				step = m.Step
			}
		}
	}
	return step
}
