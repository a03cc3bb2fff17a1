package tf_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// variable makes a float32 vector variable of wave values.
func variable(g *tf.Graph, name string, n int, phase float64) *tf.Variable {
	return g.Variable(name, tf.Float32, tf.Shape{int64(n)}, func(g *tf.Graph) tf.Output { return g.Const(wave(n, phase)) }, true)
}

func TestSaveAndRestore(t *testing.T) {
	g := newGraph(t)
	a := variable(g, "a/kernel", 5, 1)
	step := g.Variable("optimizer/step", tf.Int64, tf.Shape{}, func(g *tf.Graph) tf.Output { return g.Const(int64(7)) }, false)
	change := g.Group(g.Assign(a, g.Mul(a.Read(), g.Scalar(3))), g.AssignAdd(step, g.Const(int64(1))))
	all, part := g.Saver(g.Variables()), g.Saver([]*tf.Variable{a})
	s := tftest.Session(t, g)
	read := func() ([]float32, int64) {
		t.Helper()
		out, err := s.Run(nil, []tf.Output{a.Read(), step.Read()})
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Float32s(), out[1].Int64s()[0]
	}
	prefix := filepath.Join(t.TempDir(), "deep", "step-7", "weights")
	if err := all.Save(s, prefix); err != nil {
		t.Fatal(err)
	}
	index, err := tf.ReadIndex(prefix)
	if err != nil || len(index) != 2 || index["a/kernel"].DType != tf.Float32 || !slices.Equal(index["a/kernel"].Shape, tf.Shape{5}) ||
		index["optimizer/step"].DType != tf.Int64 || len(index["optimizer/step"].Shape) != 0 {
		t.Errorf("the index is %v, %v", index, err)
	}
	for _, sv := range []*tf.Saver{all, part} {
		if _, err := s.Run(nil, nil, change); err != nil {
			t.Fatal(err)
		}
		if v, _ := read(); slices.Equal(v, wave(5, 1)) {
			t.Fatal("the step changed nothing")
		}
		if err := sv.Restore(s, prefix); err != nil {
			t.Fatal(err)
		}
		if v, _ := read(); !slices.Equal(v, wave(5, 1)) {
			t.Errorf("restored %v", v)
		}
	}
	if _, n := read(); n != 8 {
		t.Errorf("the step is %d: restoring a part should leave the rest", n)
	}
}

// A restore that does not fit changes nothing and lists everything.
func TestRestoreListsAllMismatches(t *testing.T) {
	g := newGraph(t)
	vars := []*tf.Variable{variable(g, "same", 2, 1), variable(g, "longer", 3, 1), variable(g, "other", 2, 1)}
	s := tftest.Session(t, g)
	prefix := filepath.Join(t.TempDir(), "w")
	if err := g.Saver(vars).Save(s, prefix); err != nil {
		t.Fatal(err)
	}
	h := tf.NewGraph()
	for _, n := range []string{"same", "longer", "new"} {
		variable(h, n, 2, 2)
	}
	h.Variable("other", tf.Int32, tf.Shape{2}, func(g *tf.Graph) tf.Output { return g.Ints(1, 2) }, false)
	saver := h.Saver(h.Variables())
	into := tftest.Session(t, h)
	wantError(t, saver.Restore(into, prefix), "restore checkpoint", "3 of 4 variables do not fit",
		"longer is float32 [3], not float32 [2]", "new is missing", "other is float32 [2], not int32 [2]")
	out, err := into.Run(nil, []tf.Output{h.Variables()[0].Read()})
	if err != nil || !slices.Equal(out[0].Float32s(), wave(2, 2)) {
		t.Errorf("a refused restore changed a variable to %v, %v", out, err)
	}
	wantError(t, saver.Restore(into, prefix+"-absent"), "no such file")
	wantError(t, tf.NewGraph().Saver(nil).Save(into, prefix), "no variables")
}

func TestRestoreOfDamagedFiles(t *testing.T) {
	g := newGraph(t)
	saver := g.Saver([]*tf.Variable{variable(g, "v", 1000, 1)})
	s := tftest.Session(t, g)
	for name, damage := range map[string]func(data, index []byte) ([]byte, []byte){
		"truncated data":  func(data, index []byte) ([]byte, []byte) { return data[:2000], index },
		"changed data":    func(data, index []byte) ([]byte, []byte) { data[99] ^= 1; return data, index },
		"truncated index": func(data, index []byte) ([]byte, []byte) { return data, index[:len(index)-9] },
		"changed index":   func(data, index []byte) ([]byte, []byte) { index[20] ^= 1; return data, index },
	} {
		t.Run(name, func(t *testing.T) {
			prefix := filepath.Join(t.TempDir(), "w")
			if err := saver.Save(s, prefix); err != nil {
				t.Fatal(err)
			}
			files := []string{prefix + ".data-00000-of-00001", prefix + ".index"}
			var content [2][]byte
			for i, f := range files {
				var err error
				if content[i], err = os.ReadFile(f); err != nil {
					t.Fatal(err)
				}
			}
			content[0], content[1] = damage(content[0], content[1])
			for i, f := range files {
				if err := os.WriteFile(f, content[i], 0o644); err != nil {
					t.Fatal(err)
				}
			}
			wantError(t, saver.Restore(s, prefix), "restore checkpoint")
		})
	}
}

// fullDisk makes the test binary, started anew, save where no file may grow.
const fullDisk = "SSLPIPE_TEST_FULL_DISK"

func TestSaveReportsAFullDisk(t *testing.T) {
	if prefix := os.Getenv(fullDisk); prefix != "" {
		saveWithoutSpace(t, prefix)
		return
	}
	dir := t.TempDir()
	again := exec.Command(os.Args[0], "-test.run=^TestSaveReportsAFullDisk$", "-test.v")
	again.Env = append(os.Environ(), fullDisk+"="+filepath.Join(dir, "w"), tftest.RuntimeVariable+"="+tftest.Dir(t))
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "saving says: save checkpoint") {
		t.Errorf("saving to a full disk: %v\n%s", err, out)
	}
}

func saveWithoutSpace(t *testing.T, prefix string) {
	g := newGraph(t)
	saver := g.Saver([]*tf.Variable{variable(g, "v", 100_000, 1)})
	s := tftest.Session(t, g)
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
		t.Fatal(err)
	}
	if err := saver.Save(s, prefix); err != nil {
		t.Logf("saving says: %v", err)
	}
}
