package view

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
)

func filled() []Filled {
	return []Filled{
		{"In the [MASK] God created [MASK].", "in the beginning god created heaven.", [][]Word{
			{{"beginning", 0.931}, {"day", 0.05}}, {{"heaven", 0.5}, {"##en\x1b", 0.25}},
		}},
		{strings.Repeat("a long text ", 9) + "[MASK]", "", [][]Word{{{"end", 1}}}},
	}
}

// results collects what a writer of results writes.
func results[T any](t *testing.T, list []T, start func(w io.Writer) Results[T]) string {
	t.Helper()
	return render(t, func(w io.Writer) error {
		r := start(w)
		for _, x := range list {
			if err := r.Add(x); err != nil {
				return err
			}
		}
		return r.Close()
	})
}

func TestFilledText(t *testing.T) {
	text := results(t, filled(), func(w io.Writer) Results[Filled] { return FilledText(w, 2, Style{}) })
	noANSI(t, text)
	want := `
text                              place  1st                 2nd
──────────────────────────────────────────────────────────────────────────
In the [MASK] God created [MASK…      1  beginning   93.1 %  day     5.0 %
                                      2  heaven      50.0 %  ##en�  25.0 %
a long text a long text a long …      1  end        100.0 %
`
	if got := "\n" + text; got != want {
		t.Errorf("the table is%s", got)
	}
}

func TestFilledFormats(t *testing.T) {
	text := results(t, filled()[:1], func(w io.Writer) Results[Filled] { return FilledCSV(w) })
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	of := filled()[0].Text
	want := [][]string{
		{"text", "place", "rank", "token", "probability"},
		{of, "1", "1", "beginning", "0.931"}, {of, "1", "2", "day", "0.05"}, {of, "2", "1", "heaven", "0.5"}, {of, "2", "2", "##en\x1b", "0.25"},
	}
	if !slices.EqualFunc(lines, want, slices.Equal) {
		t.Errorf("the lines are %q", lines)
	}
	text = results(t, filled(), func(w io.Writer) Results[Filled] { return FilledJSON(w, "m") })
	var got struct {
		Model string
		Texts []struct {
			Text, Filled string
			Masks        [][]Word
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if got.Model != "m" || len(got.Texts) != 2 || got.Texts[0].Filled != filled()[0].Result || got.Texts[0].Masks[1][1].Probability != 0.25 {
		t.Errorf("the document is %s", text)
	}
}

func TestContinuedFormats(t *testing.T) {
	list := []Continued{{"In the", " beginning"}, {"And\x1b", ", behold"}}
	if got := results(t, list, func(w io.Writer) Results[Continued] { return ContinuedText(w, Style{}) }); got != "In the beginning\n\nAnd�, behold\n" {
		t.Errorf("the text is %q", got)
	}
	if got := results(t, list[:1], func(w io.Writer) Results[Continued] { return ContinuedCSV(w) }); got != "text,continuation\nIn the,\" beginning\"\n" {
		t.Errorf("the lines are %q", got)
	}
	got := results(t, list[:1], func(w io.Writer) Results[Continued] { return ContinuedJSON(w, "m") })
	if want := "{\"model\":\"m\",\"texts\":[\n{\"text\":\"In the\",\"continuation\":\" beginning\"}\n]}\n"; got != want {
		t.Errorf("the document is %q", got)
	}
	if err := ContinuedText(full{}, Style{}).Add(list[0]); err == nil {
		t.Error("a full disk is no error")
	}
}
