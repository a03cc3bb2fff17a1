package main

import (
	"bytes"
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

// Every command of the README works as it is written, but that its experiments
// are made small.
func TestReadmeCommands(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "pipelines"), os.DirFS(filepath.Join(repository(t), "pipelines"))); err != nil {
		t.Fatal(err)
	}
	for _, command := range readmeCommands(t) {
		args := strings.Fields(command)
		if args[0] == "run" {
			args = append(args, "--var", "epochs=1", "--var", "unlabelled=64", "--var", "labels=[2]", "--var", "seeds=2", "--var", "pretrainings=1", "--var", "max_steps=40")
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
