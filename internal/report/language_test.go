package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/metrics"
)

// withLanguage is a run on texts of which some arms started from language models.
func withLanguage(name string, perplexity float64, arms ...string) *Report {
	of := map[string]results{}
	for i, arm := range arms {
		of[arm] = results{0: 5 + i + int(perplexity)%3}
	}
	r := made(name, arms, of)
	set := &r.Evaluations[0].Sets[0]
	set.Kind = "texts"
	set.Language = []LanguageModel{{Arms: arms[1:], Task: "next_token", Perplexity: metrics.Summary{N: 1, Mean: perplexity}}}
	return r
}

// Language models of several runs stand beside each other under the arms' new names, and
// those of the same arms once.
func TestCompareLanguageModels(t *testing.T) {
	first, second := withLanguage("one", 30, "plain", "a", "b"), withLanguage("two", 31, "plain", "a", "b")
	e := mustCompare(t, first, second, withLanguage("again", 30, "plain", "a", "b"))
	set := e.Sets[0]
	want := []LanguageModel{
		{Arms: []string{"a", "b"}, Task: "next_token", Perplexity: metrics.Summary{N: 1, Mean: 30}},
		{Arms: []string{"a@2", "b@2"}, Task: "next_token", Perplexity: metrics.Summary{N: 1, Mean: 31}},
	}
	if diff := cmp.Diff(want, set.Language); diff != "" {
		t.Errorf("language models (-want +got):\n%s", diff)
	}
	if e.Noun() != "texts" || first.Evaluations[0].Sets[0].Language[0].Arms[0] != "a" || second.Evaluations[0].Sets[0].Language[0].Arms[0] != "a" {
		t.Errorf("of %s; the runs were changed", e.Noun())
	}
	protocol := strings.Join(set.Comparisons[0].Protocol, "\n")
	if !strings.Contains(protocol, "the 10 test texts") {
		t.Errorf("protocol:\n%s", protocol)
	}
	second.Evaluations[0].Sets[0].Digest = "other"
	if _, err := Compare([]*Report{first, second}); err == nil || !strings.Contains(err.Error(), "not comparable, the test texts differ") {
		t.Errorf("error %v", err)
	}
}

func TestNouns(t *testing.T) {
	texts := Evaluation{Sets: []TestSet{{Kind: "texts"}}}
	if got := (&Evaluation{}).Noun() + " " + (&Evaluation{Sets: []TestSet{{}}}).Noun() + " " + texts.Noun(); got != "images images texts" {
		t.Error(got)
	}
}

// Texts of a stranger's report are bounded, and what points at none is refused.
func TestReadChecksTexts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(s *TestSet)
		want   string
	}{
		"sound":     {func(*TestSet) {}, ""},
		"long":      {func(s *TestSet) { s.Texts[1] = strings.Repeat("x", 5000) }, "text 1 has 5000 bytes, more than 4096"},
		"mistake":   {func(s *TestSet) { s.Details[0].Mistakes[0].Picture = 2 }, "example 2 of class 0 taken for class 1 is not there"},
		"point":     {func(s *TestSet) { s.Embeddings[0].Points[0].Picture = -1 }, "example -1 of class 0 is not there"},
		"no texts":  {func(s *TestSet) { s.Texts = nil }, ""},
		"one of 10": {func(s *TestSet) { s.Texts = s.Texts[:1] }, "example 1 of class 0 taken for class 1 is not there"},
	} {
		t.Run(name, func(t *testing.T) {
			r := made("one", []string{"plain"}, map[string]results{"plain": {0: 5}})
			set := &r.Evaluations[0].Sets[0]
			set.Texts = []string{"a", "b"}
			set.Details = []Detail{{Arm: "plain", Mistakes: []Mistake{{Picture: 1, Predicted: 1}}}}
			set.Embeddings = []Embedding{{Arm: "plain", Points: []Point{{Picture: 1}}}}
			c.change(set)
			text, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, File), text, 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = Read(dir)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}
