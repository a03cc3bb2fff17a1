package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// readmeCommands are the lines of README.md's shell blocks that start the
// program, without its name.
func readmeCommands(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllSubmatch(text, -1) {
		for line := range strings.Lines(string(block[1])) {
			if args, ok := strings.CutPrefix(strings.TrimSpace(line), "./sslpipe "); ok {
				commands = append(commands, args)
			}
		}
	}
	if len(commands) < 5 {
		t.Fatalf("README.md has only the commands %q", commands)
	}
	return commands
}

// writePhotos makes the folder that the README takes for one's own images: two
// classes that differ in brightness.
func writePhotos(t *testing.T, dir string) {
	t.Helper()
	for class, name := range []string{"cats", "dogs"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for n := range 100 {
			picture := image.NewGray(image.Rect(0, 0, 32, 32))
			for i := range picture.Pix {
				picture.Pix[i] = byte(100*class + (7*i+n*n+i*n)%101)
			}
			f, err := os.Create(filepath.Join(dir, name, fmt.Sprintf("%d.png", n)))
			if err == nil {
				err = errors.Join(png.Encode(f, picture), f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Every command of the README works as it is written, but that its experiments
// are made small.
func TestReadmeCommands(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "pipelines"), os.DirFS(filepath.Join(repository(t), "pipelines"))); err != nil {
		t.Fatal(err)
	}
	writePhotos(t, filepath.Join(dir, "photos"))
	small := []byte("epochs = 1\nunlabelled = 64\nlabels = [2]\nseeds = 2\npretrainings = 1\nmax_steps = 40\n")
	for _, folder := range []string{".", "pipelines"} {
		if err := os.WriteFile(filepath.Join(dir, folder, "small.auto.hcl"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, command := range readmeCommands(t) {
		var args []string
		for _, word := range regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command, -1) {
			args = append(args, strings.Trim(word, "'"))
		}
		if args[0] == "verify" {
			args = append(args, "--sample", "3")
		}
		cmd := program(t, dir, args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("sslpipe %s: %v\n%s", command, err, &stderr)
		}
		if len(out) == 0 {
			t.Errorf("sslpipe %s printed nothing", command)
		}
	}
}
