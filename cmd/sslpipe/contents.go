package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/bundle"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
)

// contents are what a bundle of a run is made of, without what differs between two runs
// with the same results.
type contents struct {
	dir      string // of the run
	pipeline string
	config   *run.Config
	sources  *plan.Sources
	entries  []bundle.Entry
}

// bundledForms are the forms of a report that are in a bundle.
var bundledForms = []string{"csv", "html", "json", "md", "txt"}

// contentsOf gathers what is to be exported of a run, which must have come to its end.
// Models and curves are those of the store, or of the run's folder if that was
// imported.
func (s *settings) contentsOf(dir string, models bool) (*contents, error) {
	c := &contents{dir: dir}
	if err := c.finished(); err != nil {
		return nil, exitError{code: exitMistake, err: err}
	}
	err := errors.Join(c.addPlan(), c.addLock(), c.addReport())
	switch {
	case err != nil:
	case run.IsImported(dir):
		if err = c.addFolder(bundle.CurvesDir); err == nil && models {
			err = c.addFolder(bundle.ModelsDir)
		}
	default:
		err = s.addResults(c, models)
	}
	if err != nil {
		return nil, failed(fmt.Errorf("export run %s: %w", filepath.Base(dir), err))
	}
	return c, nil
}

// finished says why a run cannot be exported.
func (c *contents) finished() error {
	name := filepath.Base(c.dir)
	var err error
	if c.config, err = run.ReadConfig(c.dir); err != nil {
		return fmt.Errorf("%s is no run of this program: %w", name, err)
	}
	c.pipeline = c.config.Pipeline
	c.sources, err = run.ReadSources(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("run %s does not hold its pipeline, since an older version made it: run it again, which takes what is stored", name)
	}
	if err != nil || run.IsImported(c.dir) {
		return err
	}
	past, err := run.ReadPast(c.dir)
	switch {
	case err != nil:
		return err
	case !past.Finished || past.Error != "":
		return fmt.Errorf("run %s did not come to its end: run it again, which continues", name)
	case past.Counts.LeftOut > 0:
		return fmt.Errorf("run %s was of a part of its pipeline: run all of it, which takes what is stored", name)
	}
	return nil
}

// addPlan adds what plans the run again.
func (c *contents) addPlan() error {
	config := *c.config
	config.Cores = 0
	if len(c.sources.Pipelines) > 0 {
		config.Path = c.sources.Pipelines[0]
	}
	text, err := config.Encode()
	if err != nil {
		return err
	}
	sources := *c.sources
	if sources.Root != "/" { // elsewhere it is the working directory
		sources.Root = ""
	}
	replay, err := run.EncodeSources(&sources)
	if err != nil {
		return err
	}
	c.entries = append(c.entries, bundle.Bytes(run.ConfigFile, text), bundle.Bytes(run.ReplayFile, replay))
	for name, text := range c.sources.Files {
		c.entries = append(c.entries, bundle.Bytes(path.Join(run.SourceDir, name), text))
	}
	return nil
}

func (c *contents) addLock() error {
	text, err := os.ReadFile(filepath.Join(c.dir, runLockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	c.entries = append(c.entries, bundle.Bytes(runLockFile, text))
	return err
}

// addReport adds the report in its forms, with the pictures that it shows; a run that
// evaluates nothing has none.
func (c *contents) addReport() error {
	r, err := report.Read(c.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	where := r.Pipeline.Path
	if len(c.sources.Pipelines) > 0 {
		where = c.sources.Pipelines[0]
	}
	r = r.Timeless(where, shellWord)
	for _, form := range bundledForms {
		var out bytes.Buffer
		if err := formats[form](&out, r, c.dir); err != nil {
			return err
		}
		c.entries = append(c.entries, bundle.Bytes("report."+form, out.Bytes()))
	}
	pictures, err := picturesOf(r, c.dir)
	for name, picture := range pictures {
		c.entries = append(c.entries, bundle.Bytes(name, picture))
	}
	return err
}

// addResults adds the curves of all units, and their models as they are published.
func (s *settings) addResults(c *contents, models bool) error {
	store, err := s.store()
	if err != nil {
		return err
	}
	for _, u := range c.config.Units {
		e, ok, err := store.Lookup(u.Fingerprint)
		if err == nil && !ok {
			err = errors.New("its result is not stored any more: run the pipeline again")
		}
		if err == nil {
			err = c.addResult(store, u, e, models)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", u.Address, err)
		}
	}
	return nil
}

// addResult adds what a unit with a model has handed on. Every file is compared with
// the digest that it was stored with, by way of the sum over all.
func (c *contents) addResult(store *artifact.Store, u run.ConfigUnit, e *artifact.Entry, models bool) error {
	for name, o := range e.Outputs {
		if !isModel(plan.Output{Type: o.Type}) {
			continue
		}
		if err := store.Verify(e); err != nil {
			return err
		}
		h, err := store.Handle(e, name)
		if err != nil {
			return err
		}
		to := path.Join(bundle.ModelsDir, modelPath(u.StageAddress(), u.Coord))
		for _, f := range e.Files {
			from := filepath.Join(h.Path, filepath.FromSlash(f.Path))
			rel, inModel := strings.CutPrefix(f.Path, stages.ModelDir+"/")
			switch {
			case inModel && models:
				c.entries = append(c.entries, bundle.Copy(path.Join(to, rel), from))
			case !strings.Contains(f.Path, "/"):
				c.entries = append(c.entries, bundle.Copy(path.Join(bundle.CurvesDir, plan.FileName(u.Address), f.Path), from))
			}
		}
		if !models {
			continue
		}
		card := modelCard{Unit: u.Address, Fingerprint: u.Fingerprint, Digest: h.Digest, Description: h.Meta, Files: modelFiles(e)}
		text, err := card.encode()
		if err != nil {
			return err
		}
		c.entries = append(c.entries, bundle.Bytes(path.Join(to, cardFile), text))
	}
	return nil
}
