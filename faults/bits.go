package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

var bits = Scenario{
	Name: "bits",
	Doc:  "A bit flipped, an end cut off and a byte added in every kind of stored file.",
	Run:  runBits,
}

// stored is a kind of file that a run leaves or goes on from.
type stored struct {
	what, pattern string
	from          string // the state that has it
	// read checks what the program says while the file is as the injury left it; nil
	// has nothing to say.
	read func(ctx context.Context, p *Project, path string) error
}

const (
	ended    = "ended"    // a whole run
	training = "training" // killed while it trained
	loading  = "loading"  // killed while it downloaded
)

// kindsOfFile are all kinds of file that are read again by anything.
var kindsOfFile = []stored{
	{"an entry", ".sslpipe/cache/actions/*.json", ended, forced("")},
	{"an index", ".sslpipe/cache/byinput/*.json", ended, nil},
	{"pixels", ".sslpipe/cache/objects/*/images.u8", ended, forced("images.u8")},
	{"labels", ".sslpipe/cache/objects/*/labels.i32", ended, forced("labels.i32")},
	{"splits", ".sslpipe/cache/objects/*/splits.json", ended, forced("splits.json")},
	{"a data set's description", ".sslpipe/cache/objects/*/meta.json", ended, forced("meta.json")},
	{"a stored graph", ".sslpipe/cache/objects/*/saved_model/saved_model.pb", ended, forced("saved_model.pb")},
	{"stored weights", ".sslpipe/cache/objects/*/saved_model/variables/variables.data*", ended, forced("variables.data")},
	{"an index of stored weights", ".sslpipe/cache/objects/*/saved_model/variables/variables.index", ended, forced("variables.index")},
	{"scores", ".sslpipe/cache/objects/*/scores.json", ended, cached("scores.json")},
	{"monitors", ".sslpipe/cache/objects/*/monitors.jsonl", ended, cached("monitors.jsonl")},
	{"a drawn sheet", ".sslpipe/cache/objects/*/preview.png", ended, cached("preview.png")},
	{"a published graph", "savedmodels/*/*/*/saved_model.pb", ended, nil},
	{"published weights", "savedmodels/*/*/*/variables/variables.*", ended, nil},
	{"a model's card", "savedmodels/*/*/*/sslpipe.json", ended, nil},
	{"a download", ".sslpipe/downloads/*/images.tar.gz", ended, nil},
	{"a run's configuration", ".sslpipe/runs/*/config.json", ended, collectsNothing},
	{"a run's events", ".sslpipe/runs/*/events.jsonl", ended, collectsNothing},
	{"a report", ".sslpipe/runs/*/report.json", ended, showsOrRefuses},
	{"a checkpoint's weights", ".sslpipe/work/*/checkpoints/*/step-*/weights.data*", training, nil},
	{"a checkpoint's index", ".sslpipe/work/*/checkpoints/*/step-*/weights.index", training, nil},
	{"a checkpoint's state", ".sslpipe/work/*/checkpoints/*/step-*/state.json", training, nil},
	{"a checkpoint's list", ".sslpipe/work/*/checkpoints/*/step-*/files.json", training, nil},
	{"the best weights", ".sslpipe/work/*/checkpoints/*/best-*/*", training, nil},
	{"part of a download", ".sslpipe/downloads/*/*.part", loading, nil},
	{"what is known of it", ".sslpipe/downloads/*/*.part.json", loading, nil},
}

