package report

import (
	"slices"
	"strings"
	"time"

	"sslpipe/internal/metrics"
)

// Timeless is the report without what differs between two runs with the same results:
// names of runs, times, speed and machines. Of the environment only the runtime stays,
// which results depend on. The pipeline gets a path that does not tell where it was;
// quoted are both in the form in which commands have them. The report itself is not
// changed.
func (r *Report) Timeless(path string, quoted func(string) string) *Report {
	out := *r
	out.Run, out.Started = "", time.Time{}
	out.Environment = Environment{Runtime: r.Environment.Runtime}
	out.Pipeline.Path = path
	out.Commands = slices.Clone(r.Commands)
	for i, command := range out.Commands {
		out.Commands[i] = strings.Replace(command, " "+quoted(r.Pipeline.Path), " "+quoted(path), 1)
	}
	out.Evaluations = slices.Clone(r.Evaluations)
	for i := range out.Evaluations {
		out.Evaluations[i].forget()
	}
	out.Pretrainings = slices.Clone(r.Pretrainings)
	for i := range out.Pretrainings {
		out.Pretrainings[i].Seconds = 0
	}
	return &out
}

// forget replaces what has times by copies without.
func (e *Evaluation) forget() {
	e.Arms = slices.Clone(e.Arms)
	for i := range e.Arms {
		e.Arms[i].Cost.PretrainSeconds, e.Arms[i].Cost.Seconds = 0, 0
	}
	e.Sets = slices.Clone(e.Sets)
	for i := range e.Sets {
		set := &e.Sets[i]
		set.Comparisons = slices.Clone(set.Comparisons)
		for j, c := range set.Comparisons {
			if c != nil {
				set.Comparisons[j] = withoutSeconds(c)
			}
		}
	}
}

func withoutSeconds(c *metrics.Comparison) *metrics.Comparison {
	out := *c
	out.Seconds = nil
	return &out
}
