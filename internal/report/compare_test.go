package report

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/metrics"
)

// The arms of the first run come first. The same arm in several runs is there
// once; arms of one name that differ have the number of their run, also where a
// third run repeats what the second had.
func TestArmsOfSeveralRuns(t *testing.T) {
	first := made("one", []string{"plain", "ssl"}, map[string]results{"plain": {0: 5, 1: 5}, "ssl": {0: 7, 1: 7}})
	second := made("two", []string{"plain", "ssl", "new"}, map[string]results{"plain": {0: 5, 1: 5}, "ssl": {0: 8, 1: 8}, "new": {0: 3, 1: 3}})
	third := made("three", []string{"other", "ssl", "new"}, map[string]results{"other": {0: 1, 1: 1}, "ssl": {0: 8, 1: 8}, "new": {0: 4, 1: 4}})
	e := mustCompare(t, first, second, third)
	if got, want := cellsOf(e.Sets[0]), "plain 50 of 2, ssl 70 of 2, ssl@2 80 of 2, new 30 of 2, other 10 of 2, new@3 40 of 2"; got != want {
		t.Errorf("columns %s\nwant    %s", got, want)
	}
	want := []Arm{
		{Name: "plain", Text: "plain of one"}, {Name: "ssl", Text: "ssl of one"}, {Name: "ssl@2", Text: "ssl of two"},
		{Name: "new", Text: "new of two"}, {Name: "other", Text: "other of three"}, {Name: "new@3", Text: "new of three"},
	}
	if diff := cmp.Diff(want, e.Arms); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
	if e.Baseline != "plain" || e.Sets[0].Comparisons[0].Baseline != "plain" || len(e.Sets[0].Runs) != 12 {
		t.Errorf("baseline %s and %s, %d runs", e.Baseline, e.Sets[0].Comparisons[0].Baseline, len(e.Sets[0].Runs))
	}
	for _, w := range e.Sets[0].Comparisons[0].Warnings {
		if w.Concern == metrics.Duplicate {
			t.Errorf("a run is there twice: %s", w)
		}
	}
}

// An arm is the same only if every prediction and every score is, wherever both
// have any; what one of them lacks is taken from the other.
func TestArmsThatDiffer(t *testing.T) {
	plain := results{0: 5, 1: 6}
	for name, c := range map[string]struct {
		change func(e *Evaluation)
		same   bool
		runs   int
	}{
		"nothing":        {func(*Evaluation) {}, true, 2},
		"other images":   {func(e *Evaluation) { e.Sets[0].Runs[0].Right = "0000011111" }, false, 4},
		"another metric": {func(e *Evaluation) { e.Sets[0].Runs[0].Values[metrics.LogLoss] = 1 }, false, 4},
		"another seed":   {func(e *Evaluation) { e.Sets[0].Runs[1].Seed = 2 }, true, 3},
		"other labels":   {func(e *Evaluation) { e.Sets[0].Runs[1].Labels = 10 }, true, 3},
		"one run more":   {func(e *Evaluation) { e.Sets[0].Runs = append(e.Sets[0].Runs, madeRun("plain", 2, 5)) }, true, 3},
		"nothing shared": {func(e *Evaluation) { e.Sets[0].Runs[0].Seed, e.Sets[0].Runs[1].Seed = 7, 8 }, false, 4},
	} {
		other := made("two", []string{"plain"}, map[string]results{"plain": plain})
		c.change(&other.Evaluations[0])
		e := mustCompare(t, made("one", []string{"plain"}, map[string]results{"plain": plain}), other)
		want := []string{"plain", "plain@2"}
		if c.same {
			want = want[:1]
		}
		if got := e.Sets[0].Comparisons[0].Arms; !slices.Equal(got, want) || len(e.Sets[0].Runs) != c.runs {
			t.Errorf("%s: arms %v with %d runs, want %v with %d", name, got, len(e.Sets[0].Runs), want, c.runs)
		}
	}
}

