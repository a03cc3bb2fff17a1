package tf_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// A library is loaded once per process, so what happens before and without it is
// seen in a fresh one: the test binary, started with this variable.
const fresh = "SSLPIPE_TEST_FRESH"

func TestWithoutLibrary(t *testing.T) {
	if os.Getenv(fresh) == "" {
		again := exec.Command(os.Args[0], "-test.run=^TestWithoutLibrary$", "-test.v")
		again.Env = append(os.Environ(), fresh+"=1", tftest.RuntimeVariable+"="+tftest.Dir(t),
			"ONEDNN_MAX_CPU_ISA=SSE41", "ONEDNN_DEFAULT_FPMATH_MODE=BF16", "TF_XLA_FLAGS=--tf_xla_auto_jit=2",
			"OMP_NUM_THREADS=3", "TF_ENABLE_ONEDNN_OPTS=0", "TF_CONFIG={}")
		if out, err := again.CombinedOutput(); err != nil || strings.Contains(string(out), "MLIR") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	before(t)
	missing(t)
	loaded(t)
}

// before calls everything that needs the library.
func before(t *testing.T) {
	g := tf.NewGraph()
	v := g.Variable("v", tf.Float32, tf.Shape{2}, func(g *tf.Graph) tf.Output { return g.Const([]float32{1, 2}) }, true)
	x := g.Placeholder("x", tf.Float32, 2)
	y := g.Unstack(g.Scope("s").Add(x, v.Read()), 0)[1]
	grads := g.Gradients(y, []tf.Output{v.Read()})
	saver := g.Saver(g.Variables())
	wantError(t, g.Err(), "not loaded", "tf.Load", "./sslpipe runtime install cpu")
	g.Group(g.InitOp(), g.Assign(v, grads[0]), grads[0].Op())
	_, err := tf.NewSession(g, tf.SessionOptions{})
	wantError(t, err, "not loaded")
	wantError(t, saver.Save(nil, filepath.Join(t.TempDir(), "w")), "not loaded")
	_, err = tf.FromFloat32s([]float32{1}, 1)
	wantError(t, err, "not loaded")
	_, err = tf.FromStrings([]string{"a"})
	wantError(t, err, "not loaded")
	_, err = tf.Devices()
	wantError(t, err, "not loaded")
	_, err = tf.LoadModel(t.TempDir(), tf.SessionOptions{})
	wantError(t, err, "not loaded")
	wantError(t, tf.ExportSavedModel(filepath.Join(t.TempDir(), "m"), g, nil, "x"), "not loaded")
	if v := tf.Version(); v != "" {
		t.Errorf("the version is %q", v)
	}
}

func missing(t *testing.T) {
	dir := t.TempDir()
	wantError(t, tf.Load(dir), "no TensorFlow library", dir, "./sslpipe runtime install cpu")
	if err := os.Mkdir(filepath.Join(dir, "tensorflow"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "tensorflow", "libtensorflow_cc.so.2")
	if err := os.WriteFile(file, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, tf.Load(dir), "load TensorFlow", "too short", "./sslpipe runtime install cpu")
	framework := filepath.Join(tftest.Dir(t), "tensorflow", "libtensorflow_framework.so.2")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	// A library that lacks functions: TensorFlow's other one.
	if err := os.Symlink(framework, file); err != nil {
		t.Fatal(err)
	}
	wantError(t, tf.Load(dir), "lacks a function: TFE_ContextListDevices", "./sslpipe runtime install cpu")
}

func loaded(t *testing.T) {
	dir := tftest.Dir(t)
	tf.Preload(t.TempDir())
	tf.Preload(dir)
	if v := tf.Version(); v != "" {
		t.Errorf("the version is %q before the library is loaded", v)
	}
	for range 2 {
		if err := tf.Load(dir); err != nil {
			t.Fatal(err)
		}
	}
	if v := tf.Version(); !strings.HasPrefix(v, "2.") {
		t.Errorf("the version is %q", v)
	}
	for name, want := range map[string]string{
		"TF_DETERMINISTIC_OPS": "1", "TF_ENABLE_ONEDNN_OPTS": "1", "TF_OVERRIDE_GLOBAL_THREADPOOL": "1",
		// What a shell says about kernels, precision or threads changes no bits.
		"ONEDNN_MAX_CPU_ISA": "", "ONEDNN_DEFAULT_FPMATH_MODE": "", "TF_XLA_FLAGS": "", "OMP_NUM_THREADS": "", "TF_CONFIG": "{}",
	} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	other := t.TempDir()
	if err := os.Mkdir(filepath.Join(other, "tensorflow"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "tensorflow", "libtensorflow_cc.so.2"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantError(t, tf.Load(other), "already uses")
	if got := tftest.Eval(t, tf.NewGraph()); len(got) != 0 {
		t.Errorf("nothing evaluates to %v", got)
	}
}
