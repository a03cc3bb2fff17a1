package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary behave as sslpipe, for tests that need a
// process to kill.
const asProgram = "SSLPIPE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){"sslpipe": main})
}

// repository is the folder of the checkout.
func repository(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// deps is the folder of the installed TensorFlow runtimes.
func deps(t testing.TB) string {
	t.Helper()
	if dir := os.Getenv(depsVariable); dir != "" {
		return dir
	}
	return filepath.Join(repository(t), ".deps")
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv(depsVariable, deps(t))
			e.Setenv("PIPELINES", filepath.Join(repository(t), "pipelines"))
			e.Setenv("RECIPES", filepath.Join(repository(t), "cluster"))
			e.Setenv("TESTDATA", filepath.Join(repository(t), "cmd", "sslpipe", "testdata"))
			return nil
		},
	})
}
