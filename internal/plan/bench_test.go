package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// BenchmarkParse plans files of some size: stages, and units that they make.
func BenchmarkParse(b *testing.B) {
	ten := experiment
	for i := range 5 {
		ten += fmt.Sprintf("finetune \"more%d\" {\n  data = download.images.train\n  init = pretrain.rot\n}\n", i)
	}
	for name, src := range map[string]string{
		"10 stages":    ten,
		"1000 units":   strings.Replace(experiment, "[10, 50]", "range(1, 249)", 1),
		"10000 units":  strings.Replace(strings.Replace(experiment, "seeds = 4", "seeds = 40", 1), "[10, 50]", "range(1, 249)", 1),
		"1000 stages":  manyStages(1000),
		"10000 stages": manyStages(10_000),
		"1000 cells":   manyCells(1000),
		"10000 cells":  manyCells(10_000),
	} {
		b.Run(name, func(b *testing.B) {
			units := 0
			for b.Loop() {
				p, diags := plan.Parse([]byte(src), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: "test"})
				if diags.HasErrors() {
					b.Fatal(diags)
				}
				units = len(p.Units)
			}
			b.ReportMetric(float64(units), "units")
		})
	}
}

// BenchmarkStatuses tells why everything below a changed pre-training runs again.
func BenchmarkStatuses(b *testing.B) {
	for name, src := range map[string]string{
		"1000 units":  strings.Replace(experiment, "[10, 50]", "range(1, 249)", 1),
		"10000 units": strings.Replace(strings.Replace(experiment, "seeds = 4", "seeds = 40", 1), "[10, 50]", "range(1, 249)", 1),
		"1000 stages": manyStages(1000),
	} {
		b.Run(name, func(b *testing.B) {
			parse := func(src string) *plan.Plan {
				p, diags := plan.Parse([]byte(src), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: "test"})
				if diags.HasErrors() {
					b.Fatal(diags)
				}
				return p
			}
			before, now := parse(src), parse(strings.Replace(src, `source = "x"`, `source = "y"`, 1))
			known := plan.Known{
				Stored:  func(string) plan.Stored { return plan.Stored{} },
				Earlier: slices.Values([]*plan.EarlierRun{recordOf(before)}),
			}
			for b.Loop() {
				plan.EstimateRun(plan.Statuses(now, nil, known), 2)
			}
			b.ReportMetric(float64(len(now.Units)), "units")
		})
	}
}

// manyStages makes n stages, half of which need the other half.
func manyStages(n int) string {
	var b strings.Builder
	b.WriteString("pipeline {\n  seeds = 1\n}\n" + head)
	for i := n / 2; i > 0; i-- { // the last is declared first
		fmt.Fprintf(&b, "evaluate \"e%d\" {\n  data = download.images.test\n  compare = [finetune.f%d]\n}\n", i, i)
		fmt.Fprintf(&b, "finetune \"f%d\" {\n  data = download.images.train\n}\n", i)
	}
	return b.String()
}

// manyCells makes a sweep of n stages that flows down to n others.
func manyCells(n int) string {
	return fmt.Sprintf(`pipeline {
  seeds = 1
}
%s
pretrain "ssl" {
  matrix {
    epochs = range(1, 11)
    rate   = range(0, %d)
  }
  views  = augment.views
  epochs = matrix.epochs
  rates  = [matrix.rate]
  pretext "rotation" {}
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.ssl
}
evaluate "report" {
  data    = download.images.test
  compare = [finetune.ssl]
}
`, head, n/10)
}
