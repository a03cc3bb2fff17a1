// Package cache answers what is in the store of results and why: which units made
// it, what keeps it, and what could go. What keeps a result are its roots: lock
// files under the working folder, and runs.
//
// It refuses to remove what a root names, what a process may be about to read, and
// anything at all while a root cannot be read. Whether a result is sound is the
// business of the store.
//
// A new kind of root is a function in roots.go; a new kind of thing that may go is
// a field of Collection and a line in its lists.
package cache

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/glob"
)

// Survey is what the store holds, with what keeps each result.
type Survey struct {
	Dir       string // of the store
	Inventory *artifact.Inventory
	Roots     *Roots
	Results   []*Result // by address, of one address the newest first
}

// Result is a stored result.
type Result struct {
	*artifact.Entry
	Usage    artifact.Usage // of its files
	Missing  bool           // there are no such files
	Shared   int            // other results with the same files
	Names    []string       // other addresses that runs and lock files give it
	Roots    []*Root        // that name it
	NeededBy []*Result      // results that stay and name its files, though it has no root itself
}

// Kept says whether something keeps the result.
func (r *Result) Kept() bool { return len(r.Roots) > 0 || len(r.NeededBy) > 0 }

// TakeSurvey looks at the store and its roots.
func TakeSurvey(store *artifact.Store, o Options) (*Survey, error) {
	inv, err := store.Inventory()
	if err != nil {
		return nil, err
	}
	roots, err := findRoots(store, o)
	if err != nil {
		return nil, err
	}
	s := newSurvey(shortened(store.Dir(), o.Folder), inv, roots)
	s.link(func(*Result) bool { return false })
	return s, nil
}

// shortened is a path from a folder where it is inside.
func shortened(path, folder string) string {
	abs, err := filepath.Abs(folder)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(abs, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func newSurvey(dir string, inv *artifact.Inventory, roots *Roots) *Survey {
	s := &Survey{Dir: dir, Inventory: inv, Roots: roots}
	made := map[string]int{}
	for _, e := range inv.Entries {
		made[e.Tree]++
	}
	for _, e := range inv.Entries {
		object, found := inv.Objects[e.Tree]
		s.Results = append(s.Results, &Result{
			Entry: e, Usage: object.Usage, Missing: !found, Shared: made[e.Tree] - 1,
			Names: roots.otherNames(e), Roots: roots.naming(e.Fingerprint, e.Tree),
		})
	}
	slices.SortStableFunc(s.Results, func(a, b *Result) int {
		return cmp.Or(compareNatural(a.Unit, b.Unit), b.Created.Compare(a.Created))
	})
	return s
}

// link finds what is needed, directly or through others, by results that have a
// root or that stay for another reason, and returns all that stay.
func (s *Survey) link(stays func(*Result) bool) map[*Result]bool {
	made := map[string][]*Result{}
	for _, r := range s.Results {
		made[r.Tree] = append(made[r.Tree], r)
	}
	kept := map[*Result]bool{}
	var queue []*Result
	for _, r := range s.Results {
		if len(r.Roots) > 0 || stays(r) {
			kept[r] = true
			queue = append(queue, r)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		r := queue[0]
		for _, digest := range r.Entry.Names() {
			for _, other := range made[digest] {
				if other == r || len(other.Roots) > 0 || digest == r.Tree {
					continue
				}
				if !slices.Contains(other.NeededBy, r) {
					other.NeededBy = append(other.NeededBy, r)
				}
				if !kept[other] {
					kept[other] = true
					queue = append(queue, other)
				}
			}
		}
	}
	return kept
}

// Total is what all stored files take, each once.
func (s *Survey) Total() artifact.Usage {
	var sum artifact.Usage
	for _, object := range s.Inventory.Objects {
		sum.Add(object.Usage)
	}
	return sum
}

// Space is what the files of some results take, those that they share once.
func (s *Survey) Space(results []*Result) artifact.Usage {
	var sum artifact.Usage
	counted := map[string]bool{}
	for _, r := range results {
		if !counted[r.Tree] {
			counted[r.Tree] = true
			sum.Add(r.Usage)
		}
	}
	return sum
}

// KeptBy are the results that a root names.
func (s *Survey) KeptBy(root *Root) []*Result {
	var list []*Result
	for _, r := range s.Results {
		if slices.Contains(r.Roots, root) {
			list = append(list, r)
		}
	}
	return list
}

// minPrefix is the least number of characters that are taken for the beginning of
// a fingerprint.
const minPrefix = 4

// Find returns the results that what names: by an address or a pattern of
// addresses, a stage, a kind of stage or a module, or the beginning of a
// fingerprint or of a result's digest. It is an error that there is none.
func (s *Survey) Find(what string) ([]*Result, error) {
	var found []*Result
	for _, r := range s.Results {
		if hasPrefix(r.Fingerprint, what) || hasPrefix(r.Tree, what) || slices.ContainsFunc(append(r.Names, r.Unit), names(what)) {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		return nil, s.notFound(what)
	}
	return found, nil
}

// Named tells whether what names a result, by its own entry alone; see [Survey.Find].
func Named(what string, e *artifact.Entry) bool {
	return hasPrefix(e.Fingerprint, what) || hasPrefix(e.Tree, what) || names(what)(e.Unit)
}

func hasPrefix(name, prefix string) bool {
	return len(prefix) >= minPrefix && strings.HasPrefix(name, prefix)
}

// names matches addresses of units with a pattern, or with what they begin with:
// their stage, kind of stage or module.
func names(what string) func(address string) bool {
	return func(address string) bool {
		return glob.Match(what, address) || strings.HasPrefix(address, what+"[") || strings.HasPrefix(address, what+".")
	}
}

// compareNatural orders numbers in names by their value: seed=2 before seed=10.
func compareNatural(a, b string) int {
	for a != "" && b != "" {
		m, n := digitsAt(a), digitsAt(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(m, n)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}

func digitsAt(s string) int { return len(s) - len(strings.TrimLeft(s, "0123456789")) }
