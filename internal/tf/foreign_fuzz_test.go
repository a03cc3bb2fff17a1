package tf

import (
	"os"
	"testing"
)

// Whatever a file holds, looking at it is an answer or an error.
func FuzzForeignModel(f *testing.F) {
	for _, style := range []string{"export", "save"} {
		raw, err := os.ReadFile("testdata/keras_tiny/" + style + "/saved_model.pb")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		info, err := parseModel(raw)
		if err != nil {
			return
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
