package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/report.md")

// made is a report with all that a report can have.
func made() report {
	return report{
		Date: "2026-01-02", Revision: "abc with changes", Command: "compare --rounds 3",
		Machine: description{
			Processor: "Fast CPU @ 3 GHz", Cores: 2, Instructions: []string{"AVX2"}, Class: "amd64-avx2", Caches: "L1d 32 KiB", Memory: "8 GiB", Kernel: "6.1", Load: "0.01, 0.02, 0.03",
		},
		Versions: map[string]string{"torch": "2.5.1", "Go": "1.26"},
		Results: []result{
			{Workload: "step", Case: "small", Unit: "images/s", Better: more, Rows: []row{
				{Contender: "sslpipe", Samples: []float64{200, 220, 180}},
				{Contender: "sslpipe, 2 units of 1 thread", Samples: []float64{250, 250, 250}},
				{Contender: "Keras fit", Samples: []float64{100, 100, 100}},
				{Contender: "PyTorch", Failed: "there is no\npython|3"},
			}},
			{Workload: "step", Case: "large", Unit: "images/s", Better: more, Rows: []row{
				{Contender: "sslpipe", Samples: []float64{10}}, {Contender: "Keras fit", Samples: []float64{20}, Note: "2 workers", Failed: "died"},
			}},
			{Workload: "memory", Case: "small", Unit: "MiB", Better: less, Note: "As the system counts it.", Rows: []row{
				{Contender: "sslpipe", Samples: []float64{500}}, {Contender: "PyTorch", Samples: []float64{1500}},
			}},
			{Workload: "roofline", Case: "memory", Unit: "GB/s", Better: more, Limits: true, Rows: []row{
				{Contender: "sslpipe's step", Samples: []float64{5}}, {Contender: "copy", Samples: []float64{10}},
			}},
			{Workload: "decode", Case: "not measured", Note: "there is no data"},
		},
	}
}

func TestTable(t *testing.T) {
	var got strings.Builder
	made().table(&got, "x.svg")
	golden := filepath.Join("testdata", "report.md")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestBarsOfThePlot(t *testing.T) {
	want := []bar{
		{"step, small: Keras fit", 2, 1.8, 2.2},
		{"step, large: Keras fit", 0.5, 0.5, 0.5},
		{"memory, small: PyTorch", 3, 3, 3},
	}
	if diff := cmp.Diff(want, made().bars(), cmp.AllowUnexported(bar{})); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestReportIsWritten(t *testing.T) {
	dir := t.TempDir()
	table, err := made().write(dir)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "2026-01-02-fast-cpu-3-ghz-2-cores")
	if table != name+".md" {
		t.Errorf("the table is %s", table)
	}
	svg, err := os.ReadFile(name + ".svg")
	if err != nil {
		t.Fatal(err)
	}
	if text := svgText(t, string(svg)); !strings.Contains(text, "memory, small: PyTorch") || !strings.Contains(text, "Fast CPU") {
		t.Errorf("the plot says %q", text)
	}
	numbers, err := os.ReadFile(name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var read report
	if err := json.Unmarshal(numbers, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made(), read); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	partial := made()
	partial.Partial = true
	if table, err := partial.write(dir); err != nil || table != name+"-partial.md" {
		t.Errorf("a partial report is %s, %v", table, err)
	}
}

// A report without any ratio still has a plot that can be opened.
func TestPlotOfNothing(t *testing.T) {
	r := made()
	r.Results = r.Results[4:]
	svg, err := r.plot()
	if err != nil {
		t.Fatal(err)
	}
	svgText(t, string(svg))
}

// svgText is all text in an SVG file, which has to be well-formed.
func svgText(t *testing.T, svg string) string {
	t.Helper()
	var text strings.Builder
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return text.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		if data, ok := token.(xml.CharData); ok {
			text.Write(data)
		}
	}
}
