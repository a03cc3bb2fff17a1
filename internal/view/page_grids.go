package view

import (
	"fmt"
	"strconv"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// recallGrid has the recall of every class by arm at one label budget.
func recallGrid(e *report.Evaluation, set *report.TestSet, labels int) grid {
	g := grid{title: "Recall by class in %, mean ± sd, with " + metrics.LabelsText(labels), columns: []column{{header: "class", left: true}}}
	s := scale{percent: true}
	for _, arm := range e.Arms {
		for _, d := range set.Details {
			if d.Arm != arm.Name || d.Labels != labels || len(d.Recall) != len(set.Classes) {
				continue
			}
			g.columns = append(g.columns, column{header: arm.Name})
			for i, class := range set.Classes {
				if len(g.rows) <= i {
					g.rows = append(g.rows, []entry{{text: class}})
				}
				g.rows[i] = append(g.rows[i], entry{text: s.meanCell(d.Recall[i], s.sdWidth(d.Recall))})
			}
		}
	}
	return g
}

// costAndSeconds has what [costGrid] leaves to formats that are not compared
// between machines.
func costAndSeconds(e *report.Evaluation) grid {
	g := costGrid(e)
	if len(g.rows) == 0 {
		return g
	}
	g.columns = append(g.columns, column{header: "pre-training seconds"}, column{header: "training seconds"})
	for i, arm := range e.Arms {
		g.rows[i] = append(g.rows[i], entry{text: secondsOf(arm.Cost.PretrainSeconds)}, entry{text: secondsOf(arm.Cost.Seconds)})
	}
	return g
}

func secondsOf(seconds float64) string {
	if seconds == 0 {
		return absent
	}
	return strconv.FormatFloat(seconds, 'f', 1, 64)
}

// partsGrid has the data that the evaluation rests on.
func partsGrid(e *report.Evaluation) grid {
	g := grid{
		title: "What was read",
		columns: []column{{header: "purpose", left: true}, {header: "data set", left: true}, {header: "split", left: true},
			{header: e.Noun()}, {header: "SHA-256 of " + e.Noun() + " and labels, beginning", left: true}},
	}
	for _, p := range e.Parts {
		g.rows = append(g.rows, []entry{{text: p.Purpose}, {text: p.Name}, {text: p.Split}, {text: thousands(float64(p.Images))}, {text: digestText(p.Digest)}})
	}
	for _, set := range e.Sets {
		g.rows = append(g.rows, []entry{{text: "test"}, {text: set.Name}, {text: absent}, {text: thousands(float64(set.Images))}, {text: digestText(set.Digest)}})
	}
	return g
}

func digestText(digest string) string {
	const digits = 16
	return digest[:min(digits, len(digest))]
}

// pretrainingGrid has one row a pre-training; curves have more of them.
func pretrainingGrid(r *report.Report) grid {
	g := grid{
		title: "Pre-trainings",
		columns: []column{{header: "stage", left: true}, {header: "tasks", left: true}, {header: "seed"},
			{header: "epochs"}, {header: "steps"}, {header: "seconds"}, {header: "loss at the end"}},
	}
	for _, p := range r.Pretrainings {
		if len(p.Epochs) == 0 {
			continue
		}
		last := p.Epochs[len(p.Epochs)-1]
		loss := absent
		if value, ok := last.Values["loss"]; ok {
			loss = fmt.Sprintf("%.3f", value)
		}
		g.rows = append(g.rows, []entry{{text: p.Stage}, {text: p.Task}, {text: strconv.Itoa(p.Seed)}, {text: strconv.Itoa(last.Epoch)},
			{text: thousands(float64(last.Step))}, {text: secondsOf(p.Seconds)}, {text: loss}})
	}
	return g
}
