package run

import (
	"context"
	"errors"
	"testing"

	"sslpipe/internal/plan"
)

// fails makes a unit fail while broken is true.
func fails(broken *bool, text string) work {
	return func(context.Context, *plan.Env) error {
		if *broken {
			return errors.New(text)
		}
		return nil
	}
}

func TestKeepGoingRunsWhatDoesNotDependOnAFailure(t *testing.T) {
	l := newLab(t)
	broken := true
	data := l.add("download.images", "data", nil)
	a := l.add("pretrain.a", "a", fails(&broken, "loss is NaN"), data)
	b := l.add("pretrain.b", "b", nil, data)
	c := l.add("pretrain.c", "c", fails(&broken, "no disk"), data)
	fa := l.add("finetune.a", "fa", nil, a)
	fb := l.add("finetune.b", "fb", nil, b)
	report := l.add("evaluate.report", "report", nil, fa, fb, c)
	o := l.options()
	o.KeepGoing = true
	r, log, err := l.runWith(context.Background(), o)
	equal(t, log, data.Address, a.Address, b.Address, c.Address, fb.Address)
	want := "pretrain.a: loss is NaN\n  it blocks finetune.a, evaluate.report\npretrain.c: no disk\n  it blocks evaluate.report"
	var failed *FailedError
	if !errors.As(err, &failed) || err.Error() != want || errors.Is(err, ErrInterrupted) {
		t.Errorf("error %v, want %s", err, want)
	}
	if r.Executed != 3 || l.types(fa) != "unit_blocked" || l.types(report) != "unit_blocked" {
		t.Errorf("result %+v, events %s, %s", r, l.types(fa), l.types(report))
	}
	broken = false
	_, log, err = l.runWith(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, log, a.Address, c.Address, fa.Address, report.Address)
	mustBeClean(t, l.root)
}

func TestKeepGoingIsInterrupted(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(context.Background())
	broken := true
	a := l.add("pretrain.a", "a", fails(&broken, "loss is NaN"))
	b := l.add("pretrain.b", "b", func(ctx context.Context, _ *plan.Env) error { cancel(); return ctx.Err() })
	l.add("evaluate.report", "report", nil, a, b)
	o := l.options()
	o.KeepGoing = true
	_, _, err := l.runWith(ctx, o)
	if !errors.Is(err, ErrInterrupted) || err.Error() != "interrupted: 0 of 3 units are done, 3 remain\npretrain.a: loss is NaN" {
		t.Errorf("error %v", err)
	}
}
