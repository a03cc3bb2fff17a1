package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/plan"
)

var planNow = time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)

// planBuilder makes a plan with statuses, stage by stage.
type planBuilder struct {
	plan     *plan.Plan
	statuses []plan.UnitStatus
}

func newPlanBuilder() *planBuilder {
	return &planBuilder{plan: &plan.Plan{Pipeline: plan.Pipeline{
		Name: "rotation", Description: "Does predicting rotations help when labels are few?", Path: "pipelines/rotation.hcl"}}}
}

// stage adds a stage with a unit for each coordinate; decide gives its status.
func (b *planBuilder) stage(address string, coords []plan.Coord, decide func(c plan.Coord) plan.UnitStatus) []*plan.Unit {
	s := &plan.Stage{Address: address}
	b.plan.Stages = append(b.plan.Stages, s)
	for _, c := range coords {
		u := &plan.Unit{Address: address, Stage: s, Coord: c, Threads: 1}
		if c != nil {
			u.Address += "[" + c.String() + "]"
		}
		u.Fingerprint = "print-of-" + u.Address
		s.Units = append(s.Units, u)
		b.plan.Units = append(b.plan.Units, u)
		status := decide(c)
		status.Unit = u
		b.statuses = append(b.statuses, status)
	}
	return s.Units
}

func always(s plan.Status, seconds float64, reasons ...plan.Reason) func(plan.Coord) plan.UnitStatus {
	return func(plan.Coord) plan.UnitStatus {
		return plan.UnitStatus{Status: s, Reasons: reasons, Seconds: seconds, Recorded: seconds > 0}
	}
}

func config(path, old, now string, cause *plan.Unit) plan.Reason {
	return plan.Reason{Kind: plan.ReasonConfig, Path: path, Old: json.RawMessage(old), New: json.RawMessage(now), Cause: cause}
}

func seedCoords(n int) []plan.Coord {
	coords := make([]plan.Coord, n)
	for s := range coords {
		coords[s] = plan.Coord{"seed": s}
	}
	return coords
}

// examplePlan has every status.
func examplePlan() *planBuilder {
	b := newPlanBuilder()
	b.stage("download.images", []plan.Coord{nil}, always(plan.StatusCached, 0))
	pretrain := b.stage("pretrain.rotation", seedCoords(3), func(c plan.Coord) plan.UnitStatus {
		reasons := []plan.Reason{config("epochs", "4", "5", nil), config("optimizer.learning_rate", "0.01", "0.005", nil)}
		if c["seed"] == 1 {
			at := plan.Reason{Kind: plan.ReasonCheckpoint, Time: planNow.Add(-3 * time.Minute)}
			return plan.UnitStatus{Status: plan.StatusResume, Reasons: append([]plan.Reason{at}, reasons...), Seconds: 31.26, Recorded: true}
		}
		return plan.UnitStatus{Status: plan.StatusRun, Reasons: reasons, Seconds: 100, Recorded: true}
	})
	var budgets []plan.Coord
	for _, labels := range []int{5, 20} {
		for seed := range 6 {
			budgets = append(budgets, plan.Coord{"labels": labels, "seed": seed})
		}
	}
	b.stage("finetune.scratch", budgets, func(c plan.Coord) plan.UnitStatus {
		if c["labels"] == 5 && c["seed"] < 2 {
			return plan.UnitStatus{Status: plan.StatusRestore, Reasons: []plan.Reason{{Kind: plan.ReasonUnpublished}}}
		}
		return plan.UnitStatus{Status: plan.StatusCached}
	})
	b.stage("finetune.ssl_full", budgets, func(c plan.Coord) plan.UnitStatus {
		cause := pretrain[c["seed"]%3]
		return plan.UnitStatus{Status: plan.StatusMaybe, Seconds: 12.5, Recorded: c["seed"] > 0,
			Reasons: []plan.Reason{config("epochs", "4", "5", cause), config("optimizer.learning_rate", "0.01", "0.005", cause)}}
	})
	b.stage("finetune.pixels", seedCoords(6), func(c plan.Coord) plan.UnitStatus {
		reason := plan.Reason{Kind: plan.ReasonFailed, Detail: fmt.Sprintf("seed %d is not the one", c["seed"])}
		return plan.UnitStatus{Status: plan.StatusRun, Reasons: []plan.Reason{reason}}
	})
	b.stage("module.probe.finetune.ssl_linear[0.35]", seedCoords(2), always(plan.StatusForced, 0.4, plan.Reason{Kind: plan.ReasonForced}))
	left := b.stage("pretrain.jigsaw", seedCoords(1), always(plan.StatusLeftOut, 0, plan.Reason{Kind: plan.ReasonLeftOut}, config("epochs", "4", "5", nil)))
	b.stage("evaluate.report", []plan.Coord{nil}, always(plan.StatusBlocked, 0, plan.Reason{Kind: plan.ReasonBlocked, Cause: left[0]}))
	return b
}

