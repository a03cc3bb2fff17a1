package verify

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lockfile"
)

func made(tree string, scores map[string]float64) *artifact.Entry {
	return &artifact.Entry{Tree: tree, Outputs: map[string]artifact.EntryOutput{"out": {Scores: scores}}}
}

func scored(accuracy float64) map[string]float64 { return map[string]float64{"accuracy": accuracy} }

// Three seeds with 0.5, 0.6 and 0.7: sd 0.1, t(0.995, 2) = 9.924843, so that two
// seeds are up to 1.40358 apart.
var recorded = &lockfile.File{Units: []lockfile.Unit{
	{Address: "download.images", Result: "d"},
	{Address: "evaluate.report", Result: "e", Scores: map[string]float64{
		"arm 0, seed 0": 0.5, "arm 0, seed 1": 0.5, "arm 1, seed 0": 0.5, "arm 1, seed 1": 0.75,
	}},
	{Address: "finetune.ssl[labels=10,seed=0]", Result: "a", Scores: scored(0.5)},
	{Address: "finetune.ssl[labels=10,seed=1]", Result: "b", Scores: scored(0.6)},
	{Address: "finetune.ssl[labels=10,seed=2]", Result: "c", Scores: scored(0.7)},
	{Address: "finetune.ssl[labels=20,seed=0]", Result: "f", Scores: scored(0.9)},
	{Address: "pretrain.new[seed=0]"},
}}

func TestCompare(t *testing.T) {
	const tolerance = 9.924843200918287 * 0.1 * math.Sqrt2
	evaluated := func(a, b float64) *artifact.Entry {
		return made("x", map[string]float64{"arm 0, seed 0": 0.5, "arm 0, seed 1": a, "arm 1, seed 0": 0.5, "arm 1, seed 1": b})
	}
	for name, c := range map[string]struct {
		unit  string
		rerun Rerun
		want  Outcome
	}{
		"equal bits": {"download.images", Rerun{Made: made("d", nil)}, Outcome{Verdict: Equal, Locked: "d", Made: "d"}},
		"other bits, and no score to go by": {"download.images", Rerun{Made: made("x", nil)},
			Outcome{Verdict: Different, Locked: "d", Made: "x"}},
		"within": {"finetune.ssl[labels=10,seed=0]", Rerun{Made: made("x", scored(1)), Step: 17},
			Outcome{Verdict: Within, Locked: "a", Made: "x", Step: 17, Scores: []Score{{"accuracy", 0.5, 1, tolerance}}}},
		"beyond": {"finetune.ssl[labels=10,seed=0]", Rerun{Made: made("x", scored(2)), Step: 1},
			Outcome{Verdict: Different, Locked: "a", Made: "x", Step: 1, Scores: []Score{{"accuracy", 0.5, 2, tolerance}}}},
		"other bits, same score": {"finetune.ssl[labels=10,seed=1]", Rerun{Made: made("x", scored(0.6))},
			Outcome{Verdict: Within, Locked: "b", Made: "x"}},
		"one seed tells no spread": {"finetune.ssl[labels=20,seed=0]", Rerun{Made: made("x", scored(0.9001))},
			Outcome{Verdict: Different, Locked: "f", Made: "x", Scores: []Score{{"accuracy", 0.9, 0.9001, math.NaN()}}}},
		"no score": {"finetune.ssl[labels=10,seed=0]", Rerun{Made: made("x", nil)},
			Outcome{Verdict: Different, Locked: "a", Made: "x", Scores: []Score{{"accuracy", 0.5, math.NaN(), tolerance}}}},
		"not finite": {"finetune.ssl[labels=10,seed=0]", Rerun{Made: made("x", scored(math.NaN()))},
			Outcome{Verdict: Different, Locked: "a", Made: "x", Scores: []Score{{"accuracy", 0.5, math.NaN(), tolerance}}}},
		"not made": {"finetune.ssl[labels=10,seed=0]", Rerun{}, Outcome{Verdict: Missing, Locked: "a"}},
		"seeds in the names": {"evaluate.report", Rerun{Made: evaluated(0.5, 1)},
			Outcome{Verdict: Within, Locked: "e", Made: "x", Scores: []Score{{"arm 1, seed 1", 0.75, 1, 15.914185}}}},
		// Both seeds of arm 0 were equal, so any difference is one.
		"no spread in the seeds": {"evaluate.report", Rerun{Made: evaluated(0.50001, 0.75)},
			Outcome{Verdict: Different, Locked: "e", Made: "x", Scores: []Score{{"arm 0, seed 1", 0.5, 0.50001, 0}}}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.Unit = c.unit
			got := Compare(recorded, map[string]Rerun{c.unit: c.rerun})
			if diff := cmp.Diff([]Outcome{c.want}, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDifferencesAreTracedToInputs(t *testing.T) {
	reads := func(tree string, inputs ...string) Rerun { return Rerun{Made: made(tree, nil), Inputs: inputs} }
	got := Compare(recorded, map[string]Rerun{
		"download.images":                reads("x"),
		"finetune.ssl[labels=10,seed=0]": reads("a", "download.images"),
		"finetune.ssl[labels=10,seed=1]": reads("x", "download.images"),
		"evaluate.report":                reads("x", "finetune.ssl[labels=10,seed=0]"),
		"pretrain.new[seed=0]":           reads("x"),
		"pretrain.unknown[seed=0]":       reads("x"),
	})
	var traced []string
	for _, o := range got {
		if o.Inputs {
			traced = append(traced, o.Unit)
		}
	}
	if diff := cmp.Diff([]string{"finetune.ssl[labels=10,seed=1]"}, traced); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[Verdict]int{Equal: 1, Different: 3}, Counts(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSample(t *testing.T) {
	all := []string{"a", "b", "c", "d", "e", "f"}
	if diff := cmp.Diff(all, Sample(all, 6, 0)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "c", "f"}, Sample(all, 3, 0)); diff != "" {
		t.Errorf("seed 0 (-want +got):\n%s", diff)
	}
	drawn := map[string]bool{}
	for seed := range uint64(50) {
		for _, a := range Sample(all, 2, seed) {
			drawn[a] = true
		}
	}
	if len(drawn) != len(all) {
		t.Errorf("over 50 seeds only %v are drawn", drawn)
	}
}
