package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sslpipe/internal/run"
)

// quiet is how long a run that has not ended may write no event before it counts
// as killed.
const quiet = time.Hour

// past is a run with what its folder says.
type past struct {
	name, dir string
	pipeline  string // name and path
	units     map[string]string
}

// readRuns reads the configurations of all runs, the newest first.
func (r *Roots) readRuns(dir string) error {
	folders, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range slices.Backward(folders) { // names begin with the time
		if !f.IsDir() || run.IsImported(f.Name()) { // its results are not those here
			continue
		}
		p := &past{name: f.Name(), dir: filepath.Join(dir, f.Name()), units: map[string]string{}}
		c, err := run.ReadConfig(p.dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			r.unreadable(p.dir, err)
			continue
		}
		p.pipeline = c.Pipeline + "\x00" + c.Path
		for _, u := range c.Units {
			p.units[u.Fingerprint] = u.Address
			r.name(u.Fingerprint, u.Address)
		}
		r.runs = append(r.runs, p)
	}
	return nil
}

// unreadable notes a run of which nobody knows what it names. It keeps nothing where
// it was killed before it ran anything.
func (r *Roots) unreadable(dir string, err error) {
	if begun, e := run.Begun(dir); e == nil && !begun {
		r.Warned = append(r.Warned, err)
		return
	}
	r.Unknown = append(r.Unknown, fmt.Errorf("%w; if nothing of this run is needed, remove its folder", err))
}

// keepRuns makes roots of the last runs of each pipeline, and of those that may
// not have ended. A run that has nothing which a newer one does not have is not
// counted: a hundred reruns must not push out all others.
func (r *Roots) keepRuns(o Options) error {
	counts, covered := map[string]int{}, map[string]map[string]bool{}
	unnamed := maps.Clone(r.Held)
	for _, p := range r.runs {
		if covered[p.pipeline] == nil {
			covered[p.pipeline] = map[string]bool{}
		}
		known, note := covered[p.pipeline], ""
		if fresh(p.units, known) && counts[p.pipeline] < o.KeepRuns {
			counts[p.pipeline]++
			note = ordinal(counts[p.pipeline])
		}
		alive, err := r.alive(p, o.Now)
		if err != nil {
			return err
		}
		if alive {
			note = "may be at work"
			maps.DeleteFunc(unnamed, func(f, _ string) bool { return p.units[f] != "" })
		}
		if note == "" {
			continue
		}
		for f := range p.units {
			known[f] = true
		}
		r.List = append(r.List, &Root{Kind: RootRun, Name: p.name, Note: note, Units: p.units})
	}
	for _, f := range slices.Sorted(maps.Keys(unnamed)) {
		r.Unknown = append(r.Unknown, fmt.Errorf("%s is running unit %.12s, which no run in %s names: what it reads is unknown", unnamed[f], f, o.RunsDir))
	}
	return nil
}

func fresh(units map[string]string, known map[string]bool) bool {
	for f := range units {
		if !known[f] {
			return true
		}
	}
	return false
}

func ordinal(n int) string {
	if n == 1 {
		return "newest"
	}
	return fmt.Sprintf("no. %d from the newest", n)
}

// alive says whether a run may still read results: its process holds its folder, or
// it has not ended, and either a unit of it is held or it has written an event of
// late.
func (r *Roots) alive(p *past, now time.Time) (bool, error) {
	if alive, err := run.Alive(p.dir); alive || err != nil {
		r.Living = r.Living || alive
		return alive, err
	}
	at, ended, err := run.LastSign(p.dir)
	if err != nil || ended {
		return false, err
	}
	if now.Sub(at) < quiet {
		return true, nil
	}
	for f := range r.Held {
		if p.units[f] != "" {
			return true, nil
		}
	}
	return false, nil
}

// Recipe finds the newest run that names a fingerprint, and what it says of it.
func (r *Roots) Recipe(fingerprint string) (runName string, unit run.ConfigUnit, err error) {
	for _, p := range r.runs {
		if p.units[fingerprint] == "" {
			continue
		}
		c, err := run.ReadConfig(p.dir)
		if err != nil {
			return "", run.ConfigUnit{}, err
		}
		i := slices.IndexFunc(c.Units, func(u run.ConfigUnit) bool { return u.Fingerprint == fingerprint })
		return p.name, c.Units[max(i, 0)], nil
	}
	return "", run.ConfigUnit{}, nil
}
