package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// workersRun is a run of the pipeline for several workers.
func workersRun(t *testing.T, dir string, args ...string) *exec.Cmd {
	return program(t, dir, append([]string{"run", filepath.Join(repository(t), "cmd", "sslpipe", "testdata", "workers.hcl"), "--lock=false"}, args...)...)
}

// losses are those of each step, of the pre-training and of the fine-tuning.
func losses(t *testing.T, dir string) (pretrain, finetune []float64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".sslpipe", "cache", "objects", "*", "losses.csv"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files with losses: %v, %v", files, err)
	}
	for _, file := range files {
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), "monitors.jsonl")); err == nil {
			pretrain = lossesIn(t, file)
		} else {
			finetune = lossesIn(t, file)
		}
	}
	return pretrain, finetune
}

func lossesIn(t *testing.T, file string) []float64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		var step int
		var loss float64
		if _, err := fmt.Sscanf(line, "%d,%g", &step, &loss); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, loss)
	}
	return all
}

// Two workers train as one does, up to rounding: each batch has the same images in the
// same order, and contrastive losses and batch-norm see all of it.
func TestWorkersTrainAsOne(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	for dir, args := range map[string][]string{one: nil, two: {"--workers", "2"}} {
		if out, err := workersRun(t, dir, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	pretrain, finetune := losses(t, one)
	together, tuned := losses(t, two)
	compareLosses(t, "pre-training", together, pretrain)
	compareLosses(t, "fine-tuning", tuned, finetune)
	if cmp.Equal(results(t, one), results(t, two)) {
		t.Error("results of one worker and of two have the same fingerprints")
	}
	// What two have trained is verified by two.
	var verified bytes.Buffer
	verify := program(t, two, "verify")
	verify.Stdout = &verified
	if err := verify.Run(); err != nil || strings.Count(verified.String(), "bitwise equal") < 4 {
		t.Errorf("verify ended with %v:\n%s", err, &verified)
	}
}

func compareLosses(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) || len(got) < 4 {
		t.Fatalf("%s took %d steps, on one worker %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-4*math.Abs(want[i]) {
			t.Errorf("%s: the loss of step %d is %v, on one worker %v", what, i+1, got[i], want[i])
		}
	}
}

// participant is one process of a run on two workers.
type participant struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error
}

// startMembers starts the chief and the worker of a run.
func startMembers(t *testing.T, dir string) (chief, worker *participant) {
	t.Helper()
	var addresses [2]string
	for i := range addresses {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		addresses[i] = l.Addr().String()
	}
	team := startTeam(t, addresses[:], func(int) *exec.Cmd {
		return workersRun(t, dir, "--until", "pretrain.*", "--var", "epochs=6", "--checkpoint-every", "50ms")
	})
	return team[0], team[1]
}

// startTeam starts the processes of a run, the chief first: start makes the command of
// each, which is told who it is.
func startTeam(t *testing.T, addresses []string, start func(i int) *exec.Cmd) []*participant {
	t.Helper()
	workers, err := json.Marshal(addresses[1:])
	if err != nil {
		t.Fatal(err)
	}
	team := make([]*participant, len(addresses))
	for i := range team {
		m := &participant{cmd: start(i), ended: make(chan error, 1)}
		task := `{"type": "chief", "index": 0}`
		if i > 0 {
			task = fmt.Sprintf(`{"type": "worker", "index": %d}`, i-1)
		}
		m.cmd.Env = append(m.cmd.Env, fmt.Sprintf(`TF_CONFIG={"cluster": {"chief": [%q], "worker": %s}, "task": %s}`, addresses[0], workers, task))
		m.cmd.Stderr = &m.stderr
		if err := m.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = m.cmd.Process.Kill() })
		go func() { m.ended <- m.cmd.Wait() }()
		team[i] = m
	}
	return team
}

// wait returns how a process ended.
func (m *participant) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-m.ended:
		return err
	case <-time.After(time.Minute):
		t.Fatalf("a process does not end; it said\n%s", &m.stderr)
		return nil
	}
}

// untilCheckpoint waits for the first checkpoint of a run that goes on.
func untilCheckpoint(t *testing.T, dir string, chief *participant) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		if found, _ := filepath.Glob(filepath.Join(dir, ".sslpipe", "work", "*", "checkpoints", "step-*")); len(found) > 0 {
			return
		}
		select {
		case err := <-chief.ended:
			t.Fatalf("the run ended (%v) before it wrote a checkpoint:\n%s", err, &chief.stderr)
		case <-deadline:
			t.Fatal("there is no checkpoint")
		case <-time.After(time.Millisecond):
		}
	}
}

// untilTraining waits until run number n in dir trains.
func untilTraining(t *testing.T, dir string, n int, chief *participant) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		runs, _ := filepath.Glob(filepath.Join(dir, ".sslpipe", "runs", "*", "events.jsonl"))
		trains := func(e event) bool { return strings.HasPrefix(e.Unit, "pretrain.") }
		if len(runs) == n && slices.ContainsFunc(events(t, dir), trains) {
			return
		}
		select {
		case err := <-chief.ended:
			t.Fatalf("the run ended (%v) before it trained:\n%s", err, &chief.stderr)
		case <-deadline:
			t.Fatal("the run does not train")
		case <-time.After(time.Millisecond):
		}
	}
}

// A worker that is killed ends the run by name, a chief that is killed ends its
// worker, and the same command goes on to the same bits.
func TestWorkersKilled(t *testing.T) {
	straight, killed := t.TempDir(), t.TempDir()
	run := workersRun(t, straight, "--until", "pretrain.*", "--var", "epochs=6", "--workers", "2")
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	chief, worker := startMembers(t, killed)
	untilCheckpoint(t, killed, chief)
	if err := worker.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := chief.wait(t); err == nil {
		t.Fatal("the run went on without its worker")
	}
	for _, want := range []string{"the worker at 127.0.0.1:", "is lost", "same command on all machines"} {
		if !strings.Contains(chief.stderr.String(), want) {
			t.Errorf("the chief said nothing of %q:\n%s", want, &chief.stderr)
		}
	}

	chief, worker = startMembers(t, killed)
	untilTraining(t, killed, 2, chief)
	if err := chief.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := worker.wait(t); err == nil || !strings.Contains(worker.stderr.String(), "the chief, is gone") {
		t.Errorf("without a chief the worker ended with %v:\n%s", err, &worker.stderr)
	}

	chief, worker = startMembers(t, killed)
	if err := chief.wait(t); err != nil {
		t.Fatalf("%v\n%s", err, &chief.stderr)
	}
	if err := worker.wait(t); err != nil {
		t.Errorf("the worker ended with %v:\n%s", err, &worker.stderr)
	}
	if diff := cmp.Diff(results(t, straight), results(t, killed)); diff != "" {
		t.Errorf("the run that was killed made other results:\n%s", diff)
	}
}
