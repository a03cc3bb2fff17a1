package view

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

var kinds = []string{"ankle boot", "bag", "trouser\x1b[31m"}

func predicted() []Prediction {
	return []Prediction{
		{"photos/boot.png", []float32{0.93125, 0.05, 0.01875}},
		{"photos/a, \"b\"\n.png", []float32{0.25, 0.375, 0.375}},
	}
}

// written collects what a writer of predictions writes.
func written(t *testing.T, predictions []Prediction, start func(w io.Writer) Predictions) string {
	t.Helper()
	return render(t, func(w io.Writer) error {
		p := start(w)
		for _, x := range predictions {
			if err := p.Add(x); err != nil {
				return err
			}
		}
		return p.Close()
	})
}

func TestPredictionText(t *testing.T) {
	text := written(t, predicted(), func(w io.Writer) Predictions { return PredictionText(w, Images, kinds, 2, Style{}) })
	noANSI(t, text)
	want := `
image               1st                 2nd
────────────────────────────────────────────────────────────
photos/boot.png     ankle boot  93.1 %  bag            5.0 %
photos/a, "b"�.png  bag         37.5 %  trouser�[31m  37.5 %
`
	if got := "\n" + text; got != want {
		t.Errorf("the table is%s", got)
	}
	if text := written(t, nil, func(w io.Writer) Predictions { return PredictionText(w, Images, kinds, 2, Style{}) }); text != "" {
		t.Errorf("a table of nothing is %q", text)
	}
	if got := strings.Join([]string{ordinal(1), ordinal(2), ordinal(3), ordinal(4), ordinal(11), ordinal(12), ordinal(23), ordinal(113)}, " "); got != "1st 2nd 3rd 4th 11th 12th 23rd 113th" {
		t.Errorf("ordinals are %s", got)
	}
}

func TestPredictionCSV(t *testing.T) {
	text := written(t, predicted(), func(w io.Writer) Predictions { return PredictionCSV(w, Images, kinds) })
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"image", "class", "p_ankle boot", "p_bag", "p_trouser\x1b[31m"},
		{"photos/boot.png", "ankle boot", "0.93125", "0.05", "0.01875"},
		{"photos/a, \"b\"\n.png", "bag", "0.25", "0.375", "0.375"},
	}
	if !slices.EqualFunc(lines, want, slices.Equal) {
		t.Errorf("the lines are %q", lines)
	}
}

func TestPredictionJSON(t *testing.T) {
	for n := range 3 {
		text := written(t, predicted()[:n], func(w io.Writer) Predictions { return PredictionJSON(w, Images, "models/1", kinds) })
		var got struct {
			Model   string
			Classes []string
			Images  []struct {
				Path, Class   string
				Probabilities []float32
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		if got.Model != "models/1" || !slices.Equal(got.Classes, kinds) || len(got.Images) != n {
			t.Errorf("the document is %s", text)
		}
		for i, x := range got.Images {
			p := predicted()[i]
			if x.Path != p.Subject || !slices.Equal(x.Probabilities, p.Probabilities) || x.Class != kinds[p.best(1)[0]] {
				t.Errorf("image %d is %+v", i, x)
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestPredictionsReportFailures(t *testing.T) {
	for name, p := range map[string]Predictions{
		"text": PredictionText(full{}, Images, kinds, 3, Style{}), "CSV": PredictionCSV(full{}, Images, kinds), "JSON": PredictionJSON(full{}, Images, "m", kinds),
	} {
		if err := p.Add(predicted()[0]); err != nil {
			t.Errorf("%s: %v before it is written", name, err)
		}
		if err := p.Close(); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: a full disk is %v", name, err)
		}
	}
	if err := PredictionJSON(io.Discard, Images, "m", kinds).Add(Prediction{"x", []float32{float32(math.NaN()), 1, 0}}); err == nil {
		t.Error("JSON takes what is no number")
	}
}
