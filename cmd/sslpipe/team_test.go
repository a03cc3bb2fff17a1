package main

import (
	"strings"
	"testing"

	"sslpipe/internal/cluster"
	"sslpipe/internal/plan"
	"sslpipe/internal/tfruntime"
)

// GPUs that train together are those of one process.
func TestSeveralGPUsAreNoTeam(t *testing.T) {
	if c, err := teamThatTrained(&plan.Plan{Units: []*plan.Unit{{Workers: 2}}}, tfruntime.GPU); c != nil || err != nil {
		t.Errorf("a team %v, %v", c, err)
	}
}

// What so many workers have trained is trained again by as many.
func TestTeamThatTrained(t *testing.T) {
	const two = `{"cluster": {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}, "task": {"type": "worker", "index": 1}}`
	for name, test := range map[string]struct {
		config  string
		workers int
		members int    // 0 is this process alone
		mistake string // in the error
	}{
		"alone":            {"", 0, 0, ""},
		"on this machine":  {"", 2, 2, ""},
		"as TF_CONFIG has": {two, 2, 2, ""},
		"more":             {two, 3, 0, "TF_CONFIG names 2 workers, and 3 have trained this"},
		"one":              {two, 0, 0, "TF_CONFIG names 2 workers, and 1 have trained this"},
		"no JSON":          {"{", 2, 0, "it is not the JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(cluster.Variable, test.config)
			c, err := teamThatTrained(&plan.Plan{Units: []*plan.Unit{{}, {Workers: test.workers}}}, tfruntime.CPU)
			members := 0
			if c != nil {
				members = len(c.Members)
			}
			if members != test.members || (err == nil) != (test.mistake == "") || err != nil && !strings.Contains(err.Error(), test.mistake) {
				t.Errorf("%d members, %v", members, err)
			}
		})
	}
}
