package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

var network = Scenario{
	Name: "network",
	Doc:  "commands whose data are on this machine: none opens a socket of the internet, or listens.",
	Run:  runNetwork,
}

// quiet are the command lines that have no reason to use a network, in the order
// in which they can be run.
var quiet = [][]string{
	{"validate", pipelineFile},
	{"plan", pipelineFile},
	runArgs("--jobs", "1"),
	{"runs"},
	{"report"},
	{"lock", pipelineFile},
	{"cache", "verify"},
	{"cache", "gc"},
	{"preview", pipelineFile},
	{"describe", "rotation"},
}

func runNetwork(ctx context.Context, lab *Lab, tally *Tally) error {
	p, err := lab.Project(ctx, "network")
	if err != nil {
		return err
	}
	if err := p.bringData(); err != nil {
		return err
	}
	before := len(tally.lost)
	for _, args := range quiet {
		var used []string
		layer := &Layer{only: networkCalls}
		layer.Decide = func(c *Call) Verdict {
			switch {
			case c.Op == "listen":
				used = append(used, "it listened")
			case c.family == unix.AF_INET || c.family == unix.AF_INET6:
				used = append(used, fmt.Sprintf("it opened a socket of family %d", c.family))
			}
			return Verdict{}
		}
		o, err := layer.Run(ctx, p, args...)
		if err != nil {
			return err
		}
		if o.Code != 0 {
			return fmt.Errorf("sslpipe %s: %w", strings.Join(args, " "), o.err())
		}
		if len(used) > 0 {
			tally.Lost("sslpipe %s: %s", strings.Join(args, " "), strings.Join(used, ", "))
			continue
		}
		tally.Survived()
	}
	if len(tally.lost) == before {
		p.Remove()
	}
	return nil
}

// bringData puts the archive beside the pipeline, which then reads it from there.
func (p *Project) bringData() error {
	const name = "images.tar.gz"
	pipeline := filepath.Join(p.Dir, pipelineFile)
	text, err := os.ReadFile(pipeline)
	if err != nil {
		return err
	}
	local := strings.ReplaceAll(string(text), fmt.Sprintf("url                  = %q", p.lab.URL), fmt.Sprintf("path                 = %q", name))
	if err := os.WriteFile(pipeline, []byte(local), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, name), p.lab.archive.bytes, 0o666)
}
