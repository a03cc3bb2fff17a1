package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sslpipe/internal/cluster"
	"sslpipe/internal/lease"
	"sslpipe/internal/plan"
	"sslpipe/internal/remote/remotetest"
	"sslpipe/internal/stages"
)

// teamOf is a cluster of two as one of them sees it.
func teamOf(self int) *cluster.Cluster {
	return &cluster.Cluster{Self: self, Members: []cluster.Member{
		{Type: "worker", Index: 0, Address: "a.invalid:1"}, {Type: "worker", Index: 1, Address: "b.invalid:1"}}}
}

// A worker of another kind than a chief that lives learns what differs; a chief that has
// died, or is of the same kind, is nothing to it.
func TestWorkersAgree(t *testing.T) {
	one := cluster.Identity{Program: "v1", Runtime: "tensorflow/cpu/amd64-amd-avx2"}
	other := cluster.Identity{Program: "v1", Runtime: "tensorflow/cpu/amd64-intel-avx512"}
	for name, test := range map[string]struct {
		chief cluster.Identity
		dies  bool
		want  string
	}{
		"same kind":    {chief: one},
		"another kind": {chief: other, want: "worker 1 (b.invalid:1) has another runtime: tensorflow/cpu/amd64-amd-avx2, and the chief tensorflow/cpu/amd64-intel-avx512"},
		"dead":         {chief: other, dies: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := remotetest.Folder(t, t.TempDir())
			synctest.Test(t, func(t *testing.T) {
				chief := agreeIn(b, teamOf(0), &plan.Plan{}, test.chief, 30*time.Second)
				worker := agreeIn(b, teamOf(1), &plan.Plan{}, one, 30*time.Second)
				if test.dies { // what it left
					text := `{"who": "worker 0 (a.invalid:1)", "token": "x", "period_seconds": 3600, "says": "{}"}`
					if err := b.Put(context.Background(), "leases/"+chief.name+"/1.json", strings.NewReader(text)); err != nil {
						t.Fatal(err)
					}
				} else {
					chief.watch(context.Background(), func(err error) { t.Error(err) })
				}
				synctest.Wait()
				told := ""
				worker.watch(context.Background(), func(err error) { told = err.Error() })
				time.Sleep(time.Minute)
				chief.end()
				worker.end()
				worker.watch(context.Background(), func(error) { t.Error("it compares after its end") })
				if told != test.want && !strings.HasSuffix(told, "\n  "+test.want) {
					t.Errorf("told %q", told)
				}
				if s, err := worker.leases.Look(context.Background(), chief.name); err != nil || s.Free == test.dies {
					t.Errorf("the lease of the chief is left: %+v, %v", s, err)
				}
			})
		})
	}
}

// heldUnits is a pipeline with one unit, a store, and the unit's plan. Somebody else holds
// the unit, so whoever runs the pipeline waits.
func heldUnits(t *testing.T) (*unitsLab, *plan.Plan) {
	t.Helper()
	l := &unitsLab{pipeline: filepath.Join(t.TempDir(), "units.hcl"), shared: t.TempDir()}
	text := "cluster {\n  parallel = \"units\"\n  lease = 1\n}\ndownload \"images\" {\n  source = \"fashion-mnist-mini\"\n}\n"
	if err := os.WriteFile(l.pipeline, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Load([]string{l.pipeline}, stages.Kinds, plan.Options{Runtime: runtimeIdentity("cpu")})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	others := lease.New(remotetest.Folder(t, l.shared), lease.Terms{Who: "somebody", Period: lease.MaxPeriod})
	held, _, err := others.Take(context.Background(), p.Units[0].Fingerprint)
	if err != nil || held == nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { held.Release("") })
	return l, p
}

// A process of another kind than the chief ends with what differs.
func TestAnotherKindOfWorkerIsRefused(t *testing.T) {
	l, p := heldUnits(t)
	chief := agreeIn(remotetest.Folder(t, l.shared), teamOf(0), p, cluster.Identity{Program: "another", Runtime: runtimeIdentity("cpu")}, lease.MinPeriod)
	chief.watch(context.Background(), func(err error) { t.Error(err) })
	defer chief.end()
	worker := l.start(t, t.TempDir(), 1)
	if err := worker.wait(t); err == nil || worker.cmd.ProcessState.ExitCode() != exitFailed {
		t.Errorf("it ended with %v", err)
	}
	if want := "worker 1 (b.invalid:1) has another program: " + buildID() + ", and the chief another"; !strings.Contains(worker.stderr.String(), want) {
		t.Errorf("it said nothing of %q:\n%s", want, &worker.stderr)
	}
}

// An interrupt ends the processes of a run on one machine, each in its own time.
func TestInterruptReachesAllProcesses(t *testing.T) {
	l, _ := heldUnits(t)
	dir := t.TempDir()
	w := &participant{cmd: program(t, dir, "run", l.pipeline, "--workers", "3", "--store", "file://"+l.shared), ended: make(chan error, 1)}
	w.cmd.Stderr = &w.stderr
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { w.ended <- w.cmd.Wait() }()
	until := func(text string) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
			n := 0
			runs, _ := filepath.Glob(filepath.Join(dir, ".sslpipe", "runs", "*", "events.jsonl"))
			for _, file := range runs {
				if events, err := os.ReadFile(file); err == nil && strings.Contains(string(events), text) {
					n++
				}
			}
			if n == 3 {
				return
			}
			if time.Now().After(deadline) {
				_ = w.cmd.Process.Kill()
				t.Fatalf("%d of 3 runs say %s", n, text)
			}
		}
	}
	until(`"type":"unit_elsewhere"`)
	if err := w.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := w.wait(t); err == nil || w.cmd.ProcessState.ExitCode() != exitInterrupted {
		t.Errorf("it ended with %v:\n%s", err, &w.stderr)
	}
	until(`"error":"interrupted: 0 of 1 units are done, 1 remain"`)
}
