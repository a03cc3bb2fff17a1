package train

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestTraceKeepsEveryBit(t *testing.T) {
	want := Trace{0.1, -2, 1e-42, math.MaxFloat32, float32(math.Copysign(0, -1))}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != `"zczMPQAAAMDKAgAA//9/fwAAAIA="` {
		t.Errorf("it is written as %s", got)
	}
	var got Trace
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	bits := func(t Trace) (all []uint32) {
		for _, x := range t {
			all = append(all, math.Float32bits(x))
		}
		return all
	}
	if !slices.Equal(bits(got), bits(want)) {
		t.Errorf("%v became %v", want, got)
	}
	for _, damaged := range []string{`"zczMPQA="`, `"?"`, `7`} {
		if err := json.Unmarshal([]byte(damaged), &got); err == nil {
			t.Errorf("%s is read as %v", damaged, got)
		}
	}
}

func TestTraceAsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "losses.csv")
	if err := (Trace{1.3862944, 0.1, 1e-9}).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if want := "step,loss\n1,1.3862944\n2,0.1\n3,1e-09\n"; err != nil || string(text) != want {
		t.Errorf("the file is %q (%v), want %q", text, err, want)
	}
}
