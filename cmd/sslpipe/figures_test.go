package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"sslpipe/internal/report"
	"sslpipe/internal/view"
)

func TestFiguresOfAnEarlierRun(t *testing.T) {
	runs := t.TempDir()
	folder := filepath.Join(runs, "20260102T030405Z-x", figuresFolder)
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		t.Fatal(err)
	}
	drawn := []view.Figure{{Name: "a.png", Data: []byte("pixels")}, {Name: "b.pdf", Data: []byte("%PDF (D:20260102030405)")}}
	if err := storeFigures(folder, filepath.Join(runs, "part"), "results", drawn); err != nil {
		t.Fatal(err)
	}
	later := time.Date(2027, 3, 4, 5, 6, 7, 0, time.UTC)
	got := drawnEarlier(runs, "results", later)
	if len(got) != 2 || got[0].Name != "a.png" || string(got[0].Data) != "pixels" || string(got[1].Data) != "%PDF (D:20270304050607)" {
		t.Errorf("figures %s", got)
	}
	if got := drawnEarlier(runs, "other results", later); got != nil {
		t.Errorf("figures of other results: %s", got)
	}
	if err := os.WriteFile(filepath.Join(folder, "a.png"), []byte("edited"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := drawnEarlier(runs, "results", later); got != nil {
		t.Errorf("figures that were edited: %s", got)
	}
}

// Figures are drawn from the results: neither another run's name nor its time
// means drawing them again.
func TestFiguresAreDrawnFromResults(t *testing.T) {
	key := func(r report.Report) string {
		from, err := figuresFrom(&r)
		if err != nil {
			t.Fatal(err)
		}
		return from
	}
	one := report.Report{Run: "one", Evaluations: []report.Evaluation{{Name: "report"}}}
	two := report.Report{Run: "two", Started: time.Now(), Evaluations: []report.Evaluation{{Name: "report"}}}
	other := report.Report{Run: "one", Evaluations: []report.Evaluation{{Name: "other"}}}
	if key(one) != key(two) || key(one) == key(other) {
		t.Errorf("keys %s, %s, %s", key(one), key(two), key(other))
	}
}
