package nn_test

import (
	"math"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
)

func TestEveryVariantIsWhatItsListSays(t *testing.T) {
	for _, f := range []schema.Family{nn.Optimizers, nn.Schedules} {
		for _, v := range f.Variants {
			config := v.New()
			switch f.Name {
			case "optimizer":
				o, ok := config.(nn.Optimizer)
				if !ok || !(o.Rate() > 0) {
					t.Errorf("optimizer %s: %#v is no optimiser with a rate", v.Name, config)
				}
			case "schedule":
				if _, ok := config.(nn.Schedule); !ok {
					t.Errorf("schedule %s: %#v is no schedule", v.Name, config)
				}
			}
			if found := config.(schema.Validator).Validate(); len(found) != 0 {
				t.Errorf("%s %s: the defaults are refused: %v", f.Name, v.Name, found)
			}
			if v.Version < 1 || !strings.HasSuffix(v.Doc, ".") {
				t.Errorf("%s %s: version %d, doc %q", f.Name, v.Name, v.Version, v.Doc)
			}
		}
	}
	if got := strings.Join(nn.Optimizers.Names(), " ") + "; " + strings.Join(nn.Schedules.Names(), " "); got != "sgd adam adamw lars; constant step cosine one_cycle" {
		t.Errorf("names %q", got)
	}
}

func TestValidation(t *testing.T) {
	for want, config := range map[string]schema.Validator{
		"learning_rate must be above 0, not 0.":           &nn.SGD{},
		"learning_rate must be above 0, not NaN.":         &nn.SGD{LearningRate: math.NaN()},
		"momentum must be at least 0 and below 1, not 1.": &nn.SGD{LearningRate: 1, Momentum: 1},
		"weight_decay must not be below 0, and is -1.":    &nn.LARS{LearningRate: 1, Trust: 1, WeightDecay: -1},
		"trust must be above 0, not 0.":                   &nn.LARS{LearningRate: 1},
		"beta2 must be at least 0 and below 1, not 1.5.":  &nn.Adam{LearningRate: 1, Beta2: 1.5, Epsilon: 1},
		"epsilon must be above 0, not 0.":                 &nn.AdamW{LearningRate: 1},
		"clip_norm must not be below 0, and is -2.":       &nn.AdamW{LearningRate: 1, Epsilon: 1, ClipNorm: -2},
		"warmup must be between 0 and 1, not 2.":          &nn.Constant{Warmup: 2},
		"final must be between 0 and 1, not -1.":          &nn.Cosine{Final: -1},
		"start must be between 0 and 1, not 3.":           &nn.OneCycle{Start: 3},
		"factor must be between 0 and 1, not 10.":         &nn.Step{Factor: 10},
		"at[1] must not be below the entry before it.":    &nn.Step{At: []float64{0.5, 0.2}},
		"at[0] must be between 0 and 1, not 60.":          &nn.Step{At: []float64{60}},
	} {
		found := config.Validate()
		if len(found) != 1 || found[0].Message != want || !strings.HasPrefix(want, found[0].Field+" ") {
			t.Errorf("%#v: found %v, want %q", config, found, want)
		}
	}
}

func TestSchedules(t *testing.T) {
	type at struct {
		step, total int
		want        float64
	}
	for name, c := range map[string]struct {
		schedule nn.Schedule
		rates    []at
	}{
		"constant":          {&nn.Constant{}, []at{{0, 10, 1}, {9, 10, 1}}},
		"constant, warm-up": {&nn.Constant{Warmup: 0.4}, []at{{0, 10, 0.25}, {1, 10, 0.5}, {3, 10, 1}, {4, 10, 1}, {9, 10, 1}}},
		// Zagoruyko and Komodakis: x0.2 at 60, 120 and 160 of 200 epochs.
		"step": {&nn.Step{At: []float64{0.3, 0.6, 0.8}, Factor: 0.2}, []at{
			{0, 200, 1}, {59, 200, 1}, {60, 200, 0.2}, {119, 200, 0.2}, {120, 200, 0.04}, {160, 200, 0.008}, {199, 200, 0.008},
		}},
		"step, warm-up": {&nn.Step{Warmup: 0.1, At: []float64{0.5}, Factor: 0.1}, []at{{0, 20, 0.5}, {1, 20, 1}, {9, 20, 1}, {10, 20, 0.1}}},
		"cosine": {&nn.Cosine{Warmup: 0.1}, []at{
			{0, 100, 0.1}, {9, 100, 1}, {10, 100, 1}, {40, 100, 0.75}, {55, 100, 0.5}, {70, 100, 0.25}, {99, 100, 0.000304586490}, {100, 100, 0}, {500, 100, 0},
		}},
		"cosine, final":    {&nn.Cosine{Final: 0.2}, []at{{0, 100, 1}, {50, 100, 0.6}, {100, 100, 0.2}}},
		"one cycle":        {&nn.OneCycle{Warmup: 0.3, Start: 0.04}, []at{{0, 100, 0.072}, {14, 100, 0.52}, {29, 100, 1}, {30, 100, 1}, {65, 100, 0.5}, {99, 100, 1.0 / 70}}},
		"nothing but rise": {&nn.Cosine{Warmup: 1}, []at{{0, 2, 0.5}, {1, 2, 1}, {2, 2, 1}}},
		"no steps":         {&nn.Cosine{Warmup: 0.1}, []at{{0, 0, 1}}},
	} {
		for _, r := range c.rates {
			if got := c.schedule.Rate(r.step, r.total); math.Abs(got-r.want) > 1e-9 {
				t.Errorf("%s: rate at %d of %d is %v, want %v", name, r.step, r.total, got, r.want)
			}
		}
	}
}
