package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/run"
)

// realProgram runs bin/sslpipe on epoch.hcl with a store of its own.
type realProgram struct {
	Program string `json:"program"`
	State   string `json:"state"` // folder of the store
	Images  string `json:"images"`
	Count   int    `json:"count"` // unlabelled images
	Device  string `json:"device"`
}

// pipelineFile is what the real program runs.
const pipelineFile = "bench/compare/epoch.hcl"

// event is what we read of an event of a run.
type event struct {
	Time     time.Time     `json:"time"`
	Type     run.EventType `json:"type"`
	Unit     string        `json:"unit"`
	Seconds  float64       `json:"seconds"`
	Progress struct {
		Step int `json:"step"`
	} `json:"progress"`
}

// run runs the part of the pipeline that arguments choose, and returns the events.
func (p realProgram) run(args ...string) ([]event, error) {
	args = append([]string{"run", pipelineFile, "--lock=false", "--state", p.State, "--models", filepath.Join(p.State, "models"),
		"--device", p.Device, "--var", "images=" + p.Images, "--var", fmt.Sprint("unlabelled=", p.Count)}, args...)
	cmd := exec.Command(p.Program, args...)
	var stderr tail
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.last())
	}
	folders, err := filepath.Glob(filepath.Join(p.State, "runs", "*", "events.jsonl"))
	if err != nil || len(folders) == 0 {
		return nil, errors.Join(err, errors.New("the run left no events"))
	}
	return readEvents(slices.Max(folders)) // their names begin with the time
}

func readEvents(file string) (events []event, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := json.NewDecoder(bufio.NewReader(f))
	for lines.More() {
		var e event
		if err := lines.Decode(&e); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		events = append(events, e)
	}
	return events, nil
}

// pace is what a unit's events say of its speed: the steps between its first
// report and its last, and the seconds that they took. Starting and exporting are
// outside.
func pace(events []event, unit string) (steps int, seconds float64) {
	var first, last event
	for _, e := range events {
		if e.Unit != unit || e.Type != run.UnitProgress || e.Progress.Step == 0 {
			continue
		}
		if first.Time.IsZero() {
			first = e
		}
		last = e
	}
	return last.Progress.Step - first.Progress.Step, last.Time.Sub(first.Time).Seconds()
}

// finished are the addresses of the units that ran to their end, with the seconds
// that they took in all.
func finished(events []event) map[string]float64 {
	units := map[string]float64{}
	for _, e := range events {
		if e.Type == run.UnitFinished {
			units[e.Unit] = e.Seconds
		}
	}
	return units
}
