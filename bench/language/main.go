// Command language measures how long the program takes to read, plan and look up
// pipelines, as whole processes, against an empty Go program.
//
//	go run ./bench/language [-program bin/sslpipe] [-state FOLDER] [-rounds 20] [-samples FILE.json]
//
// It runs every command once in each round, so that what else the machine does
// falls on all of them, and prints medians with quartiles. README.md says what the
// goals are, and what came out. It runs from the root of the checkout.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pipeline is the file that is measured; its variables make it larger.
const pipeline = "pipelines/rotation.hcl"

// small makes a run of the pipeline short, for results to be found later.
var small = []string{"--var", "epochs=1", "--var", "pretrainings=1", "--var", "max_steps=60", "--var", "unlabelled=500"}

// command is what is measured, with the milliseconds that it may take.
type command struct {
	name string
	args []string
	goal float64 // 0 for none
}

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	program := flag.String("program", "bin/sslpipe", "the program to measure")
	state := flag.String("state", filepath.Join(os.TempDir(), "sslpipe-bench-language"), "folder of stored results, filled if need be")
	rounds := flag.Int("rounds", 20, "times that each command runs")
	file := flag.String("samples", "", "write all times to this file, as JSON")
	flag.Parse()
	empty, err := buildEmpty(*state)
	if err != nil {
		return fmt.Errorf("build an empty program: %w", err)
	}
	cached := append([]string{*program, "run", pipeline, "--state", *state, "--models", filepath.Join(*state, "models")}, small...)
	fmt.Fprintln(out, "filling the store, once: 1 to 5 minutes")
	if _, err := once(cached); err != nil {
		return err
	}
	sized := func(seeds int) []string {
		return []string{*program, "plan", pipeline, "--state", *state, "--var", fmt.Sprint("seeds=", seeds), "--var", "labels=[5,10,20,50]"}
	}
	commands := []command{
		{"an empty Go program", []string{empty}, 0},
		{"validate, 10 stages, 65 units", []string{*program, "validate", pipeline}, 30},
		{"plan, 10 stages, 65 units", []string{*program, "plan", pipeline, "--state", *state}, 30},
		{"plan, 10 stages, 1,007 units", sized(50), 200},
		{"plan, 10 stages, 10,007 units", sized(500), 0},
		{"run, all 65 units stored", cached, 150},
	}
	samples, err := measure(commands, *rounds)
	if err != nil {
		return err
	}
	table(out, commands, samples)
	if *file != "" {
		if err := write(*file, commands, samples); err != nil {
			return err
		}
	}
	growth(out, samples[2], samples[3], samples[4])
	return loaded(out, *program, *state, cached)
}

// buildEmpty builds the program that everything is compared with.
func buildEmpty(state string) (string, error) {
	dir := filepath.Join(state, "empty")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for name, text := range map[string]string{"go.mod": "module empty\n", "main.go": "package main\n\nfunc main() {}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	build := exec.Command("go", "build", "-o", "empty", ".")
	build.Dir = dir
	text, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, text)
	}
	return filepath.Join(dir, "empty"), nil
}

// spent is what one process took, in milliseconds.
type spent struct{ wall, cpu float64 }

// once runs a command to its end.
func once(args []string) (spent, error) {
	cmd := exec.Command(args[0], args[1:]...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return spent{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	wall := time.Since(began)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return spent{1e3 * wall.Seconds(), 1e3 * cpu.Seconds()}, nil
}

// measure runs all commands in turn.
func measure(commands []command, rounds int) ([][]spent, error) {
	samples := make([][]spent, len(commands))
	for range rounds {
		for i, c := range commands {
			s, err := once(c.args)
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], s)
		}
	}
	return samples, nil
}
