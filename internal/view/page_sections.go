package view

import (
	"html/template"
	"slices"
	"time"
)

// section is a heading of the page; sections without data are left out.
type section struct {
	ID, Title string
	has       func(p *page) bool
}

var pageSections = []section{
	{"results", "Results", anySet(func(s pageSet) bool { return len(s.Accuracy.Rows) > 0 })},
	{"efficiency", "Label efficiency", anySet(func(s pageSet) bool { return len(s.Comparisons) > 0 && len(s.Comparisons[0].Rows) > 1 })},
	{"cost", "Cost", anyEvaluation(func(e pageEvaluation) bool { return len(e.Cost.Rows) > 0 })},
	{"pretraining", "Pre-training", func(p *page) bool { return len(p.Pretraining.Rows) > 0 }},
	{"training", "Training", anyEvaluation(func(e pageEvaluation) bool { return len(e.Trainings) > 0 })},
	{"errors", "Errors", anySet(func(s pageSet) bool { return len(s.Details) > 0 })},
	{"embedding", "Embeddings", anySet(func(s pageSet) bool { return len(s.Embeddings) > 0 })},
	{"mistakes", "Mistakes", anySet(pageSet.HasMistakes)},
	{"data", "Data", anyEvaluation(func(e pageEvaluation) bool { return len(e.Leaks.Rows)+len(e.Parts.Rows) > 0 })},
	{"protocol", "Protocol", anyEvaluation(func(e pageEvaluation) bool { return len(e.Protocol) > 0 })},
	{"reproduce", "Reproduce", func(*page) bool { return true }},
}

// Noun is what all test sets of the page are made of.
func (p *page) Noun() string {
	noun := ""
	for i := range p.Report.Evaluations {
		of := p.Report.Evaluations[i].Noun()
		if noun != "" && of != noun {
			return "examples"
		}
		noun = of
	}
	return noun
}

func anyEvaluation(has func(pageEvaluation) bool) func(*page) bool {
	return func(p *page) bool { return slices.ContainsFunc(p.Evaluations, has) }
}

func anySet(has func(pageSet) bool) func(*page) bool {
	return anyEvaluation(func(e pageEvaluation) bool { return slices.ContainsFunc(e.Sets, has) })
}

// Sections are those that the page has.
func (p *page) Sections() []section {
	return slices.DeleteFunc(slices.Clone(pageSections), func(s section) bool { return !s.has(p) })
}

// Has says whether the page has a section.
func (p *page) Has(id string) bool {
	return slices.ContainsFunc(pageSections, func(s section) bool { return s.ID == id && s.has(p) })
}

// pageChart is the place of a chart, which scripts fill.
type pageChart struct {
	Kind            string
	Evaluation, Set int
}

var pageFunctions = template.FuncMap{
	"tone":  toneOf,
	"chart": func(kind string, s pageSet) pageChart { return pageChart{kind, s.Evaluation, s.Index} },
	"date": func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format("2 January 2006, 15:04 MST")
	},
}
