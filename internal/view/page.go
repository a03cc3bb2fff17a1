package view

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"sslpipe/internal/report"
	"sslpipe/third_party/echarts"
)

//go:embed html
var pageFiles embed.FS

// pageScripts are ours, in the order in which they run.
var pageScripts = []string{"base.js", "chart.js", "curves.js", "confusion.js", "embedding.js", "start.js"}

// HTML writes the whole document as one page that needs nothing else: charts are
// drawn by scripts in it, tables are there without any, and its policy forbids
// the browser to load anything or to run a script that is not named by its hash.
// Pictures are PNG files by the name that [report.Pictures] has for them.
func HTML(w io.Writer, r *report.Report, pictures map[string][]byte) error {
	pages, err := template.New("page.tmpl").Funcs(pageFunctions).ParseFS(pageFiles, "html/*.tmpl")
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	p, err := newPage(r, pictures)
	if err != nil {
		return err
	}
	// A template that fails in the middle must not leave half a page.
	var out bytes.Buffer
	if err := pages.Execute(&out, p); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// page is what the template shows.
type page struct {
	*report.Report
	Policy      string // of the content
	Style       template.CSS
	Library     template.JS
	Script      template.JS
	Data        chartData
	Evaluations []pageEvaluation
	Sprites     []sprite
	Pretraining pageTable
}

// sprite is a file of pictures as a rule of the style sheet.
type sprite struct {
	Class string
	Image template.CSS
}

func newPage(r *report.Report, pictures map[string][]byte) (*page, error) {
	style, err := pageFiles.ReadFile("html/page.css")
	if err != nil {
		return nil, err
	}
	script, err := pageScript()
	if err != nil {
		return nil, err
	}
	p := &page{
		Report: finite(r), Style: template.CSS(style), Library: template.JS(echarts.Script), Script: template.JS(script),
		Policy: "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'unsafe-inline'; script-src " +
			hashSource(echarts.Script) + " " + hashSource(script),
		Pretraining: tableOf(pretrainingGrid(r)),
	}
	p.Data = chartDataOf(p.Report, p.addSprites(pictures))
	for i := range p.Report.Evaluations {
		p.Evaluations = append(p.Evaluations, pageEvaluationOf(p.Report, i))
	}
	return p, nil
}

// addSprites makes a class of each file that a test set has, and returns the
// classes by file.
func (p *page) addSprites(pictures map[string][]byte) map[string]string {
	classes := map[string]string{}
	for _, e := range p.Report.Evaluations {
		for _, set := range e.Sets {
			if set.Pictures == nil || pictures[set.Pictures.File] == nil || classes[set.Pictures.File] != "" {
				continue
			}
			class := fmt.Sprintf("sprite-%d", len(p.Sprites))
			classes[set.Pictures.File] = class
			p.Sprites = append(p.Sprites, sprite{class, template.CSS(
				"url(data:image/png;base64," + base64.StdEncoding.EncodeToString(pictures[set.Pictures.File]) + ")")})
		}
	}
	return classes
}

// pageScript is one script, so that the files can name each other's functions and
// nothing else can.
func pageScript() (string, error) {
	var script strings.Builder
	fmt.Fprint(&script, "(() => {\n'use strict';\n")
	for _, name := range pageScripts {
		text, err := pageFiles.ReadFile("html/" + name)
		if err != nil {
			return "", err
		}
		script.Write(text)
	}
	fmt.Fprint(&script, "})();\n")
	return script.String(), nil
}

// hashSource lets the browser run this script.
func hashSource(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
