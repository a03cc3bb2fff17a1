package artifact

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCompareFindsTheStepAtWhichCurvesPart(t *testing.T) {
	s := open(t)
	make := func(losses, model string, scores map[string]float64) Committed {
		t.Helper()
		outs := map[string]Output{"encoder": {Type: TypeEncoder, Scores: scores}}
		files := map[string]string{"model/pb": model}
		if losses != "" {
			files[LossesFile] = "step,loss\n" + losses
		}
		c, err := s.Commit(Work{Fingerprint: "f1", Unit: "pretrain.a"}, result(t, s, "f1", files), outs, 1)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := make("1,0.5\n2,0.25\n3,0.125\n", "m", map[string]float64{"loss": 0.125, "rank": 7})
	for _, c := range []struct {
		name string
		made Committed
		want Difference
		text string
	}{
		{"the same", make("1,0.5\n2,0.25\n3,0.125\n", "m", nil), Difference{
			Scores: []ScoreDifference{{"loss", 0.125, math.NaN()}, {"rank", 7, math.NaN()}},
		}, "loss was 0.125 and is NaN, rank was 7 and is NaN, no file differs"},
		{"last step", make("1,0.5\n2,0.25\n3,0.1250001\n", "n", map[string]float64{"loss": 0.1250001, "rank": 7}), Difference{
			Files: []string{LossesFile, "model/pb"}, Step: 3, Scores: []ScoreDifference{{"loss", 0.125, 0.1250001}},
		}, "the loss differs from step 3 on, loss was 0.125 and is 0.125, 2 files differ"},
		{"first step, same scores", make("1,0.6\n", "m", map[string]float64{"loss": 0.125, "rank": 7}), Difference{
			Files: []string{LossesFile}, Step: 1,
		}, "the loss differs from step 1 on, the scores are equal, 1 file differs"},
		{"shorter", make("1,0.5\n", "m", map[string]float64{"loss": 0.125, "rank": 7}), Difference{
			Files: []string{LossesFile}, Step: 2,
		}, "the loss differs from step 2 on, the scores are equal, 1 file differs"},
		{"no losses", make("", "m", map[string]float64{"loss": 0.125, "rank": 7}), Difference{
			Files: []string{LossesFile},
		}, "the scores are equal, 1 file differs"},
	} {
		got, err := s.Compare(first.Entry, c.made.Made)
		if diff := cmp.Diff(c.want, got, cmpopts.EquateNaNs()); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", c.name, err, diff)
		}
		if got.String() != c.text {
			t.Errorf("%s: it says %q, want %q", c.name, got, c.text)
		}
		if c.made.Entry.Tree != first.Entry.Tree || c.made.Diverged() != (len(c.want.Files) > 0) {
			t.Errorf("%s: what counts is %.8s, diverged is %v", c.name, c.made.Entry.Tree, c.made.Diverged())
		}
	}
}
