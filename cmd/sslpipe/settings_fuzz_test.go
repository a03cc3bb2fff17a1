package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Whatever a settings file holds, it is settings that can be worked with or an error
// that names the file or what it says.
func FuzzSettings(f *testing.F) {
	f.Add([]byte("device: cpu\njobs: 2\nstate: s\nmodels: m\ngpu-units: 1\nmemory: 8GiB\ncheckpoint-every: 15s\n"))
	f.Add([]byte("jobs: -1\n"))
	f.Add([]byte("unknown: 1\n"))
	f.Add([]byte("a: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]\n"))
	f.Add([]byte("jobs: [1\n"))
	f.Add([]byte("checkpoint-every: -1\nmemory: 1e300TB\n"))
	f.Add([]byte("store: s3://me:secret@bucket/x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		t.Chdir(t.TempDir())
		t.Setenv("XDG_CONFIG_HOME", t.TempDir())
		if err := os.WriteFile("sslpipe.yaml", text, 0o644); err != nil {
			t.Fatal(err)
		}
		s := newSettings()
		flags := pflag.NewFlagSet("x", pflag.ContinueOnError)
		flags.SetOutput(io.Discard)
		s.addFlags(flags)
		err := s.load(flags)
		switch {
		case err == nil && (s.Jobs < 1 || s.GPUUnits < 1 || s.CheckpointEvery < 0 || s.memory < 0 || !slices.Contains(devices, s.Device)):
			t.Errorf("settings %+v", s)
		case err != nil && !strings.Contains(err.Error(), "sslpipe.yaml") && !strings.Contains(err.Error(), "must be") && !strings.Contains(err.Error(), "there is no device") && !strings.Contains(err.Error(), "memory is") && !strings.Contains(err.Error(), "of the store"):
			t.Errorf("the error names nothing: %v", err)
		}
	})
}
