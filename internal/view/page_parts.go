package view

import (
	"slices"

	"sslpipe/internal/report"
)

// pageEvaluation is an evaluation with the tables that the page has of it.
type pageEvaluation struct {
	*report.Evaluation
	Index    int
	Sets     []pageSet
	Cost     pageTable
	Parts    pageTable
	Leaks    pageTable
	Protocol []string
	Warnings []string
}

// pageSet is a test set with its tables.
type pageSet struct {
	*report.TestSet
	Evaluation, Index int
	Title             string // empty where there is only one
	Findings          []finding
	Accuracy          pageTable
	Differences       pageTable
	Language          pageTable
	Scores            pageTable
	Others            []pageMetric
	Savings           pageTable
	Crossovers        []string
	Recalls           []pageTable
}

// HasMistakes says whether any are known.
func (s pageSet) HasMistakes() bool {
	return slices.ContainsFunc(s.Details, func(d report.Detail) bool { return len(d.Mistakes) > 0 })
}

// pageMetric is a metric other than accuracy.
type pageMetric struct {
	Title       string
	Means       pageTable
	Differences pageTable
	Warnings    []string
}

func pageEvaluationOf(r *report.Report, index int) pageEvaluation {
	e := &r.Evaluations[index]
	out := pageEvaluation{
		Evaluation: e, Index: index, Cost: tableOf(costAndSeconds(e)), Parts: tableOf(partsGrid(e)),
		Leaks: tableOf(leaksGrid(e, true)), Protocol: protocolOf(e), Warnings: warningsOf(e),
	}
	for j := range e.Sets {
		set := pageSetOf(e, j)
		set.Evaluation = index
		if len(r.Evaluations) > 1 || len(e.Sets) > 1 {
			set.Title = setTitle(e, set.TestSet)
		}
		out.Sets = append(out.Sets, set)
	}
	return out
}

func pageSetOf(e *report.Evaluation, index int) pageSet {
	set := &e.Sets[index]
	out := pageSet{
		TestSet: set, Index: index, Language: tableOf(languageGrid(set)), Scores: tableOf(scoresGrid(set)),
		Savings: tableOf(savingsGrid(e, set, false)), Crossovers: crossovers(e, set),
	}
	c := accuracyOf(set)
	if c == nil {
		return out
	}
	out.Findings, out.Accuracy, out.Differences = findingsOf(c), tableOf(summaryGrid(c)), differenceTable(c)
	for _, other := range set.Comparisons[1:] {
		out.Others = append(out.Others, pageMetric{
			Title: metricOf(other.Metric).Title, Means: tableOf(summaryGrid(other)), Differences: differenceTable(other), Warnings: claimWarnings(other),
		})
	}
	for _, row := range c.Rows {
		if g := recallGrid(e, set, row.Labels); len(g.rows) > 0 {
			out.Recalls = append(out.Recalls, tableOf(g))
		}
	}
	return out
}
