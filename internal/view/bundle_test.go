package view

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/bundle"
)

func TestBundles(t *testing.T) {
	m := &bundle.Manifest{Program: "sslpipe, build 0123", Pipeline: "toy", Files: []bundle.File{
		{Name: "config.json", Size: 12}, {Name: "models/pretrain.rotation/1/variables/variables.data-00000-of-00001", Size: 1_640_000},
	}}
	var out bytes.Buffer
	for _, write := range []func() error{
		func() error {
			return Exported(&out, "x.tar.zst", &bundle.Written{Manifest: m, Size: 900_000, SHA256: "ab"})
		},
		func() error { return BundleList(&out, m, 900_000, "ab", Style{}) },
		func() error { return Imported(&out, "imported-toy-ab", ".sslpipe/runs/imported-toy-ab", true) },
		func() error { return Imported(&out, "imported-toy-ab", ".sslpipe/runs/imported-toy-ab", false) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	want := `x.tar.zst: 2 files, 900 kB (1.64 MB unpacked)
sha256 ab
A run of toy, written by sslpipe, build 0123: 2 files, 900 kB (1.64 MB unpacked)
sha256 ab

   size  file
───────────────────────────────────────────────────────────────────────────
   12 B  config.json
1.64 MB  models/pretrain.rotation/1/variables/variables.data-00000-of-00001
Imported as imported-toy-ab, in .sslpipe/runs/imported-toy-ab.
Its numbers: sslpipe show imported-toy-ab
To run it again and compare: sslpipe verify imported-toy-ab
This bundle was imported before, as imported-toy-ab. Nothing was changed.
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