func runBits(ctx context.Context, lab *Lab, tally *Tally) error {
	whole, err := lab.Whole(ctx)
	if err != nil {
		return err
	}
	states, err := lab.states(ctx)
	if err != nil {
		return err
	}
	type fault struct {
		kind   stored
		injury injury
		random *rand.Rand
	}
	var faults []fault
	for _, n := range lab.Rand.Perm(max(lab.Count, 1)) {
		faults = append(faults, fault{kindsOfFile[n%len(kindsOfFile)], injuries[n/len(kindsOfFile)%len(injuries)], rand.New(rand.NewPCG(lab.Seed, uint64(n)))})
	}
	err = lab.Each(ctx, len(faults), func(ctx context.Context, i int) error {
		f := faults[i]
		p, err := states[f.kind.from].copyTo(fmt.Sprintf("bits-%d", i))
		if err != nil {
			return err
		}
		found := p.glob(f.kind.pattern)
		if len(found) == 0 {
			return fmt.Errorf("there is no %s", f.kind.pattern)
		}
		path := found[f.random.IntN(len(found))]
		if err := f.injury.injure(path, f.random); err != nil {
			return err
		}
		err = p.mended(ctx, f.kind, path, whole)
		tally.Judge(p, fmt.Sprintf("%s in %s, %s", f.injury.what, f.kind.what, strings.TrimPrefix(path, p.Dir+"/")), err)
		return nil
	})
	for _, p := range states {
		p.Remove()
	}
	return err
}

// states makes one project in each state that files are injured in.
func (l *Lab) states(ctx context.Context) (map[string]*Project, error) {
	states := map[string]*Project{}
	var err error
	if states[ended], err = l.finished(ctx, "bits-ended"); err != nil {
		return nil, err
	}
	if states[training], err = l.interrupted(ctx, "bits-training", ".sslpipe/work/*/checkpoints/*/best-*/files.json"); err != nil {
		return nil, err
	}
	states[loading], err = l.interrupted(ctx, "bits-loading", ".sslpipe/downloads/*/*.part")
	return states, err
}

// mended looks at what the program says of the injured file, and runs the pipeline.
// What no run reads is found when the store is verified, and the next run makes it
// again.
func (p *Project) mended(ctx context.Context, kind stored, path string, want Digests) error {
	if kind.read != nil {
		if err := kind.read(ctx, p, path); err != nil {
			return err
		}
	}
	if o := p.Run(ctx); o.Code != 0 {
		return fmt.Errorf("the next run: %w", o.err())
	}
	if o := p.Run(ctx, "cache", "verify"); o.Code != 0 && o.Code != 1 {
		return fmt.Errorf("cache verify: %w", o.err())
	}
	return p.recover(ctx, want)
}

// forced reads all inputs of the last stage. The damage is told, and what is made of
// the inputs is what was made before: nothing diverges.
func forced(file string) func(ctx context.Context, p *Project, path string) error {
	return func(ctx context.Context, p *Project, _ string) error {
		return p.Run(ctx, runArgs("--jobs", "1", "--force", "evaluate.report")...).says(0, " is damaged: ", file)
	}
}

// cached runs nothing but shows the file.
func cached(file string) func(ctx context.Context, p *Project, path string) error {
	return func(ctx context.Context, p *Project, _ string) error {
		return p.Run(ctx).says(0, " is damaged: ", file)
	}
}

// collectsNothing collects garbage: what only a damaged run keeps must not go.
func collectsNothing(ctx context.Context, p *Project, _ string) error {
	before, err := p.paths(".sslpipe/cache/objects")
	if err != nil {
		return err
	}
	p.Run(ctx, "cache", "gc", "--delete")
	after, err := p.paths(".sslpipe/cache/objects")
	if err == nil && !slices.Equal(before, after) {
		err = fmt.Errorf("cache gc removed results: %d files of %d are left", len(after), len(before))
	}
	return err
}

// showsOrRefuses prints a report as it was, or says that it is damaged.
func showsOrRefuses(ctx context.Context, p *Project, path string) error {
	o := p.Run(ctx, "show", filepath.Dir(path))
	whole, err := p.lab.Whole(ctx)
	if err != nil {
		return err
	}
	if o.Code == 0 && o.Stdout == whole["the printed table"] {
		return nil
	}
	return o.says(1, path)
}
