package stages

import (
	"strings"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestParallelPretrain(t *testing.T) {
	config := func(task string, change func(*PretrainConfig)) *PretrainConfig {
		c := pretrain.New().(*PretrainConfig)
		c.Pretexts = []schema.Choice{{Name: task}}
		if v, ok := pretext.Kinds.Find(task); ok {
			c.Pretexts[0].Config = v.New()
		}
		change(c)
		return c
	}
	same := func(*PretrainConfig) {}
	for name, test := range map[string]struct {
		config  *PretrainConfig
		workers int
		field   string // of the problem; empty is none
	}{
		"even":          {config("rotation", same), 4, ""},
		"uneven":        {config("rotation", same), 3, "batch_size"},
		"masked, local": {config("masked_image", same), 2, ""},
		"masked, synchronised": {
			config("masked_image", func(c *PretrainConfig) { c.Cluster = &ClusterConfig{BatchNorm: normSynchronised} }), 2, "cluster.batch_norm",
		},
	} {
		t.Run(name, func(t *testing.T) {
			parallel, problems := parallelPretrain(test.config, test.workers)
			if !parallel {
				t.Error("it would be trained by one worker")
			}
			field := ""
			if len(problems) > 0 {
				field = problems[0].Field
			}
			if field != test.field || len(problems) > 1 {
				t.Errorf("the problems are %v", problems)
			}
		})
	}
}

func TestParallelFinetune(t *testing.T) {
	c := defaultFinetune()
	if parallel, problems := parallelFinetune(c, 3); !parallel || len(problems) != 1 || problems[0].Field != "batch_size" {
		t.Errorf("mode full: %v, %v", parallel, problems)
	}
	c.Mode = modeLinear
	if parallel, problems := parallelFinetune(c, 3); parallel || problems != nil {
		t.Errorf("mode linear: %v, %v", parallel, problems)
	}
}

// A unit that is called one of several workers is never trained by one.
func TestSessionWithoutWorkers(t *testing.T) {
	tftest.Load(t)
	env := &plan.Env{Device: "cpu", Unit: &plan.Unit{Workers: 2}}
	if _, err := newSession(t.Context(), env, tf.NewGraph(), 1); err == nil || !strings.Contains(err.Error(), "which sslpipe run starts") {
		t.Errorf("it began with %v", err)
	}
}
