package cache

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lockfile"
	"sslpipe/internal/run"
)

// Options say where roots are, and what may be removed.
type Options struct {
	Folder   string // searched for lock files, without hidden folders
	RunsDir  string // folders of runs
	KeepRuns int    // of each pipeline, the last ones that are roots
	Now      time.Time

	OlderThan time.Duration // what is younger stays
	Work      bool          // interrupted work goes too
	Downloads bool          // so do downloads
}

// DefaultKeepRuns is how many runs of each pipeline are roots.
const DefaultKeepRuns = 10

// RootKind says what a root is.
type RootKind string

// The kinds of root.
const (
	RootLock RootKind = "lock"
	RootRun  RootKind = "run"
)

// Root keeps results.
type Root struct {
	Kind RootKind
	Name string // path of a lock file, or name of a run's folder
	Note string // why a run is a root
	// Units are the addresses of units by fingerprint, and Trees the digests of
	// results that a lock file tells.
	Units map[string]string
	Trees map[string]bool
}

// Roots are everything that keeps results.
type Roots struct {
	List []*Root // lock files by path, then runs from the newest
	// Unknown tells of what may be a root and cannot be read: while there is any,
	// nothing may be removed.
	Unknown []error
	Warned  []error           // what cannot be read and keeps nothing
	Held    map[string]string // fingerprints of units that processes run, with who does
	Living  bool              // some process is at work on a run

	names map[string]map[string]bool // addresses of each fingerprint, in lock files and all runs
	runs  []*past                    // from the newest
}

func findRoots(store *artifact.Store, o Options) (*Roots, error) {
	r := &Roots{names: map[string]map[string]bool{}}
	if err := r.findLocks(o.Folder); err != nil {
		return nil, fmt.Errorf("look for lock files: %w", err)
	}
	if err := r.readRuns(o.RunsDir); err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	var err error
	if r.Held, err = run.Held(store); err != nil {
		return nil, err
	}
	return r, r.keepRuns(o)
}

// findLocks reads the lock files under a folder.
func (r *Roots) findLocks(folder string) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil: // there may be lock files behind it
			r.Unknown = append(r.Unknown, err)
			return nil
		case d.IsDir() && path != folder && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, lockfile.Suffix):
			return nil
		}
		f, err := lockfile.Read(path)
		if err != nil {
			r.Unknown = append(r.Unknown, err)
			return nil
		}
		name, err := filepath.Rel(folder, path)
		root := &Root{Kind: RootLock, Name: name, Units: map[string]string{}, Trees: map[string]bool{}}
		for _, u := range f.Units {
			root.Units[u.Fingerprint] = u.Address
			root.Trees[u.Result] = true
			r.name(u.Fingerprint, u.Address)
		}
		r.List = append(r.List, root)
		return err
	})
}

func (r *Roots) name(fingerprint, address string) {
	if r.names[fingerprint] == nil {
		r.names[fingerprint] = map[string]bool{}
	}
	r.names[fingerprint][address] = true
}

// Addresses are the addresses that lock files and runs give a fingerprint.
func (r *Roots) Addresses(fingerprint string) []string {
	return slices.SortedFunc(maps.Keys(r.names[fingerprint]), compareNatural)
}

func (r *Roots) otherNames(e *artifact.Entry) []string {
	return slices.DeleteFunc(r.Addresses(e.Fingerprint), func(a string) bool { return a == e.Unit })
}

// naming are the roots that name a fingerprint or the digest of a result.
func (r *Roots) naming(fingerprint, tree string) []*Root {
	var found []*Root
	for _, root := range r.List {
		if root.Units[fingerprint] != "" || root.Trees[tree] {
			found = append(found, root)
		}
	}
	return found
}

// Planned are the fingerprints, with an address each, that lock files and runs
// name under what.
func (r *Roots) Planned(what string) map[string]string {
	found := map[string]string{}
	for fingerprint := range r.names {
		for _, address := range r.Addresses(fingerprint) {
			if hasPrefix(fingerprint, what) || names(what)(address) {
				found[fingerprint] = cmp.Or(found[fingerprint], address)
			}
		}
	}
	return found
}
