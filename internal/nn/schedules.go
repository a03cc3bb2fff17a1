package nn

import (
	"fmt"
	"math"

	"sslpipe/internal/schema"
)

// Schedules lists the learning-rate schedules that HCL can name.
var Schedules = schema.Family{Name: "schedule", Variants: []schema.Variant{
	{
		Name:    "constant",
		Doc:     "The base rate throughout.",
		Version: 1,
		New:     func() any { return &Constant{} },
	},
	{
		Name:    "step",
		Doc:     "The base rate, multiplied by a factor at given shares of the steps.",
		Version: 1,
		New:     func() any { return &Step{At: []float64{0.3, 0.6, 0.8}, Factor: 0.2} },
	},
	{
		Name:    "cosine",
		Doc:     "Down along half a cosine.",
		Paper:   "Loshchilov and Hutter, ICLR 2017, arXiv:1608.03983",
		Version: 1,
		New:     func() any { return &Cosine{Warmup: 0.1} },
	},
	{
		Name:    "one_cycle",
		Doc:     "Up along a line from a small rate, then down along a line.",
		Paper:   "Smith and Topin, 2018, arXiv:1708.07120",
		Version: 1,
		New:     func() any { return &OneCycle{Warmup: 0.3, Start: 0.04} },
	},
}}

// Schedule is a configured learning-rate schedule.
type Schedule interface {
	// Rate returns the factor of the base rate, in [0, 1], for training step
	// number step (from 0) of total.
	Rate(step, total int) float64
}

// Constant keeps the base rate after the warm-up.
type Constant struct {
	Warmup float64 `hcl:"warmup,optional" example:"0.1" doc:"Share of the steps over which the rate rises linearly from 0."`
}

// Step multiplies the rate by Factor at each share in At.
type Step struct {
	Warmup float64   `hcl:"warmup,optional" example:"0.1" doc:"Share of the steps over which the rate rises linearly from 0."`
	At     []float64 `hcl:"at,optional" example:"[0.5, 0.75]" doc:"Shares of all steps after which the rate drops, in rising order."`
	Factor float64   `hcl:"factor,optional" doc:"What each drop multiplies the rate by."`
}

// Cosine falls from the base rate to Final times it.
type Cosine struct {
	Warmup float64 `hcl:"warmup,optional" example:"0.1" doc:"Share of the steps over which the rate rises linearly from 0."`
	Final  float64 `hcl:"final,optional" doc:"Share of the base rate that is left at the end."`
}

// OneCycle rises from Start times the base rate to the base rate over the
// warm-up, then falls to Final times it. Momentum is not cycled.
type OneCycle struct {
	Warmup float64 `hcl:"warmup,optional" example:"0.1" doc:"Share of the steps over which the rate rises linearly."`
	Start  float64 `hcl:"start,optional" doc:"Share of the base rate that the rise begins at."`
	Final  float64 `hcl:"final,optional" doc:"Share of the base rate that is left at the end."`
}

// Rate implements Schedule.
func (s *Constant) Rate(step, total int) float64 {
	rise, _, rising := warmup(step, total, s.Warmup)
	if rising {
		return rise
	}
	return 1
}

// Rate implements Schedule.
func (s *Step) Rate(step, total int) float64 {
	rise, _, rising := warmup(step, total, s.Warmup)
	if rising {
		return rise
	}
	rate := 1.0
	for _, at := range s.At {
		if float64(step) >= at*float64(total) {
			rate *= s.Factor
		}
	}
	return rate
}

// Rate implements Schedule.
func (s *Cosine) Rate(step, total int) float64 {
	rise, past, rising := warmup(step, total, s.Warmup)
	if rising {
		return rise
	}
	return s.Final + (1-s.Final)*(1+math.Cos(math.Pi*past))/2
}

// Rate implements Schedule.
func (s *OneCycle) Rate(step, total int) float64 {
	rise, past, rising := warmup(step, total, s.Warmup)
	if rising {
		return s.Start + (1-s.Start)*rise
	}
	return 1 - (1-s.Final)*past
}

// warmup tells whether step is among the first share of total steps and how far
// the rate has risen by then, in (0, 1]; after them, how much of the remaining
// steps is past, in [0, 1].
func warmup(step, total int, share float64) (rise, past float64, rising bool) {
	warm := int(math.Round(share * float64(total)))
	if step < warm {
		return float64(step+1) / float64(warm), 0, true
	}
	if rest := total - warm; rest > 0 {
		past = min(float64(step-warm)/float64(rest), 1)
	}
	return 1, past, false
}

// Validate implements schema.Validator.
func (s *Constant) Validate() []schema.Problem { return problems(share("warmup", s.Warmup)) }

// Validate implements schema.Validator.
func (s *Step) Validate() []schema.Problem {
	found := []schema.Problem{share("warmup", s.Warmup), share("factor", s.Factor)}
	for i, at := range s.At {
		field := fmt.Sprintf("at[%d]", i)
		found = append(found, share(field, at))
		if i > 0 {
			found = append(found, unless(at >= s.At[i-1], field, "must not be below the entry before it"))
		}
	}
	return problems(found...)
}

// Validate implements schema.Validator.
func (s *Cosine) Validate() []schema.Problem {
	return problems(share("warmup", s.Warmup), share("final", s.Final))
}

// Validate implements schema.Validator.
func (s *OneCycle) Validate() []schema.Problem {
	return problems(share("warmup", s.Warmup), share("start", s.Start), share("final", s.Final))
}
