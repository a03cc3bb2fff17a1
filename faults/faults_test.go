package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if only := os.Getenv(shimVariable); only != "" {
		fmt.Fprintln(os.Stderr, shim(callSet(only)))
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == asVictim {
		os.Exit(victim(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// TestNothingIsLost is the short form of make faults: one fault of each kind.
func TestNothingIsLost(t *testing.T) {
	lab, err := NewLab(t.Context(), LabOptions{Count: 1, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer lab.Close()
	for _, s := range scenarios {
		if s.Long {
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			var tally Tally
			if err := s.Run(t.Context(), lab, &tally); err != nil {
				t.Fatal(err)
			}
			if tally.skipped != "" {
				t.Skip(tally.skipped)
			}
			for _, what := range tally.lost {
				t.Error(what)
			}
			if tally.survived == 0 {
				t.Error("no fault was injected")
			}
		})
	}
}

func TestSummary(t *testing.T) {
	var lucky, not, absent Tally
	lucky.Survived()
	lucky.Survived()
	lucky.Note("3 kinds of call")
	not.Survived()
	not.Lost("kill -9 after %d ms: a is missing", 7)
	absent.Skip("no rights")
	var out bytes.Buffer
	summarise(&out, []result{{"kill", &not, 1.4}, {"crash", &lucky, 2}, {"disk-full", &absent, 0}})
	const want = `scenario     injected survived   lost  seconds
kill                2        1      1        1
crash               2        2      0        2  3 kinds of call
disk-full           0        0      0        0  skipped: no rights
all                 4        3      1        3
LOST kill: kill -9 after 7 ms: a is missing
`
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.TrimRight(line, " \n")+"\n")
	}
	if strings.Join(got, "") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, ""), want)
	}
}

// A mistaken command line injures nothing.
func TestMistakes(t *testing.T) {
	for _, args := range [][]string{{"kill"}, {"--count", "0"}, {"--only", "("}} {
		var out, errs bytes.Buffer
		if code := execute(t.Context(), args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%v: exit code %d, %q", args, code, errs.String())
		}
	}
}

func TestPointsAreSpreadOverClasses(t *testing.T) {
	points := []point{{"write a", 0}, {"write a", 1}, {"write a", 2}, {"fsync a", 0}, {"rename a", 0}, {"rename a", 1}}
	for n, want := range map[int]string{
		2: "[write a (no. 1) fsync a (no. 1)]",
		4: "[write a (no. 1) fsync a (no. 1) rename a (no. 1) write a (no. 2)]",
		9: "[write a (no. 1) fsync a (no. 1) rename a (no. 1) write a (no. 2) rename a (no. 2) write a (no. 3)]",
	} {
		if got := fmt.Sprint(choose(points, n)); got != want {
			t.Errorf("%d of them: %s, want %s", n, got, want)
		}
	}
}
