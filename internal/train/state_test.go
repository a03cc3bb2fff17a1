package train

import (
	"os"
	"path/filepath"
	"testing"
)

func TestParseStateRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"step":8,"best_step":4}`:  "",
		`{"step":7}`:                "it is of step 7",
		`{"step":8,"best_step":9}`:  "it names step 9, which was not yet",
		`{"step":8,"good_step":-1}`: "it names step -1, which was not yet",
		`{"step":8`:                 "unexpected end of JSON input",
	} {
		_, err := parseState([]byte(text), 8)
		if got := ""; err != nil && err.Error() != want || err == nil && got != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// Whatever a checkpoint's state holds, it is a state of that step or an error, and a
// policy can go on from it.
func FuzzParseState(f *testing.F) {
	f.Add([]byte(`{"step":8,"best_step":4,"best_score":0.5,"stale":1,"decay_from":6,"curve":[{"step":4,"score":0.5}]}`))
	f.Add([]byte(`{"step":8,"best_step":0,"best_score":0,"stale":0,"decay_from":0,"epochs":[{"epoch":1,"step":4,"values":{"loss":1}}],"sums":{"loss":2},"count":3,"good_step":4}`))
	f.Add([]byte(`{"step":8,"best_step":-4}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, text []byte) {
		state, err := parseState(text, 8)
		if err != nil {
			return
		}
		if state.Step != 8 || state.BestStep > 8 || state.GoodStep > 8 || state.DecayFrom > 8 {
			t.Errorf("state %+v", state)
		}
	})
}

func TestNewestStep(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"step-9", "step-12", "best-40", "step-30.part", "step-x"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for folder, want := range map[string]int{dir: 12, t.TempDir(): 0, filepath.Join(dir, "absent"): 0} {
		if got, err := NewestStep(folder); got != want || err != nil {
			t.Errorf("%s: step %d, error %v, want %d", folder, got, err, want)
		}
	}
}
