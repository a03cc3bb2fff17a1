package plan_test

import (
	"errors"
	"testing"

	"sslpipe/internal/plan"
)

// key is a unit's content key, where every input contains what is made of it.
func key(t *testing.T, u *plan.Unit, content func(in *plan.Unit, output string) (string, error)) string {
	t.Helper()
	k, err := u.ContentKey(content)
	if err != nil || len(k) != 64 {
		t.Fatalf("%q, %v", k, err)
	}
	return k
}

func mustParseWith(t *testing.T, src string, pretrainVersion int) *plan.Plan {
	t.Helper()
	p, diags := plan.Parse([]byte(src), "x.hcl", fakeKinds(pretrainVersion, 1), plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

// byAddress stands for inputs whose content follows from their address alone.
func byAddress(in *plan.Unit, output string) (string, error) { return in.Address + output, nil }

func TestContentKeyForgetsHowInputsCameAbout(t *testing.T) {
	source := head + "pretrain \"rot\" {\n  views = augment.views\n  pretext \"rotation\" {}\n}\n"
	one, two := mustParseWith(t, source, 1), mustParseWith(t, source, 1)
	for _, u := range two.Units { // as if every unit upstream were of another version
		u.Fingerprint = "other" + u.Fingerprint
	}
	a, b := unit(t, one, "pretrain.rot[seed=0]"), unit(t, two, "pretrain.rot[seed=0]")
	if key(t, a, byAddress) != key(t, b, byAddress) {
		t.Error("the fingerprint of an input is in the key")
	}
	changed := func(in *plan.Unit, output string) (string, error) { return "changed", nil }
	if key(t, a, byAddress) == key(t, a, changed) {
		t.Error("the content of an input is not in the key")
	}
	if c := unit(t, one, "pretrain.rot[seed=1]"); key(t, a, byAddress) == key(t, c, byAddress) {
		t.Error("the unit's coordinates are not in the key")
	}
	if d := unit(t, mustParseWith(t, source, 2), "pretrain.rot[seed=0]"); key(t, a, byAddress) == key(t, d, byAddress) {
		t.Error("the version of the unit's kind is not in the key")
	}
	if _, err := a.ContentKey(func(*plan.Unit, string) (string, error) { return "", errors.New("gone") }); err == nil {
		t.Error("an input without content has a key")
	}
}

// TestContentKeySeesWhatEvaluateSees: the coordinates of inputs, their order, the
// outputs that are meant and where one stage ends and another begins.
func TestContentKeySeesWhatEvaluateSees(t *testing.T) {
	same := func(*plan.Unit, string) (string, error) { return "same", nil }
	base := func() *plan.Unit { return unit(t, mustParse(t, experiment), "evaluate.report") }
	want := key(t, base(), same)
	for name, change := range map[string]func(u *plan.Unit){
		"output":     func(u *plan.Unit) { u.InputOutputs["data"] = []string{"train"} },
		"coordinate": func(u *plan.Unit) { u.Inputs["compare"][0].Coord = plan.Coord{"labels": 11, "seed": 0} },
		"stage":      func(u *plan.Unit) { u.Inputs["compare"][1].Stage = &plan.Stage{} },
		"number":     func(u *plan.Unit) { u.Inputs["baseline"] = u.Inputs["baseline"][1:] },
	} {
		u := base()
		change(u)
		if key(t, u, same) == want {
			t.Errorf("%s is not in the key", name)
		}
	}
	if key(t, base(), same) != want {
		t.Error("the same unit has another key")
	}
}

// What another class of machine computes is never taken for this one's, whatever it was
// computed from.
func TestContentKeyKnowsTheRuntime(t *testing.T) {
	source := head + "pretrain \"rot\" {\n  views = augment.views\n  pretext \"rotation\" {}\n}\n"
	keys := map[string]bool{}
	for _, runtime := range []string{"tensorflow-2.18.0/cpu/amd64-amd-avx2", "tensorflow-2.18.0/cpu/amd64-intel-avx512"} {
		p, diags := plan.Parse([]byte(source), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: runtime})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		key, err := p.Units[len(p.Units)-1].ContentKey(byAddress)
		if err != nil {
			t.Fatal(err)
		}
		keys[key] = true
	}
	if len(keys) != 2 {
		t.Error("two classes of machine have the same key")
	}
}
