package report

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ran is a run of the same results at some time, on some machine.
func ran(name, path string, seconds float64) *Report {
	r := made(name, []string{"a", "b"}, map[string]results{"a": {0: 5, 1: 6}, "b": {0: 7, 1: 8}})
	r.Evaluations[0].Arms[0].Text, r.Evaluations[0].Arms[1].Text = "a", "b"
	r.Started = time.Unix(int64(1e9*seconds), 0)
	r.Pipeline = Pipeline{Name: "toy", Path: path}
	r.Commands = []string{"./sslpipe run " + path + " --var p=" + "x" + " --device cpu"}
	r.Environment = Environment{Program: name, Runtime: "TF on cpu", Processor: name, Cores: int(seconds), MemoryGiB: seconds, System: name, GoVersion: name}
	r.Pretrainings = []Pretraining{{Unit: "pretrain.p[seed=0]", Seconds: seconds, Epochs: []Epoch{{Epoch: 1, Values: map[string]float64{"loss": 0.5}}}}}
	r.Evaluations[0].Arms[1].Cost = Cost{PretrainImages: 5, PretrainSeconds: seconds, Images: 6, Seconds: seconds}
	merged := mustCompareAlone(r)
	merged.Seconds = map[string]float64{"b": seconds}
	r.Evaluations[0].Sets[0].Comparisons = append(r.Evaluations[0].Sets[0].Comparisons, merged)
	return r
}

func asJSON(t *testing.T, r *Report) string {
	t.Helper()
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func plainQuote(text string) string { return text }

func TestTimelessReportsOfEqualResultsAreEqual(t *testing.T) {
	a, b := ran("first", "/home/a/toy.hcl", 1), ran("second", "toy.hcl", 2)
	before := asJSON(t, a)
	one, two := asJSON(t, a.Timeless("toy.hcl", plainQuote)), asJSON(t, b.Timeless("toy.hcl", plainQuote))
	if diff := cmp.Diff(one, two); diff != "" {
		t.Errorf("timeless reports (-first +second):\n%s", diff)
	}
	if asJSON(t, a) != before {
		t.Error("the report itself has changed")
	}
	for _, gone := range []string{"first", "/home"} {
		if strings.Contains(one, gone) {
			t.Errorf("%s is in %s", gone, one)
		}
	}
	for _, stays := range []string{"TF on cpu", `"pretrain_images": 5`, `"loss": 0.5`, "./sslpipe run toy.hcl --var p=x --device cpu", `"mean"`} {
		if !strings.Contains(one, stays) {
			t.Errorf("%s is not in %s", stays, one)
		}
	}
}

func TestOtherResultsAreNotEqual(t *testing.T) {
	a, b := ran("first", "toy.hcl", 1), ran("first", "toy.hcl", 1)
	b.Evaluations[0].Sets[0].Runs[0].Right = "1111111111"
	if asJSON(t, a.Timeless("toy.hcl", plainQuote)) == asJSON(t, b.Timeless("toy.hcl", plainQuote)) {
		t.Error("another result gives the same report")
	}
}
