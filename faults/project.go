package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed pipeline.hcl
var pipelineText string

const (
	pipelineFile = "tiny.hcl"
	// A checkpoint after every step.
	checkpointEvery = "1ns"
)

// Project is a folder in which the program runs on the pipeline.
type Project struct {
	Dir string
	lab *Lab
}

// fill writes the pipeline and the folder for temporary files.
func (p *Project) fill() error {
	if err := os.Mkdir(p.temp(), 0o777); err != nil {
		return err
	}
	return p.writePipeline()
}

func (p *Project) writePipeline() error {
	text := strings.NewReplacer("{{URL}}", p.lab.URL, "{{SHA256}}", p.lab.archive.sha256).Replace(pipelineText)
	return os.WriteFile(filepath.Join(p.Dir, pipelineFile), []byte(text), 0o666)
}

// Outcome is how a process ended and what it said.
type Outcome struct {
	Code           int // -1: by a signal
	Stdout, Stderr string
}

// err is what a process that should have succeeded said.
func (o Outcome) err() error {
	return fmt.Errorf("exit code %d:\n%s", o.Code, strings.TrimSpace(o.Stderr))
}

// temp is the folder for temporary files, inside the project so that one that
// stays behind is found.
func (p *Project) temp() string { return filepath.Join(p.Dir, "tmp") }

// runArgs are the command line that runs the pipeline, with more flags.
func runArgs(flags ...string) []string {
	return append([]string{"run", pipelineFile, "--device", "cpu", "--checkpoint-every", checkpointEvery}, flags...)
}

// Command returns a process of the program in the project, not yet started.
func (p *Project) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.lab.Program, args...)
	cmd.Dir, cmd.Env = p.Dir, p.environment()
	return cmd
}

// environment is that of the caller without settings for the program.
func (p *Project) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "SSLPIPE_") })
	deps := os.Getenv("SSLPIPE_DEPS")
	if deps == "" {
		deps = filepath.Join(p.lab.Repo, ".deps")
	}
	return append(env, "SSLPIPE_DEPS="+deps, "TMPDIR="+p.temp(), "XDG_CONFIG_HOME="+p.temp())
}

// Run runs the program to its end; without arguments, the pipeline.
func (p *Project) Run(ctx context.Context, args ...string) Outcome {
	if len(args) == 0 {
		args = runArgs("--jobs", "1")
	}
	return finish(p.Command(ctx, args...))
}

// finish starts a process and waits for its end.
func finish(cmd *exec.Cmd) Outcome {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	o := Outcome{Stdout: stdout.String(), Stderr: stderr.String()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		o.Code = exit.ExitCode()
	case err != nil:
		o.Code, o.Stderr = -1, o.Stderr+err.Error()
	}
	return o
}

// Remove removes the folder, unless the lab keeps all.
func (p *Project) Remove() {
	if !p.lab.Keep {
		_ = os.RemoveAll(p.Dir)
	}
}
