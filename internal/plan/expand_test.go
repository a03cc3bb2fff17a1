package plan_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/plan"
)

func mustParse(t *testing.T, src string) *plan.Plan {
	t.Helper()
	p, diags := parse(t, src, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

func addresses(units []*plan.Unit) []string {
	var out []string
	for _, u := range units {
		out = append(out, u.Address)
	}
	return out
}

func unit(t *testing.T, p *plan.Plan, address string) *plan.Unit {
	t.Helper()
	i := slices.IndexFunc(p.Units, func(u *plan.Unit) bool { return u.Address == address })
	if i < 0 {
		t.Fatalf("no unit %s among %v", address, addresses(p.Units))
	}
	return p.Units[i]
}

const experiment = `pipeline {
  seeds = 4
}
evaluate "report" {
  data     = download.images.test
  baseline = finetune.scratch
  compare  = [finetune.ssl, pretrain.rot]
}
finetune "ssl" {
  data             = download.images.train
  labels_per_class = [10, 50]
  init             = pretrain.rot.encoder
}
finetune "scratch" {
  data = download.images.train
}
pretrain "rot" {
  views   = augment.views
  seeds   = 3
  threads = 2
  pretext "rotation" {}
}
` + head

func TestUnitsAreInAnOrderThatCanRun(t *testing.T) {
	p := mustParse(t, experiment)
	want := []string{
		"download.images",
		"finetune.scratch[labels=10,seed=0]", "finetune.scratch[labels=10,seed=1]",
		"finetune.scratch[labels=10,seed=2]", "finetune.scratch[labels=10,seed=3]",
		"augment.views",
		"pretrain.rot[seed=0]", "pretrain.rot[seed=1]", "pretrain.rot[seed=2]",
		"finetune.ssl[labels=10,seed=0]", "finetune.ssl[labels=10,seed=1]",
		"finetune.ssl[labels=10,seed=2]", "finetune.ssl[labels=10,seed=3]",
		"finetune.ssl[labels=50,seed=0]", "finetune.ssl[labels=50,seed=1]",
		"finetune.ssl[labels=50,seed=2]", "finetune.ssl[labels=50,seed=3]",
		"evaluate.report",
	}
	if got := addresses(p.Units); !slices.Equal(got, want) {
		t.Errorf("units are\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	done := map[*plan.Unit]bool{}
	for _, u := range p.Units {
		for path, inputs := range u.Inputs {
			for _, in := range inputs {
				if !done[in] {
					t.Errorf("%s comes before %s, its %s", u.Address, in.Address, path)
				}
			}
		}
		done[u] = true
	}
}

func TestInputsAgreeInCoordinates(t *testing.T) {
	p := mustParse(t, experiment)
	for _, test := range []struct{ unit, path, want string }{
		{"finetune.ssl[labels=50,seed=2]", "init", "pretrain.rot[seed=2]"},
		{"finetune.ssl[labels=50,seed=3]", "init", "pretrain.rot[seed=0]"}, // 3 of 3 pre-trainings
		{"finetune.ssl[labels=10,seed=0]", "data", "download.images"},
		{"evaluate.report", "baseline", "finetune.scratch[labels=10,seed=0] finetune.scratch[labels=10,seed=1] finetune.scratch[labels=10,seed=2] finetune.scratch[labels=10,seed=3]"},
	} {
		if got := strings.Join(addresses(unit(t, p, test.unit).Inputs[test.path]), " "); got != test.want {
			t.Errorf("%s of %s is %s, not %s", test.path, test.unit, got, test.want)
		}
	}
	report := unit(t, p, "evaluate.report")
	if n := len(report.Inputs["compare"]); n != 8+3 {
		t.Errorf("compare has %d units", n)
	}
	wantOutputs := append(slices.Repeat([]string{"classifier"}, 8), "encoder", "encoder", "encoder")
	if got := report.InputOutputs["compare"]; !slices.Equal(got, wantOutputs) {
		t.Errorf("outputs of compare are %v", got)
	}
	if _, ok := unit(t, p, "finetune.scratch[labels=10,seed=0]").Inputs["init"]; ok {
		t.Error("an absent reference has inputs")
	}
}

func TestThreadsComeFromTheAttribute(t *testing.T) {
	p := mustParse(t, experiment)
	if n := unit(t, p, "pretrain.rot[seed=0]").Threads; n != 2 {
		t.Errorf("pretrain has %d threads", n)
	}
	if n := unit(t, p, "augment.views").Threads; n != 1 {
		t.Errorf("augment has %d threads", n)
	}
}

func TestNoMatchingUnit(t *testing.T) {
	kinds := fakeKinds(1, 1)
	for i := range kinds {
		if kinds[i].Name == "pretrain" { // as if it were made per label budget
			kinds[i].Expand = func(any, plan.Pipeline) []plan.Coord { return []plan.Coord{{"labels": 50}, {"labels": 100}} }
		}
	}
	_, diags := plan.Parse([]byte(experiment), "x.hcl", kinds, plan.Options{})
	want := "x.hcl:12,22-42: No matching unit; finetune.ssl[labels=10,seed=0] needs a unit of pretrain.rot.encoder with the same labels, and there is none. It has: labels=100; labels=50."
	if len(diags) != 1 || diags[0].Error() != want {
		t.Errorf("got %v, want %s", diags, want)
	}
}

func TestPipeline(t *testing.T) {
	p, diags := plan.Parse([]byte(`pipeline {
  description = "Does ${upper("it")} help?"
}
`+head), "folder/rotation.hcl", fakeKinds(1, 1), plan.Options{})
	want := plan.Pipeline{Name: "rotation", Description: "Does IT help?", Seeds: 6, Path: "folder/rotation.hcl", Paths: []string{"folder/rotation.hcl"},
		Cluster: plan.Cluster{Parallel: plan.ParallelBatch, Lease: 30 * time.Second}}
	if diags != nil || !reflect.DeepEqual(p.Pipeline, want) {
		t.Errorf("pipeline is %+v, %v", p.Pipeline, diags)
	}
}

func TestStageByAddress(t *testing.T) {
	p := mustParse(t, head)
	s, ok := p.Stage("augment.views")
	if !ok || s.Kind.Name != "augment" || len(s.Upstream) != 1 || s.Upstream[0].Address != "download.images" {
		t.Errorf("got %+v, %v", s, ok)
	}
	if _, ok := p.Stage("augment.none"); ok {
		t.Error("found a stage that is not there")
	}
}

func TestMemoryFollowsFromWhatIsKnownOfInputs(t *testing.T) {
	kinds := fakeKinds(1, 1)
	for i := range kinds {
		if kinds[i].Name == "pretrain" {
			kinds[i].MemoryBy = "epochs"
			kinds[i].Memory = func(cfg any, in plan.Inputs) int64 { return int64(in.One("views").Shape[0]) << 20 }
		}
	}
	p, diags := plan.Parse([]byte(experiment), "x.hcl", kinds, plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, u := range p.Units {
		want := int64(0)
		if u.Stage.Kind.Name == "pretrain" {
			want = 28 << 20
		}
		if u.Memory != want {
			t.Errorf("%s needs %d bytes, want %d", u.Address, u.Memory, want)
		}
	}
}
