package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// program runs sslpipe in a process of its own.
func program(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1", depsVariable+"="+deps(t))
	return cmd
}

// killRun is a run that is long enough to be killed in the middle of a unit.
func killRun(t *testing.T, dir string) *exec.Cmd {
	tiny := filepath.Join(repository(t), "cmd", "sslpipe", "testdata", "tiny.hcl")
	return program(t, dir, "run", tiny, "--var", "epochs=4", "--var", "steps=60", "--jobs", "1", "--checkpoint-every", "50ms")
}

// event is what this test reads of a line of events.jsonl.
type event struct {
	Type     string
	Unit     string
	Progress *struct{ Step int }
}

func events(t *testing.T, dir string) []event {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".sslpipe", "runs", "*", "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		return nil
	}
	text, err := os.ReadFile(files[len(files)-1])
	if err != nil {
		t.Fatal(err)
	}
	var all []event
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) == nil { // the last line may be half-written
			all = append(all, e)
		}
	}
	return all
}

// running is a run in a process of its own.
type running struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	ended  chan error
}

// startUntil starts a run and returns once the unit whose address starts with
// prefix has passed a step.
func startUntil(t *testing.T, dir, prefix string, step int) *running {
	t.Helper()
	r := &running{cmd: killRun(t, dir), ended: make(chan error, 1)}
	r.cmd.Stderr = &r.stderr
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.cmd.Wait() }()
	deadline := time.After(2 * time.Minute)
	for {
		for _, e := range events(t, dir) {
			if strings.HasPrefix(e.Unit, prefix) && e.Progress != nil && e.Progress.Step >= step {
				return r
			}
		}
		select {
		case err := <-r.ended:
			t.Fatalf("the run ended (%v) before %s passed step %d:\n%s", err, prefix, step, &r.stderr)
		case <-deadline:
			_ = r.cmd.Process.Kill()
			t.Fatalf("%s did not pass step %d in time", prefix, step)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// signal sends a signal and waits for the end, which must not be a success.
func (r *running) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	if err := <-r.ended; err == nil {
		t.Fatal("the run ended by itself")
	}
}

// results maps each fingerprint in the store to the digest of its result.
func results(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, ".sslpipe", "cache", "actions", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sealed struct {
			Entry struct{ Fingerprint, Tree string }
		}
		if err := json.Unmarshal(text, &sealed); err != nil {
			t.Fatal(err)
		}
		digests[sealed.Entry.Fingerprint] = sealed.Entry.Tree
	}
	if len(digests) != len(files) || digests[""] != "" {
		t.Fatalf("%d entries hold %d results", len(files), len(digests))
	}
	return digests
}

func finish(t *testing.T, dir string) string {
	t.Helper()
	cmd := killRun(t, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v:\n%s", err, &stderr)
	}
	return string(out)
}

// A run that is killed in the middle of pre-training, and again in the middle of
// fine-tuning, continues inside the stage and ends with the same bits as a run
// that was left alone.
func TestKilledRunEndsWithTheSameBits(t *testing.T) {
	whole, broken := t.TempDir(), t.TempDir()
	table := finish(t, whole)

	startUntil(t, broken, "pretrain.tiny[seed=0]", 10).signal(t, os.Kill)
	startUntil(t, broken, "finetune.scratch", 20).signal(t, os.Kill)
	for _, e := range events(t, broken) {
		if strings.HasPrefix(e.Unit, "pretrain.tiny[seed=0]") && e.Progress != nil {
			if e.Progress.Step < 2 {
				t.Errorf("pre-training went on at step %d: it started again", e.Progress.Step)
			}
			break
		}
	}
	if got := finish(t, broken); got != table {
		t.Errorf("the tables differ:\n%s", cmp.Diff(table, got))
	}
	if diff := cmp.Diff(results(t, whole), results(t, broken)); diff != "" {
		t.Errorf("results differ (-left alone +killed twice):\n%s", diff)
	}
	checkInPython(t, filepath.Join(whole, "savedmodels", "tiny", "finetune.ssl.5", "1"))
	left, err := filepath.Glob(filepath.Join(broken, ".sslpipe", "work", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind in the work folder: %v (%v)", left, err)
	}
}

// An interrupt ends the run within a step, tells how to go on, and exits with
// the code for it.
func TestInterruptedRunTellsHowToContinue(t *testing.T) {
	r := startUntil(t, t.TempDir(), "pretrain", 1)
	r.signal(t, os.Interrupt)
	if code := r.cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if text := r.stderr.String(); !strings.Contains(text, "the same command continues where this run stopped") {
		t.Errorf("no word on how to continue:\n%s", text)
	}
}
