package view

import (
	"slices"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// chartData is what the page's scripts draw.
type chartData struct {
	// Arms are the arms of all evaluations: an arm's place gives its colour.
	Arms         []string             `json:"arms"`
	Evaluations  []chartEvaluation    `json:"evaluations"`
	Pretrainings []report.Pretraining `json:"pretrainings"`
}

type chartEvaluation struct {
	Arms      []string          `json:"arms"`
	Sets      []chartSet        `json:"sets"`
	Trainings []report.Training `json:"trainings"`
}

type chartSet struct {
	Classes    []string           `json:"classes"`
	Metrics    []chartMetric      `json:"metrics"`
	FLOPs      map[string]float64 `json:"flops"` // by arm, pre-training included
	Details    []report.Detail    `json:"details"`
	Embeddings []report.Embedding `json:"embeddings"`
	Pictures   *chartPictures     `json:"pictures"`
	Texts      []string           `json:"texts"` // in place of pictures
	Noun       string             `json:"noun"`
}

type chartMetric struct {
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Percent bool        `json:"percent"`
	Lower   bool        `json:"lower"`
	Points  []chartMean `json:"points"`
}

// chartMean is one arm at one label budget.
type chartMean struct {
	Arm      string            `json:"arm"`
	Labels   int               `json:"labels"`
	N        int               `json:"n"`
	Mean     float64           `json:"mean"`
	Interval *metrics.Interval `json:"interval"` // of Student; null for one run
	Runs     []float64         `json:"runs"`
}

// chartPictures tell how to cut a picture out of a sprite.
type chartPictures struct {
	report.Pictures
	Class string `json:"class"` // of the style sheet
	Rows  int    `json:"rows"`
}

// chartDataOf takes the classes of the style sheet by file of pictures.
func chartDataOf(r *report.Report, classes map[string]string) chartData {
	data := chartData{Pretrainings: r.Pretrainings}
	for i := range r.Evaluations {
		e := &r.Evaluations[i]
		out := chartEvaluation{Trainings: e.Trainings}
		for _, arm := range e.Arms {
			out.Arms = append(out.Arms, arm.Name)
			if !slices.Contains(data.Arms, arm.Name) {
				data.Arms = append(data.Arms, arm.Name)
			}
		}
		for j := range e.Sets {
			out.Sets = append(out.Sets, chartSetOf(e, &e.Sets[j], classes))
		}
		data.Evaluations = append(data.Evaluations, out)
	}
	return data
}

func chartSetOf(e *report.Evaluation, set *report.TestSet, classes map[string]string) chartSet {
	out := chartSet{Classes: set.Classes, Details: set.Details, Embeddings: set.Embeddings, Texts: set.Texts, Noun: set.Noun(), FLOPs: map[string]float64{}}
	for _, c := range set.Comparisons {
		out.Metrics = append(out.Metrics, chartMetricOf(c, set.Runs))
	}
	for _, arm := range e.Arms {
		if total := arm.Cost.PretrainFLOPs + arm.Cost.FLOPs; total > 0 {
			out.FLOPs[arm.Name] = total
		}
	}
	if p := set.Pictures; p != nil && classes[p.File] != "" && p.Columns > 0 {
		out.Pictures = &chartPictures{Pictures: *p, Class: classes[p.File], Rows: (p.Count + p.Columns - 1) / p.Columns}
	}
	return out
}

func chartMetricOf(c *metrics.Comparison, runs []report.Run) chartMetric {
	m := metricOf(c.Metric)
	out := chartMetric{Name: m.Name, Title: m.Title, Percent: m.Percent, Lower: m.Lower}
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if cell.N == 0 {
				continue
			}
			mean := chartMean{Arm: cell.Arm, Labels: row.Labels, N: cell.N, Mean: cell.Mean}
			if i, ok := cell.TInterval(metrics.Level); ok {
				mean.Interval = &i
			}
			for _, run := range runs {
				if value, ok := run.Values[c.Metric]; ok && run.Arm == cell.Arm && run.Labels == row.Labels {
					mean.Runs = append(mean.Runs, value)
				}
			}
			out.Points = append(out.Points, mean)
		}
	}
	return out
}
