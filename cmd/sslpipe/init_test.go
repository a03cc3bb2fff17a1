package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/starter"
)

// pictures makes n images of each of some folders, all of one size.
func pictures(t *testing.T, side, n int, folders ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "images")
	for f, folder := range folders {
		for i := range n {
			m := image.NewGray(image.Rect(0, 0, side, side))
			m.SetGray(i%side, i/side, color.Gray{uint8(f + 1)})
			var file bytes.Buffer
			if err := png.Encode(&file, m); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, folder, fmt.Sprint(i, ".png"))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// Whatever the images and the task are, the pipeline is valid, without a warning.
func TestInitWritesValidPipelines(t *testing.T) {
	for name, images := range map[string]string{
		"large":   pictures(t, 300, 12, "train/a", "train/b", "test/a", "test/b"),
		"small":   pictures(t, 11, 9, `say "${x}"`, "b ü'c"),
		"middle":  pictures(t, 50, 20, "0", "1", "2", "unlabelled"),
		"flat":    pictures(t, 33, 5, "."),
		"one":     pictures(t, 28, 9, "train/only"),
		"dropped": pictures(t, 40, 8, "train/a", "train/b", "train/c", "val/a", "val/b"),
	} {
		for _, pretext := range starter.Pretexts() {
			file := filepath.Join(t.TempDir(), "x.hcl")
			var stdout, stderr bytes.Buffer
			if code := execute([]string{"init", images, "--out", file, "--pretext", pretext}, nil, &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
				t.Fatalf("init of %s: exit code %d\n%s", name, code, &stderr)
			}
			if code := execute([]string{"validate", file}, nil, &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
				t.Errorf("%s with %s: exit code %d\n%s", name, pretext, code, &stderr)
			}
		}
	}
}

func TestPipelineName(t *testing.T) {
	for images, want := range map[string]string{
		"photos": "photos", "My Photos (2020)": "my-photos-2020", "a.b.tar.gz": "a-b", "x.TGZ": "x-tgz", "x.tar.zst": "x",
		"Füße": "füße", "..": "pipeline", "/": "pipeline", "$(rm -r)": "rm--r", "set_1.zip": "set_1",
	} {
		if got := pipelineName(images); got != want {
			t.Errorf("%q makes %q, want %q", images, got, want)
		}
	}
}
