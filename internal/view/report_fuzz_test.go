package view

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/plot/vg/vgsvg"

	"sslpipe/internal/report"
)

// A report that somebody has changed in one place is refused when it is read, or
// can be written in every form.
func FuzzReport(f *testing.F) {
	// A little of everything, so that most changes are of another kind of value.
	whole := made(plainNames)
	e := &whole.Evaluations[0]
	e.Sets, e.Trainings, whole.Pretrainings = e.Sets[:1], e.Trainings[:1], whole.Pretrainings[:1]
	set := &e.Sets[0]
	set.Embeddings, set.Runs, set.Details = set.Embeddings[:1], set.Runs[:4], set.Details[:2]
	set.Embeddings[0].Points = set.Embeddings[0].Points[:12]
	set.Embeddings[0].Neighbours = []report.Neighbours{{Of: 0, Nearest: []int{1, 2}}}
	text, err := json.Marshal(whole)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(0), byte(0), int64(0))
	f.Add(uint16(100), byte(1), int64(-1))
	f.Add(uint16(500), byte(2), int64(1<<40))
	f.Fuzz(func(t *testing.T, which uint16, change byte, number int64) {
		var tree any
		if err := json.Unmarshal(text, &tree); err != nil {
			t.Fatal(err)
		}
		left := int(which)
		tree = changed(tree, &left, change, number)
		altered, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, report.File), altered, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := report.Read(dir)
		if err != nil {
			return
		}
		for _, write := range reportFormats(r) {
			_ = write(io.Discard) // an error is an answer
		}
		for i := range r.Evaluations {
			for j := range r.Evaluations[i].Sets {
				for _, d := range drawingsOf(&r.Evaluations[i], &r.Evaluations[i].Sets[j]) {
					// To pack the pixels of a PNG takes ten times as long as the rest.
					_, _ = d.render(vgsvg.New(d.width, d.height))
				}
			}
		}
	})
}

// changed replaces the value that is left values further on, in the order of the
// document.
func changed(tree any, left *int, change byte, number int64) any {
	if *left == 0 {
		*left--
		switch change % 6 {
		case 0:
			return nil
		case 1:
			return number
		case 2:
			return []any{}
		case 3:
			return []any{tree, tree}
		case 4:
			return "../x"
		}
		return map[string]any{}
	}
	*left--
	switch x := tree.(type) {
	case []any:
		for i := range x {
			if *left >= 0 {
				x[i] = changed(x[i], left, change, number)
			}
		}
	case map[string]any:
		keys := make([]string, 0, len(x))
		for key := range x {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			if *left >= 0 {
				x[key] = changed(x[key], left, change, number)
			}
		}
	}
	return tree
}
