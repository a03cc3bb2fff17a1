package tf

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever a file holds, looking at it is an answer or an error.
func FuzzForeignModel(f *testing.F) {
	for _, models := range []string{"testdata/keras_tiny/*/saved_model.pb", "testdata/hostile/*/saved_model.pb"} {
		files, err := filepath.Glob(models)
		if err != nil || len(files) == 0 {
			f.Fatal(models, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		info, err := parseModel(raw)
		if err != nil {
			return
		}
		// What TensorFlow's loader may open has nothing in it that is not known.
		if checkLoading(info.meta) == nil {
			for _, n := range info.meta.GetGraphDef().GetNode() {
				if op := n.GetOp(); !computing[op] && !idle[op] && !savers[op] {
					t.Errorf("%s is loaded", op)
				}
			}
		}
		call, err := info.ImageCall("", "")
		if err != nil {
			return
		}
		c := &checkpoint{index: map[string]IndexEntry{}}
		if m, err := openForeign(info, call, c); err == nil && len(m.vars) > 0 {
			t.Error("variables have values, and there is no checkpoint")
		}
	})
}
