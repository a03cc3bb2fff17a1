package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// madeTexts is a report on texts, with language models of two tasks.
func madeTexts(names madeNames) *report.Report {
	names.sets = names.sets[:1]
	r := made(names)
	set := &r.Evaluations[0].Sets[0]
	set.Kind, set.Pictures = "texts", nil
	for i := range madePoints {
		set.Texts = append(set.Texts, fmt.Sprintf("Text %d, of the class %s: %s", i, names.classes[i%10], strings.Repeat("so it goes on, ", i%20)))
	}
	bits := metrics.Summary{N: 3, Mean: 1.9876, SD: 0.0123}
	set.Language = []report.LanguageModel{
		{
			Arms: names.arms[2:], Task: "masked_token", Texts: 2000, Tokens: 9876,
			Accuracy: metrics.Summary{N: 3, Mean: 0.3456, SD: 0.0123}, Perplexity: metrics.Summary{N: 3, Mean: 45.67, SD: 12.34},
			Unigram: report.Guess{Accuracy: 0.0567, Perplexity: 678.9}, Chance: report.Guess{Accuracy: 1.0 / 4096, Perplexity: 4096},
		},
		{
			Arms: names.arms[3:], Task: "next_token", Texts: 2000, Tokens: 65432,
			Accuracy: metrics.Summary{N: 1, Mean: 0.2345}, Perplexity: metrics.Summary{N: 1, Mean: 123.4},
			BitsPerByte: &bits,
			Unigram:     report.Guess{Accuracy: 0.0567, Perplexity: 678.9, BitsPerByte: 2.7182}, Chance: report.Guess{Accuracy: 1.0 / 4096, Perplexity: 4096, BitsPerByte: 3.1415},
		},
	}
	return r
}

func TestLanguageModels(t *testing.T) {
	set := &madeTexts(plainNames).Evaluations[0].Sets[0]
	text := ""
	for _, width := range []int{80, 50} {
		part := render(t, func(w io.Writer) error {
			return writeParts(w, narrowLanguage(languageGrid(set), width), Style{Width: width})
		})
		fits(t, part, width)
		text += part
	}
	text += "\n" + render(t, languageGrid(set).writeMarkdown)
	var latex strings.Builder
	languageGrid(set).writeLaTeX(&latex, "tab:x", "report", nil)
	checkLaTeX(t, latex.String())
	golden(t, "language.txt", text+latex.String())
	for _, absent := range []*report.TestSet{{}, &made(plainNames).Evaluations[0].Sets[0]} {
		if g := languageGrid(absent); len(g.rows) != 0 {
			t.Errorf("%d language models of images", len(g.rows))
		}
	}
}

// Arms that share encoders have lines of their own for programs.
func TestLanguageModelsAsCSV(t *testing.T) {
	text := render(t, func(w io.Writer) error { return ReportCSV(w, madeTexts(plainNames)) })
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range lines {
		if strings.Contains(line[2], "_token_") {
			got = append(got, strings.TrimRight(strings.Join(line[2:9], " "), " "))
		}
	}
	want := "masked_token_accuracy  ssl_linear 3  0.3456 0.0123"
	if len(got) != 2*6+9 || got[0] != want || got[7] != "masked_token_perplexity  ssl_full 3  45.67 12.34" || got[20] != "next_token_chance_bits_per_byte  ssl_full 1  3.1415" {
		t.Errorf("%d lines:\n%s", len(got), strings.Join(got, "\n"))
	}
}

// A report on texts speaks of texts, in every format.
func TestReportOfTextsSaysSo(t *testing.T) {
	r := madeTexts(plainNames)
	set := &r.Evaluations[0].Sets[0]
	for _, c := range set.Comparisons { // those of stages and metrics are tested there
		c.Protocol = nil
	}
	r.Evaluations[0].Leaks[0].Exact = 4
	for i := range r.Evaluations[0].Arms {
		r.Evaluations[0].Arms[i].Text = ""
	}
	r.Evaluations[0].Parts, r.Evaluations[0].Leaks = nil, r.Evaluations[0].Leaks[:1]
	r.Evaluations[0].Leaks[0].Part = "training"
	for _, format := range []string{"report.txt", "report.md", "report.tex"} {
		text := render(t, reportFormats(r)[format])
		for _, want := range []string{"3,000 test texts", "Same texts in training", "Language models"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", format, want)
			}
		}
		if strings.Contains(text, "image") {
			t.Errorf("%s speaks of images:\n%s", format, text)
		}
	}
	page := render(t, reportFormats(r)["report.html"])
	for _, want := range []string{"Test texts that the classifier", "80 % of the texts", "Language models on test texts", `"noun":"texts"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// checkPageOfTexts looks at texts that try to be more than that, in a narrow window.
func checkPageOfTexts(p *tab) {
	if n := eval[int](p, "document.querySelectorAll('img, iframe, [onerror]').length"); n != 0 {
		p.t.Errorf("texts became %d elements", n)
	}
	if got := eval[string](p, "document.querySelector('#mistakes .tile .text').textContent.slice(0, 5)"); got != "Text " {
		p.t.Errorf("a mistake shows %q", got)
	}
	if n := eval[int](p, "document.querySelectorAll('#embedding .neighbours .text').length"); n != 8*9 {
		p.t.Errorf("%d texts among neighbours, want 72", n)
	}
	p.sound(madeTextCharts)
	p.shoot("texts", chromedp.FullScreenshot(100))
}

// madeTextCharts are those of one test set.
const madeTextCharts = 7
