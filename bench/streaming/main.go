// Command streaming reads shuffled batches from a prepared data set that is larger
// than the memory that it may use, as training does, and prints how long a step waits
// for them.
//
//	go run ./bench/streaming [-limit 256] [-images 50000] [-step 300ms] [-steps 60] [-state FOLDER]
//
// The limit, in MiB, is that of a control group which the program makes for a process
// of its own, so it needs the right to make one: that of root in most containers. What
// the kernel keeps of files counts. Images are 64x64 in colour, 12 KiB each. README.md
// says what came out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// settings are those of the command line.
type settings struct {
	limit, images, batch, steps int
	step                        time.Duration
	state                       string
	child, cold                 bool
}

func main() {
	var s settings
	flag.IntVar(&s.limit, "limit", 256, "memory of the reading process, in MiB")
	flag.IntVar(&s.images, "images", 50_000, "images of the data set")
	flag.IntVar(&s.batch, "batch", 256, "images of a step")
	flag.IntVar(&s.steps, "steps", 60, "steps")
	flag.DurationVar(&s.step, "step", 300*time.Millisecond, "what a step takes beside reading; it sleeps")
	flag.StringVar(&s.state, "state", filepath.Join(os.TempDir(), "sslpipe-bench-streaming"), "folder for the data set, made once")
	flag.BoolVar(&s.child, "child", false, "read, in the group that is there (for the program itself)")
	flag.BoolVar(&s.cold, "unexpected", false, "do not tell the kernel what is read next (for the program itself)")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "streaming:", err)
		os.Exit(1)
	}
}

func (s settings) run() error {
	if s.child {
		return s.read()
	}
	if err := s.make(); err != nil {
		return fmt.Errorf("make data set: %w", err)
	}
	fmt.Printf("%d images, %d MiB; steps of %d images and %v\n\n", s.images, s.images*stride>>20, s.batch, s.step)
	fmt.Println("| memory | next batch | ms a step waits, mean | most | share | MiB of its own | MiB of files |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|")
	for _, way := range []struct {
		name  string
		limit int
		steps int
		args  []string
	}{
		{"all that there is | told", 0, s.steps, nil},
		{fmt.Sprintf("%d MiB | told", s.limit), s.limit, s.steps, nil},
		{fmt.Sprintf("%d MiB | not told", s.limit), s.limit, min(s.steps, 10), []string{"-unexpected"}},
	} {
		line, err := s.inGroup(way.limit, way.steps, way.args)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s\n", way.name, line)
	}
	return nil
}

// inGroup reads in a process of its own, with so many MiB unless that is 0.
func (s settings) inGroup(limit, steps int, more []string) (line string, err error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	args := append([]string{"-child", "-state", s.state, "-step", s.step.String(),
		fmt.Sprint("-batch=", s.batch), fmt.Sprint("-steps=", steps), fmt.Sprint("-images=", s.images)}, more...)
	child := exec.Command(program, args...)
	child.Stderr = os.Stderr
	var out strings.Builder
	child.Stdout = &out
	if limit > 0 {
		// What the kernel keeps of the file counts where it was first read.
		if err := s.forget(); err != nil {
			return "", err
		}
		group, err := newGroup(limit)
		if err != nil {
			return "", fmt.Errorf("make a control group with %d MiB: %w", limit, err)
		}
		defer func() { err = errors.Join(err, os.Remove(group)) }()
		child.Env = append(os.Environ(), groupVariable+"="+group)
	}
	err = child.Run()
	return strings.TrimSpace(out.String()), err
}
