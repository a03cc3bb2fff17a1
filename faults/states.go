package main

import (
	"context"
	"fmt"
)

// The states of a project that files are injured in.
const (
	ended    = "ended"    // a whole run
	training = "training" // killed while it trained
	loading  = "loading"  // killed while it downloaded
)

// states are projects to copy, each made once.
type states struct {
	lab    *Lab
	prefix string // of their names
	made   map[string]*Project
}

func (s states) make(ctx context.Context, state string) (*Project, error) {
	if s.made[state] != nil {
		return s.made[state], nil
	}
	name := fmt.Sprintf("%s-%s", s.prefix, state)
	var p *Project
	var err error
	switch state {
	case ended:
		p, err = s.lab.finished(ctx, name)
	case training:
		p, err = s.lab.interrupted(ctx, name, ".sslpipe/work/*/checkpoints/*/best-*/files.json")
	case loading:
		p, err = s.lab.interrupted(ctx, name, ".sslpipe/downloads/*/*.part")
	}
	if err == nil {
		s.made[state] = p
	}
	return p, err
}

func (s states) remove() {
	for _, p := range s.made {
		p.Remove()
	}
}
