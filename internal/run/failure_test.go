package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
)

// steps counts to n in a file of its private folder, and calls at after each.
func steps(n int, at func(step int) error) work {
	return func(_ context.Context, env *plan.Env) error {
		path := filepath.Join(env.Dir, "checkpoint")
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		for done := len(text); done < n; done++ {
			text = append(text, '.')
			if err := os.WriteFile(path, text, 0o666); err != nil {
				return err
			}
			if err := at(done + 1); err != nil {
				return err
			}
		}
		return os.WriteFile(filepath.Join(env.Dir, "out", "steps"), text, 0o666)
	}
}

func TestInterruptedUnitResumesInItsFolder(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(context.Background())
	var seen []int
	interrupt := true
	data := l.add("download.images", "data", nil)
	u := l.add("pretrain.a", "a", nil, data)
	train := steps(5, func(step int) error {
		seen = append(seen, step)
		if step == 3 && interrupt {
			cancel()
			return fmt.Errorf("step %d: %w", step, ctx.Err())
		}
		return nil
	})
	base := u.Stage.Kind.Run
	u.Stage.Kind.Run = func(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
		if entries, err := os.ReadDir(filepath.Join(env.Dir, "out")); err != nil || len(entries) != 0 {
			t.Errorf("out holds %v, %v at the start", entries, err)
		}
		half := filepath.Join(env.Dir, "out", "half")
		if err := errors.Join(os.WriteFile(half, nil, 0o666), train(ctx, env), os.Remove(half)); err != nil {
			return nil, err
		}
		return base(ctx, env, cfg)
	}
	l.add("evaluate.report", "report", nil, u)

	r, _, err := l.runWith(ctx, l.options())
	if err == nil || err.Error() != "interrupted: 1 of 3 units are done, 2 remain" {
		t.Fatalf("error %v", err)
	}
	var interrupted *InterruptedError
	if !errors.Is(err, ErrInterrupted) || !errors.Is(err, context.Canceled) || !errors.As(err, &interrupted) || interrupted.Remaining != 2 {
		t.Errorf("error %#v", err)
	}
	if r.Executed != 1 || r.Entries[data.Address] == nil || r.Entries[u.Address] != nil {
		t.Errorf("result %+v", r)
	}
	if got := l.types(u); got != "unit_started unit_interrupted" {
		t.Errorf("events %s", got)
	}
	interrupt = false
	r, _ = l.mustRun()
	if got := l.types(u); got != "unit_resumed unit_finished" {
		t.Errorf("events %s", got)
	}
	if fmt.Sprint(seen) != "[1 2 3 4 5]" {
		t.Errorf("steps %v", seen)
	}
	if r.Executed != 2 || r.Cached != 1 {
		t.Errorf("result %+v", r)
	}
	mustBeClean(t, l.root)
}

func TestContextThatHasEndedStartsNothing(t *testing.T) {
	l := newLab(t)
	chain(l, "rotation")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, log, err := l.runWith(ctx, l.options())
	if !errors.Is(err, ErrInterrupted) || err.Error() != "interrupted: 0 of 4 units are done, 4 remain" {
		t.Errorf("error %v", err)
	}
	equal(t, log)
}