// Seeds 1 and 2 are in both runs: the differences there are 0.8 - 0.6 and
// 0.9 - 0.4, whatever the order of the runs.
func TestPairsAcrossRuns(t *testing.T) {
	first := made("one", []string{"plain"}, map[string]results{"plain": {0: 5, 1: 6, 2: 4}})
	second := made("two", []string{"base", "ssl"}, map[string]results{"base": {1: 2}, "ssl": {1: 8, 2: 9, 3: 10}})
	slices.Reverse(second.Evaluations[0].Sets[0].Runs)
	e := mustCompare(t, first, second)
	c := e.Sets[0].Comparisons[0]
	if !slices.Equal(c.Arms, []string{"plain", "base", "ssl"}) {
		t.Fatalf("arms %v", c.Arms)
	}
	d := c.Rows[0].Cells[2].Difference
	if d == nil || math.Abs(d.Mean-0.35) > 1e-12 || d.Pairs != 2 {
		t.Errorf("difference %+v, want 0.35 over 2 pairs", d)
	}
	want := []string{"run 1: one, TF on cpu", "run 2: two, TF on cpu", "plain: plain of one", "base: base of two", "ssl: ssl of two"}
	if got := c.Protocol[:5]; !slices.Equal(got, want) {
		t.Errorf("protocol %q, want %q", got, want)
	}
}

