package view

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/run"
)

func TestRuns(t *testing.T) {
	past := []run.Past{
		{Name: "20261125T101500Z-rotation", Finished: true, Seconds: 381, Counts: run.Counts{Units: 67, Cached: 1, Executed: 66}},
		{Name: "20261125T103000Z-simclr", Finished: true, Seconds: 12, Error: "interrupted: 3 of 9 units are done, 6 remain", Counts: run.Counts{Units: 9, Executed: 3, Remaining: 6}},
		{Name: "20261125T103100Z-moco", Finished: true, Seconds: 2, Error: "pretrain.moco: disk full", Counts: run.Counts{Units: 9, Remaining: 9}},
		{Name: "20261125T110000Z-rotation"},
		{Name: "imported-moco-0123456789ab", Imported: true},
	}
	var out bytes.Buffer
	if err := Runs(&out, past, Style{}); err != nil {
		t.Fatal(err)
	}
	want := `run                         state           units  cached    took
─────────────────────────────────────────────────────────────────
20261125T101500Z-rotation   done         67 of 67       1    6:21
20261125T103000Z-simclr     interrupted    3 of 9       0  12.0 s
20261125T103100Z-moco       failed         0 of 9       0   2.0 s
20261125T110000Z-rotation   unfinished          -       -       -
imported-moco-0123456789ab  imported            -       -       -
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
	out.Reset()
	if err := Runs(&out, nil, Style{}); err != nil || out.String() != "There are no runs here yet.\n" {
		t.Errorf("without runs: %q, %v", out.String(), err)
	}
}
