package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// injury is what becomes of a file.
type injury struct {
	what string
	to   func(data []byte, r *rand.Rand) []byte
}

var injuries = []injury{
	{"a flipped bit", func(data []byte, r *rand.Rand) []byte {
		if len(data) > 0 {
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
		return data
	}},
	{"a cut", func(data []byte, r *rand.Rand) []byte { return data[:r.IntN(len(data)+1)/2] }},
	{"a byte appended", func(data []byte, _ *rand.Rand) []byte { return append(data, 'x') }},
}

// injure changes a file in place, whoever may write it.
func (i injury) injure(path string, r *rand.Rand) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, i.to(data, r), 0o644)
}

// copyTo makes another project of the same content.
func (p *Project) copyTo(name string) (*Project, error) {
	other := &Project{lab: p.lab, Dir: filepath.Join(p.lab.Dir, name)}
	return other, os.CopyFS(other.Dir, os.DirFS(p.Dir))
}

// finished returns a project whose run has ended.
func (l *Lab) finished(ctx context.Context, name string) (*Project, error) {
	p, err := l.Project(ctx, name)
	if err != nil {
		return nil, err
	}
	if o := p.Run(ctx); o.Code != 0 {
		return nil, o.err()
	}
	return p, nil
}

// glob returns the paths in a project that match a pattern.
func (p *Project) glob(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(p.Dir, filepath.FromSlash(pattern)))
	return found
}

// patience is how long anything may take that should happen soon.
const patience = 2 * time.Minute

// await polls until something is there, or the process has ended or has had its time.
func await(ctx context.Context, what string, there func() bool) error {
	deadline := time.Now().Add(patience)
	for !there() {
		if ctx.Err() != nil || time.Now().After(deadline) {
			return errors.Join(ctx.Err(), fmt.Errorf("there is no %s", what))
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// interrupted returns a project that was killed when a file of a pattern was there.
func (l *Lab) interrupted(ctx context.Context, name, pattern string) (*Project, error) {
	p, err := l.Project(ctx, name)
	if err != nil {
		return nil, err
	}
	b := p.start(ctx, runArgs("--jobs", "1")...)
	err = await(ctx, pattern, func() bool { return len(p.glob(pattern)) > 0 || b.ended() })
	b.kill()
	if err == nil && len(p.glob(pattern)) == 0 {
		err = fmt.Errorf("the run ended before there was any %s: %w", pattern, b.outcome().err())
	}
	return p, err
}

// paths lists the files of a project under a folder, or none where there is no such
// folder.
func (p *Project) paths(folder string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(filepath.Join(p.Dir, folder), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !d.IsDir() {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// says checks what a process said on standard error.
func (o Outcome) says(code int, parts ...string) error {
	if o.Code != code {
		return fmt.Errorf("exit code %d, not %d:\n%s", o.Code, code, o.Stderr)
	}
	for _, part := range parts {
		if !strings.Contains(o.Stderr, part) {
			return fmt.Errorf("no word of %q:\n%s", part, o.Stderr)
		}
	}
	return nil
}