func TestNotComparable(t *testing.T) {
	plain := map[string]results{"plain": {0: 5}}
	for name, c := range map[string]struct {
		change func(r *Report)
		want   string
	}{
		"test images": {func(r *Report) {
			r.Evaluations[0].Sets[0].Digest, r.Evaluations[0].Sets[0].Classes = "ffff0123456789", []string{"a", "c"}
		}, `not comparable, the test images differ:
  one: 10 of made-up, classes a b, digest 0123456789ab
  two: 10 of made-up, classes a c, digest ffff01234567`},
		"labelled images": {func(r *Report) { r.Evaluations[0].Parts[0].Digest, r.Evaluations[0].Parts[0].Images = "cccc", 41 },
			`not comparable, the images for training differ:
  one: 40 of made-up (train), digest aaaa
  two: 41 of made-up (train), digest cccc`},
		"both": {func(r *Report) { r.Evaluations[0].Parts[0].Digest, r.Evaluations[0].Parts[1].Digest = "cccc", "dddd" },
			`not comparable, the images for training differ:
  one: 40 of made-up (train), digest aaaa
  two: 40 of made-up (train), digest cccc
not comparable, the images for validation differ:
  one: 8 of made-up (validation), digest bbbb
  two: 8 of made-up (validation), digest dddd`},
		"one part more": {func(r *Report) {
			e := &r.Evaluations[0]
			e.Parts = append(e.Parts, Part{Purpose: "training", Name: "extra", Split: "train", Images: 3, Digest: "eeee"})
		}, `not comparable, the images for training differ:
  one: 40 of made-up (train), digest aaaa
  two: 3 of extra (train), digest eeee; 40 of made-up (train), digest aaaa`},
		"no test set":   {func(r *Report) { r.Evaluations[0].Sets = nil }, "run two has no test set"},
		"no evaluation": {func(r *Report) { r.Evaluations = nil }, "run two has no evaluation"},
		"other evaluations": {func(r *Report) {
			r.Evaluations = []Evaluation{{Name: "a"}, {Name: "b"}}
		}, `run two has several evaluations, none called "report"`},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := made("one", []string{"plain"}, plain), made("two", []string{"plain"}, plain)
			c.change(second)
			_, err := Compare([]*Report{first, second})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
	empty := &Report{Run: "zero"}
	if _, err := Compare([]*Report{empty, made("two", []string{"plain"}, plain)}); err == nil || err.Error() != "run zero has no evaluation" {
		t.Errorf("error %v", err)
	}
}

// What the labels were not drawn from may differ, as images for pre-training, and
// so may the order in which the parts are listed.
func TestOtherPretrainingIsComparable(t *testing.T) {
	plain := map[string]results{"plain": {0: 5}}
	second := made("two", []string{"plain"}, plain)
	parts := append(second.Evaluations[0].Parts, Part{Purpose: "pre-training", Name: "other", Split: "unlabelled", Images: 9, Digest: "9999"})
	slices.Reverse(parts)
	second.Evaluations[0].Parts = parts
	mustCompare(t, made("one", []string{"plain"}, plain), second)
}

// Of a run with several evaluations the one of the same name counts; a run's only
// one counts whatever its name.
func TestComparesTheEvaluationOfTheSameName(t *testing.T) {
	first := made("one", []string{"plain"}, map[string]results{"plain": {0: 5}})
	second := made("two", []string{"ssl"}, map[string]results{"ssl": {0: 8}})
	other := made("two", []string{"wrong"}, map[string]results{"wrong": {0: 1}}).Evaluations[0]
	other.Name = "aside"
	second.Evaluations = append([]Evaluation{other}, second.Evaluations...)
	if got := cellsOf(mustCompare(t, first, second).Sets[0]); got != "plain 50 of 1, ssl 80 of 1" {
		t.Error(got)
	}
	second.Evaluations = second.Evaluations[:1]
	if got := cellsOf(mustCompare(t, first, second).Sets[0]); got != "plain 50 of 1, wrong 10 of 1" {
		t.Error(got)
	}
}

// Further test sets of the first run are compared with those runs that have the
// same images there.
func TestFurtherTestSets(t *testing.T) {
	with := func(name, arm, digest string, right int) *Report {
		r := made(name, []string{arm}, map[string]results{arm: {0: right}})
		more := made(name, []string{arm}, map[string]results{arm: {0: right - 1}}).Evaluations[0].Sets[0]
		more.Name, more.Digest = "more", digest
		r.Evaluations[0].Sets = append(r.Evaluations[0].Sets, more)
		return r
	}
	e := mustCompare(t, with("one", "plain", "m", 5), with("two", "same", "m", 6), with("three", "other", "n", 7),
		made("four", []string{"none"}, map[string]results{"none": {0: 8}}))
	if len(e.Sets) != 2 || e.Sets[1].Name != "more" {
		t.Fatalf("%d sets", len(e.Sets))
	}
	for i, want := range []string{
		"plain 50 of 1, same 60 of 1, other 70 of 1, none 80 of 1",
		"plain 40 of 1, same 50 of 1, other 0 of 0, none 0 of 0",
	} {
		if got := cellsOf(e.Sets[i]); got != want {
			t.Errorf("set %d: %s, want %s", i, got, want)
		}
	}
}

// The same runs give the same document every time.
func TestComparisonIsTheSameEveryTime(t *testing.T) {
	runs := []*Report{
		made("one", []string{"a", "b", "c"}, map[string]results{"a": {0: 5, 1: 6}, "b": {0: 4, 1: 7}, "c": {0: 3, 1: 9}}),
		made("two", []string{"c", "b", "a"}, map[string]results{"a": {0: 5, 1: 6}, "b": {0: 4, 1: 8}, "c": {0: 2, 1: 9}}),
		made("three", []string{"b", "a", "c"}, map[string]results{"a": {0: 1, 1: 6}, "b": {0: 4, 1: 8}, "c": {0: 2, 1: 9}}),
	}
	var first string
	for range 10 {
		text, err := json.Marshal(mustCompare(t, runs...))
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(text)
		}
		if string(text) != first {
			t.Fatalf("one document is %s\nand the next %s", first, text)
		}
	}
	if got, want := fmt.Sprint(mustCompare(t, runs...).Sets[0].Comparisons[0].Arms), "[a b c c@2 b@2 a@3]"; got != want {
		t.Errorf("arms %s, want %s", got, want)
	}
}
