package main

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// point is a moment of a run: its nth call of a class.
type point struct {
	class string
	nth   int // from 0
}

// String says it for a person.
func (p point) String() string { return fmt.Sprintf("%s (no. %d)", p.class, p.nth+1) }

var (
	timeInName   = regexp.MustCompile(`[0-9]+T[0-9]+Z(\.[0-9]+)?`)
	digestInName = regexp.MustCompile(`[0-9a-f]{16,}`)
	numberInName = regexp.MustCompile(`[0-9]+`)
)

// class names all calls that do the same to the same kind of file: numbers and
// digests in names differ from run to run.
func (l *Layer) class(c *Call) string {
	name := func(path string) string {
		rel := filepath.ToSlash(strings.TrimPrefix(path, l.dir))
		for _, changing := range []*regexp.Regexp{timeInName, digestInName, numberInName} {
			rel = changing.ReplaceAllString(rel, "*")
		}
		return rel
	}
	if c.To != "" {
		return c.Op + " " + name(c.Path) + " to " + name(c.To)
	}
	return c.Op + " " + name(c.Path)
}

// points lists the calls of a run that is left alone.
func (l *Lab) points(ctx context.Context) ([]point, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.traced != nil {
		return l.traced, nil
	}
	p, err := l.Project(ctx, "traced")
	if err != nil {
		return nil, err
	}
	defer p.Remove()
	seen := map[string]int{}
	layer := &Layer{only: fileCalls}
	layer.Decide = func(c *Call) Verdict {
		class := layer.class(c)
		l.traced = append(l.traced, point{class, seen[class]})
		seen[class]++
		return Verdict{}
	}
	o, err := layer.Run(ctx, p, runArgs("--jobs", "1")...)
	if err == nil && o.Code != 0 {
		err = fmt.Errorf("a run that was only watched failed: %w", o.err())
	}
	return l.traced, err
}