func TestFailureLeavesNoHalfResultAndStopsTheOthers(t *testing.T) {
	l := newLab(t)
	loss := errors.New("loss is NaN at step 3")
	broken := true
	began := make(chan struct{})
	data := l.add("download.images", "data", nil)
	other := l.add("pretrain.other", "other", func(ctx context.Context, env *plan.Env) error {
		if !broken {
			return nil
		}
		close(began)
		<-ctx.Done()
		return errors.Join(os.WriteFile(filepath.Join(env.Dir, "checkpoint"), []byte("x"), 0o666), context.Cause(ctx))
	}, data)
	u := l.add("finetune.ssl[labels=10,seed=3]", "u", func(_ context.Context, env *plan.Env) error {
		if !broken {
			return nil
		}
		<-began
		return errors.Join(
			os.WriteFile(filepath.Join(env.Dir, "out", "half"), []byte("x"), 0o666),
			os.WriteFile(filepath.Join(env.Dir, "checkpoint"), []byte("x"), 0o666),
			fmt.Errorf("train: %w", loss))
	}, data)
	l.add("finetune.never", "never", nil, data)
	report := l.add("evaluate.report", "report", nil, u)
	o := l.options()
	o.Cores = 2

	r, log, err := l.runWith(context.Background(), o)
	if err == nil || err.Error() != "finetune.ssl[labels=10,seed=3]: train: loss is NaN at step 3" || !errors.Is(err, loss) || errors.Is(err, ErrInterrupted) {
		t.Fatalf("error %v", err)
	}
	if len(log) != 3 || log[0] != data.Address {
		t.Errorf("ran %v", log)
	}
	if r.Executed != 1 || len(r.Entries) != 1 || r.Entries[data.Address] == nil {
		t.Errorf("result %+v", r)
	}
	if got := l.types(u) + ", " + l.types(other) + ", " + l.types(report); got != "unit_started unit_failed, unit_started unit_interrupted, " {
		t.Errorf("events %s", got)
	}
	for _, v := range []*plan.Unit{u, other} {
		if _, ok, err := l.store.Lookup(v.Fingerprint); ok || err != nil {
			t.Errorf("%s is stored: %v, %v", v.Address, ok, err)
		}
		if exists(filepath.Join(l.store.WorkDir(v.Fingerprint), "out")) {
			t.Errorf("out of %s stayed", v.Address)
		}
		if !exists(filepath.Join(l.store.WorkDir(v.Fingerprint), "checkpoint")) {
			t.Errorf("the checkpoint of %s is gone", v.Address)
		}
	}
	broken = false
	if _, _, err := l.runWith(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	mustBeClean(t, l.root)
}

func TestSeveralFailuresAreToldInPlanOrder(t *testing.T) {
	l := newLab(t)
	second := make(chan struct{})
	l.add("pretrain.a", "a", func(context.Context, *plan.Env) error { <-second; return errors.New("one") })
	l.add("pretrain.b", "b", func(context.Context, *plan.Env) error { defer close(second); return errors.New("two") })
	o := l.options()
	o.Cores = 2
	_, _, err := l.runWith(context.Background(), o)
	if err == nil || err.Error() != "pretrain.a: one\npretrain.b: two" {
		t.Errorf("error %v", err)
	}
}

func TestPanicIsAnErrorOfItsUnit(t *testing.T) {
	l := newLab(t)
	var empty []int
	l.add("finetune.ssl[labels=10,seed=3]", "u", func(context.Context, *plan.Env) error { _ = empty[2]; return nil })
	r, _, err := l.run()
	stack := filepath.Join(r.RunDir, "panic-finetune.ssl-labels=10-seed=3.txt")
	want := "finetune.ssl[labels=10,seed=3]: panic: runtime error: index out of range [2] with length 0 (stack in " + stack + ")"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if text, err := os.ReadFile(stack); err != nil || !strings.Contains(string(text), "failure_test.go") {
		t.Errorf("stack %s, %v", text, err)
	}
}

func TestOutputsMustBeAsDeclared(t *testing.T) {
	for name, c := range map[string]struct {
		outs map[string]artifact.Output
		want string
	}{
		"missing":    {nil, "there is no output out"},
		"wrong type": {map[string]artifact.Output{"out": {Type: artifact.TypeEncoder}}, "output out has type encoder, not metrics"},
		"unknown": {map[string]artifact.Output{"out": {Type: artifact.TypeMetrics}, "b": {}, "a": {}},
			"output a is not declared; output b is not declared"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			u := l.add("pretrain.a", "a", nil)
			u.Stage.Kind.Run = func(context.Context, *plan.Env, any) (map[string]artifact.Output, error) { return c.outs, nil }
			_, _, err := l.run()
			if want := "pretrain.a: outputs are not as declared: " + c.want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			if _, ok, err := l.store.Lookup(u.Fingerprint); ok || err != nil {
				t.Errorf("Lookup = %v, %v", ok, err)
			}
		})
	}
}

func TestLinkInOutFailsTheUnit(t *testing.T) {
	l := newLab(t)
	l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
		return os.Symlink("/etc/hostname", filepath.Join(env.Dir, "out", "link"))
	})
	_, _, err := l.run()
	if err == nil || err.Error() != "pretrain.a: store result: link is a symbolic link: results hold only files and folders" {
		t.Errorf("error %v", err)
	}
}
