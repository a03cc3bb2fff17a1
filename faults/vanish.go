package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

var vanish = Scenario{
	Name: "vanish",
	Doc:  "Files and folders disappear, between runs and in the middle of one.",
	Run:  runVanish,
}

// vanishing are what disappears between runs, by patterns of which one match goes.
var vanishing = []struct{ from, pattern string }{
	{ended, ".sslpipe/cache/objects/*"},
	{ended, ".sslpipe/cache/objects/*/scores.json"},
	{ended, ".sslpipe/cache/actions/*"},
	{ended, ".sslpipe/cache/byinput"},
	{ended, ".sslpipe/cache"},
	{ended, ".sslpipe/downloads"},
	{ended, ".sslpipe/runs"},
	{ended, ".sslpipe/work"},
	{ended, ".sslpipe"},
	{ended, "savedmodels/*/*"},
	{training, ".sslpipe/work/*/checkpoints/*/best-*"},
	{training, ".sslpipe/work/*/checkpoints/*/step-*/weights.index"},
	{training, ".sslpipe/work/*"},
	{training, ".sslpipe/cache"},
	{loading, ".sslpipe/downloads/*/*.part"},
	{loading, ".sslpipe/downloads/*/*.part.json"},
}

// vanishingDuring are what disappears while a run is at work.
var vanishingDuring = []string{".sslpipe", ".sslpipe/cache", ".sslpipe/work", ".sslpipe/cache/objects", ".sslpipe/runs", ".sslpipe/downloads"}

func runVanish(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	length, err := lab.Duration(ctx)
	if err != nil {
		return err
	}
	states := states{lab: lab, prefix: "vanish", made: map[string]*Project{}}
	defer states.remove()
	count := max(lab.Count/4, 1)
	order := lab.Rand.Perm(max(count, len(vanishing)))[:count]
	for i, n := range order {
		v := vanishing[n%len(vanishing)]
		state, err := states.make(ctx, v.from)
		if err != nil {
			return err
		}
		p, err := state.copyTo(fmt.Sprintf("vanish-%d", i))
		if err != nil {
			return err
		}
		found := p.glob(v.pattern)
		if len(found) == 0 {
			return fmt.Errorf("there is no %s", v.pattern)
		}
		path := found[lab.Rand.IntN(len(found))]
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		tally.Judge(p, fmt.Sprintf("without %s", strings.TrimPrefix(path, p.Dir+"/")), p.recover(ctx, whole))
	}
	for i := range lab.Count / 4 {
		p, err := lab.Project(ctx, fmt.Sprintf("vanish-during-%d", i))
		if err != nil {
			return err
		}
		what := vanishingDuring[i%len(vanishingDuring)]
		moment := time.Duration(lab.Rand.Int64N(int64(length)))
		err = p.vanishDuring(ctx, what, moment)
		if err == nil {
			err = p.recover(ctx, whole)
		}
		tally.Judge(p, fmt.Sprintf("%s gone %s after the start", what, moment.Round(time.Millisecond)), err)
	}
	return vanishedData(ctx, lab, tally)
}

// vanishDuring removes something while a run is at work, which may fail, with a word
// on what is missing, or not.
func (p *Project) vanishDuring(ctx context.Context, what string, moment time.Duration) error {
	b := p.start(ctx, runArgs("--jobs", "1")...)
	time.Sleep(moment)
	for range 100 { // the run may be making files there
		if os.RemoveAll(filepath.Join(p.Dir, what)) == nil {
			break
		}
	}
	o := b.outcome()
	if o.Code == 0 {
		return nil
	}
	return o.says(1, "no such file or directory")
}

// vanishedData takes away the data that a pipeline names by its path.
func vanishedData(ctx context.Context, lab *Lab, tally *Tally) error {
	p, err := lab.Project(ctx, "vanish-data")
	if err != nil {
		return err
	}
	pipeline := filepath.Join(p.Dir, pipelineFile)
	text, err := os.ReadFile(pipeline)
	if err != nil {
		return err
	}
	local := strings.Replace(string(text), fmt.Sprintf("%q", lab.URL), `"images.tar.gz"`, 1)
	local = strings.Replace(local, "url  ", "path ", 1)
	if err := os.WriteFile(pipeline, []byte(local), 0o666); err != nil {
		return err
	}
	data := filepath.Join(p.Dir, "images.tar.gz")
	err = p.Run(ctx).says(2, "Missing file", data)
	if err == nil {
		err = os.WriteFile(data, lab.archive.bytes, 0o666)
	}
	if err == nil {
		err = p.Run(ctx, runArgs("--until", "augment.views")...).says(0)
	}
	tally.Judge(p, "the data that the pipeline names", err)
	return nil
}
