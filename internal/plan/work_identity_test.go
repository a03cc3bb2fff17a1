package plan_test

import (
	"testing"

	"sslpipe/internal/plan"
)

// The work is the same wherever it is done, and differs where the fingerprint on
// one machine does.
func TestWorksDoNotDependOnTheRuntime(t *testing.T) {
	works := func(src, runtime string) map[string]string {
		t.Helper()
		p, diags := plan.Parse([]byte(src), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: runtime})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		byAddress := map[string]string{}
		for u, work := range p.Works() {
			byAddress[u.Address] = work
			if work == u.Fingerprint {
				t.Errorf("the work of %s is its fingerprint on %s", u.Address, runtime)
			}
		}
		return byAddress
	}
	here, there := works(jigsawPipeline, "here"), works(jigsawPipeline, "there")
	if len(here) != 14 {
		t.Errorf("there are %d works", len(here))
	}
	seen := map[string]string{}
	for address, work := range here {
		if work != there[address] {
			t.Errorf("the work of %s differs", address)
		}
		if other, twice := seen[work]; twice {
			t.Errorf("%s and %s are the same work", address, other)
		}
		seen[work] = address
	}
	changed := works(replace(t, jigsawPipeline, "0.1, 1e-3", "0.1"), "here")
	for address, same := range map[string]bool{
		"augment.views": true, "pretrain.jig[seed=1]": false, lastUnit: false, // which reads the pre-training
	} {
		if (changed[address] == here[address]) != same {
			t.Errorf("%s: the same work is %v, want %v", address, !same, same)
		}
	}
}
