package main

import (
	"os"

	"sslpipe/internal/plan"
	"sslpipe/internal/remote"
)

// noStore is the setting that shares nothing, whatever a pipeline says.
const noStore = "none"

// location is where the setting says that results are shared; nil where it does not.
func (s *settings) location() (*remote.Location, error) {
	if s.Store == "" || s.Store == noStore {
		return nil, nil
	}
	l, err := remote.Parse(s.Store)
	if err != nil {
		return nil, err
	}
	return &l, nil
}

// shared is the store that a run of a plan shares with other machines, by the setting,
// else by the pipeline; nil where nothing is shared. Nothing is contacted yet.
func (s *settings) shared(p *plan.Plan) (remote.Bucket, error) {
	l, err := s.location()
	if err != nil {
		return nil, err
	}
	if l == nil && s.Store != noStore && p != nil {
		l = p.Pipeline.Store
	}
	if l == nil {
		return nil, nil
	}
	return remote.Open(*l, remote.Options{Getenv: os.Getenv})
}
