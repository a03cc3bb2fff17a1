package view

import (
	"io"
	"math"
	"strings"
	"testing"

	"sslpipe/internal/verify"
)

func TestVerified(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	equal := verify.Outcome{Unit: "download.images", Verdict: verify.Equal, Locked: a, Made: a}
	show := func(want, locked string, outcomes ...verify.Outcome) {
		t.Helper()
		mustShow(t, want, func(w io.Writer) error { return Verified(w, outcomes, "x.lock.hcl", locked, "now", Style{}) })
	}
	show(`recorded  now       verdict        unit
──────────────────────────────────────────────────
aaaaaaaa  aaaaaaaa  bitwise equal  download.images

1 unit is bitwise equal.
`, "now", equal)
	show(`x.lock.hcl was made by then; this is now. Equal bits are promised on one class
of machine only.

recorded  now       verdict                   from step  unit
───────────────────────────────────────────────────────────────────────────
aaaaaaaa  aaaaaaaa  bitwise equal                     -  download.images
aaaaaaaa  bbbbbbbb  within tolerance                 17  pretrain.a[seed=0]
aaaaaaaa  bbbbbbbb  DIFFERENT, as its inputs          -  evaluate.report
aaaaaaaa  -         not made                          -  pretrain.a[seed=1]

recorded     now  may differ by  score     unit
─────────────────────────────────────────────────────────────
  0.1235  0.1235      9.877e-05  loss      pretrain.a[seed=0]
     0.5       -      not known  accuracy  evaluate.report

Of 4 units, 1 bitwise equal, 1 within tolerance, 1 different, 1 not made. The
stored results stay the ones that are used; sslpipe cache why ADDRESS lists
those that differ.
`, "then", equal,
		verify.Outcome{Unit: "pretrain.a[seed=0]", Verdict: verify.Within, Locked: a, Made: b, Step: 17,
			Scores: []verify.Score{{Name: "loss", Locked: 0.123456, Made: 0.123457, Tolerance: 0.0000987654}}},
		verify.Outcome{Unit: "evaluate.report", Verdict: verify.Different, Locked: a, Made: b, Inputs: true,
			Scores: []verify.Score{{Name: "accuracy", Locked: 0.5, Made: math.NaN(), Tolerance: math.NaN()}}},
		verify.Outcome{Unit: "pretrain.a[seed=1]", Verdict: verify.Missing, Locked: a})
	show(`recorded  now       verdict           unit
────────────────────────────────────────────────
aaaaaaaa  bbbbbbbb  within tolerance  pretrain.a

Of 1 unit, 0 bitwise equal, 1 within tolerance, 0 different. The stored results
stay the ones that are used; sslpipe cache why ADDRESS lists those that differ.
This is the recorded class of machine, on which equal bits are promised: within
tolerance is a failure here.
`, "now", verify.Outcome{Unit: "pretrain.a", Verdict: verify.Within, Locked: a, Made: b})
}