func (b *planBuilder) text(t *testing.T, e plan.Estimate, o PlanOptions, s Style) string {
	t.Helper()
	o.Now = planNow
	return render(t, func(w io.Writer) error { return Plan(w, b.plan, b.statuses, e, o, s) })
}

var exampleEstimate = plan.Estimate{Seconds: 723.456, Least: 240, Unrecorded: 8, Cores: 2}

func TestPlan(t *testing.T) {
	b := examplePlan()
	text := b.text(t, exampleEstimate, PlanOptions{}, Style{})
	noANSI(t, text)
	fits(t, text, 80)
	golden(t, "plan.txt", text)
	text = b.text(t, exampleEstimate, PlanOptions{Units: true}, Style{})
	fits(t, text, 80)
	golden(t, "plan_units.txt", text)
	if got := b.text(t, exampleEstimate, PlanOptions{}, Style{Color: true}); !strings.Contains(got, "\x1b[1mmaybe\x1b[0m") {
		t.Errorf("what runs is not bold:\n%s", got)
	}
}

func TestPlanJSON(t *testing.T) {
	b := examplePlan()
	text := render(t, func(w io.Writer) error { return PlanJSON(w, b.plan, b.statuses, exampleEstimate) })
	golden(t, "plan.json", text)
}

func TestPlanTotals(t *testing.T) {
	one := func(s plan.Status, seconds float64) []plan.UnitStatus {
		b := newPlanBuilder()
		b.stage("pretrain.a", []plan.Coord{nil}, always(s, seconds))
		return b.statuses
	}
	for _, c := range []struct {
		statuses []plan.UnitStatus
		estimate plan.Estimate
		want     string
	}{
		{nil, plan.Estimate{}, "0 units"},
		{one(plan.StatusCached, 0), plan.Estimate{}, "1 unit: 1 cached"},
		{one(plan.StatusLeftOut, 0), plan.Estimate{}, "1 unit: 1 left out"},
		{one(plan.StatusRun, 0), plan.Estimate{Unrecorded: 1}, "1 unit: 1 run; the time is unknown, since nothing like this ran before"},
		{one(plan.StatusRun, 0.2), plan.Estimate{Seconds: 0.2, Least: 0.2}, "1 unit: 1 run; about 1 s"},
		{one(plan.StatusRun, 90), plan.Estimate{Seconds: 90, Least: 90}, "1 unit: 1 run; about 90 s"},
		{one(plan.StatusMaybe, 720), plan.Estimate{Seconds: 720}, "1 unit: 1 maybe; about 12 min (none if no maybe runs)"},
		{one(plan.StatusRun, 7530), plan.Estimate{Seconds: 7530, Least: 7530}, "1 unit: 1 run; about 2 h 6 min"},
		{one(plan.StatusRun, 1e6), plan.Estimate{Seconds: 1e6, Least: 1e6}, "1 unit: 1 run; about 12 days"},
	} {
		if got := planTotals(c.statuses, countStatuses(c.statuses), c.estimate); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
