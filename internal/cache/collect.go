package cache

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/run"
)

// Collection is what may go, or went, and what stays.
type Collection struct {
	*Survey
	Results     []*Result        // without a root, and not needed by what stays
	Loose       []artifact.Scrap // files that no result names
	Damaged     []artifact.Scrap // what was set aside
	Trash       []artifact.Scrap // what an interrupted removal left
	Leavings    []Work           // of units that are stored: nothing resumes there
	Interrupted []Work           // where units would resume
	Resumable   []Work           // the same, or in use, that stays
	Downloads   []artifact.Scrap

	Kept  []*Result // that stay for a root
	Young []*Result // that stay for their age, or that of what reads them

	objects []string // digests of all objects that go
}

// Work is the private folder of a unit.
type Work struct {
	artifact.Scrap
	Unit   string // address; empty where nothing tells
	HeldBy string // who is running the unit; empty when nobody is
	Young  bool   // it stays for its age
}

// Propose says what Collect would remove. Nothing is changed.
func Propose(store *artifact.Store, o Options) (*Collection, error) {
	inv, err := store.Inventory()
	if err != nil {
		return nil, err
	}
	return propose(store, inv, o)
}

// Collect removes what no root keeps. It decides while nobody else can change the
// store, and refuses while a root cannot be read.
func Collect(store *artifact.Store, o Options) (*Collection, error) {
	var c *Collection
	err := store.Remove(func(inv *artifact.Inventory) (artifact.Removal, error) {
		var err error
		if c, err = propose(store, inv, o); err != nil {
			return artifact.Removal{}, err
		}
		if len(c.Roots.Unknown) > 0 {
			return artifact.Removal{}, fmt.Errorf("nothing was removed, since what these keep is unknown: %w", errors.Join(c.Roots.Unknown...))
		}
		return c.removal(), nil
	})
	if err != nil {
		return nil, err
	}
	if c.Leavings, err = removeWork(store, c.Leavings); err != nil {
		return c, err
	}
	if c.Interrupted, err = removeWork(store, c.Interrupted); err != nil {
		return c, err
	}
	return c, nil
}

// removeWork returns what it removed: a unit may have been taken up meanwhile.
func removeWork(store *artifact.Store, list []Work) (removed []Work, err error) {
	for _, w := range list {
		ok, err := run.RemoveWork(store, w.Name)
		if err != nil {
			return removed, fmt.Errorf("remove work of %s: %w", w.Unit, err)
		}
		if ok {
			removed = append(removed, w)
		}
	}
	return removed, nil
}

func propose(store *artifact.Store, inv *artifact.Inventory, o Options) (*Collection, error) {
	roots, err := findRoots(store, o)
	if err != nil {
		return nil, err
	}
	c := &Collection{Survey: newSurvey(shortened(store.Dir(), o.Folder), inv, roots), Trash: inv.Trash}
	// Where no age is asked for, a clock that was set back gives nothing one.
	old := func(at time.Time) bool { return o.OlderThan == 0 || o.Now.Sub(at) >= o.OlderThan }
	c.chooseResults(old)
	c.chooseObjects(old)
	c.Damaged = aged(inv.Damaged, old)
	c.chooseWork(o, old)
	// A run may be about to read what it downloaded.
	if o.Downloads && len(roots.Held) == 0 && !roots.Living {
		downloads, err := artifact.List(run.DownloadsDir(store))
		if err != nil {
			return nil, err
		}
		c.Downloads = aged(downloads, old)
	}
	return c, nil
}

func aged(list []artifact.Scrap, old func(time.Time) bool) []artifact.Scrap {
	return slices.DeleteFunc(slices.Clone(list), func(s artifact.Scrap) bool { return !old(s.Changed) })
}

func (c *Collection) chooseResults(old func(time.Time) bool) {
	kept := c.link(func(*Result) bool { return false })
	stays := c.link(func(r *Result) bool { return !old(r.Created) })
	for _, r := range c.Survey.Results {
		switch {
		case kept[r]:
			c.Kept = append(c.Kept, r)
		case stays[r]:
			c.Young = append(c.Young, r)
		default:
			c.Results = append(c.Results, r)
		}
	}
}

// chooseObjects finds the files of the results that go, and those that no result
// names, except for what a result that stays or a lock file names.
func (c *Collection) chooseObjects(old func(time.Time) bool) {
	named, staying := map[string]bool{}, map[string]bool{}
	note := func(in map[string]bool, results []*Result) {
		for _, r := range results {
			for _, digest := range r.Entry.Names() {
				in[digest] = true
			}
		}
	}
	note(named, c.Survey.Results)
	note(staying, c.Kept)
	note(staying, c.Young)
	for _, root := range c.Roots.List {
		maps.Copy(staying, root.Trees)
	}
	for _, digest := range slices.Sorted(maps.Keys(c.Inventory.Objects)) {
		object := c.Inventory.Objects[digest]
		switch {
		case staying[digest]:
		case named[digest]:
			c.objects = append(c.objects, digest)
		case old(object.Changed):
			c.objects = append(c.objects, digest)
			c.Loose = append(c.Loose, object)
		}
	}
}

// chooseWork sorts the private folders of units. One that a process uses stays.
func (c *Collection) chooseWork(o Options, old func(time.Time) bool) {
	stored := map[string]bool{}
	for _, r := range c.Survey.Results {
		stored[r.Fingerprint] = !r.Missing
	}
	for _, folder := range c.Inventory.Work {
		w := Work{Scrap: folder, HeldBy: c.Roots.Held[folder.Name], Young: !old(folder.Changed)}
		if addresses := c.Roots.Addresses(folder.Name); len(addresses) > 0 {
			w.Unit = addresses[0]
		}
		switch {
		case w.HeldBy != "" || w.Young:
			c.Resumable = append(c.Resumable, w)
		case stored[w.Name]:
			c.Leavings = append(c.Leavings, w)
		case o.Work:
			c.Interrupted = append(c.Interrupted, w)
		default:
			c.Resumable = append(c.Resumable, w)
		}
	}
	byUnit := func(a, b Work) int { return compareNatural(a.Unit, b.Unit) }
	for _, list := range [][]Work{c.Leavings, c.Interrupted, c.Resumable} {
		slices.SortStableFunc(list, byUnit)
	}
}

func (c *Collection) removal() artifact.Removal {
	r := artifact.Removal{Objects: c.objects}
	for _, result := range c.Results {
		r.Results = append(r.Results, result.Fingerprint)
	}
	for _, d := range c.Damaged {
		r.Damaged = append(r.Damaged, d.Name)
	}
	for _, d := range c.Downloads {
		r.Outside = append(r.Outside, d.Path, d.Path+".lock")
	}
	return r
}

// Alone is the space of the files of the results that go, each once, without what
// a result that stays has too.
func (c *Collection) Alone() artifact.Usage {
	loose := map[string]bool{}
	for _, l := range c.Loose {
		loose[l.Name] = true
	}
	var sum artifact.Usage
	for _, digest := range c.objects {
		if !loose[digest] {
			sum.Add(c.Inventory.Objects[digest].Usage)
		}
	}
	return sum
}

// Freed is the space of everything that goes.
func (c *Collection) Freed() artifact.Usage {
	sum := c.Alone()
	for _, list := range [][]artifact.Scrap{c.Loose, c.Damaged, c.Trash, c.Downloads} {
		for _, s := range list {
			sum.Add(s.Usage)
		}
	}
	for _, w := range slices.Concat(c.Leavings, c.Interrupted) {
		sum.Add(w.Usage)
	}
	return sum
}
