package view

import (
	"encoding/json"
	"io"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/cache"
)

// cacheVersion is raised when a field of the JSON changes its meaning or goes.
const cacheVersion = 1

type resultJSON struct {
	Unit        string         `json:"unit"`
	Names       []string       `json:"other_addresses,omitempty"`
	Fingerprint string         `json:"fingerprint"`
	Result      string         `json:"result"` // digest
	Usage       artifact.Usage `json:"usage"`
	Missing     bool           `json:"missing,omitempty"`
	Shared      int            `json:"shared_with,omitempty"`
	Created     time.Time      `json:"created"`
	Seconds     float64        `json:"seconds"`
	KeptBy      []rootJSON     `json:"kept_by"`
	NeededBy    []string       `json:"needed_by,omitempty"` // fingerprints
}

type rootJSON struct {
	Kind cache.RootKind `json:"kind"`
	Name string         `json:"name"`
	Note string         `json:"note,omitempty"`
}

func resultsJSON(list []*cache.Result) []resultJSON {
	out := []resultJSON{}
	for _, r := range list {
		j := resultJSON{Unit: r.Unit, Names: r.Names, Fingerprint: r.Fingerprint, Result: r.Tree, Usage: r.Usage,
			Missing: r.Missing, Shared: r.Shared, Created: r.Created, Seconds: r.Seconds, KeptBy: rootsJSON(r.Roots)}
		for _, other := range r.NeededBy {
			j.NeededBy = append(j.NeededBy, other.Fingerprint)
		}
		out = append(out, j)
	}
	return out
}

func rootsJSON(list []*cache.Root) []rootJSON {
	out := []rootJSON{}
	for _, r := range list {
		out = append(out, rootJSON{Kind: r.Kind, Name: r.Name, Note: r.Note})
	}
	return out
}

// CacheListJSON writes what CacheList shows.
func CacheListJSON(w io.Writer, survey *cache.Survey, shown []*cache.Result) error {
	return writeJSON(w, struct {
		Version int            `json:"version"`
		Cache   string         `json:"cache"`
		Total   artifact.Usage `json:"total"` // of all objects, each once
		Results []resultJSON   `json:"results"`
	}{cacheVersion, survey.Dir, survey.Total(), resultsJSON(shown)})
}

// CacheWhyJSON writes what CacheWhy shows, with every recipe.
func CacheWhyJSON(w io.Writer, list []cache.Explanation) error {
	type explanation struct {
		resultJSON
		Outputs   map[string]artifact.EntryOutput `json:"outputs"`
		Run       string                          `json:"run,omitempty"` // that the recipe is from
		Reads     []string                        `json:"reads,omitempty"`
		Recipe    json.RawMessage                 `json:"recipe,omitempty"`
		Divergent []artifact.Divergence           `json:"divergent,omitempty"`
	}
	out := []explanation{}
	for _, e := range list {
		out = append(out, explanation{resultsJSON([]*cache.Result{e.Result})[0], e.Outputs, e.Run, e.Reads, e.Recipe, e.Divergent})
	}
	return writeJSON(w, struct {
		Version int           `json:"version"`
		Results []explanation `json:"results"`
	}{cacheVersion, out})
}

type scrapJSON struct {
	Name    string         `json:"name"`
	Unit    string         `json:"unit,omitempty"`
	HeldBy  string         `json:"held_by,omitempty"`
	Usage   artifact.Usage `json:"usage"`
	Changed time.Time      `json:"changed"`
}

func scrapsJSON(list []artifact.Scrap) []scrapJSON {
	out := []scrapJSON{}
	for _, s := range list {
		out = append(out, scrapJSON{Name: s.Name, Usage: s.Usage, Changed: s.Changed})
	}
	return out
}

func workJSON(list []cache.Work) []scrapJSON {
	out := []scrapJSON{}
	for _, w := range list {
		out = append(out, scrapJSON{Name: w.Name, Unit: w.Unit, HeldBy: w.HeldBy, Usage: w.Usage, Changed: w.Changed})
	}
	return out
}

// CacheCollectionJSON writes what CacheCollection shows.
func CacheCollectionJSON(w io.Writer, c *cache.Collection, deleted bool) error {
	type root struct {
		rootJSON
		Results int            `json:"results"`
		Usage   artifact.Usage `json:"usage"`
	}
	roots := []root{}
	for _, r := range c.Roots.List {
		kept := c.KeptBy(r)
		roots = append(roots, root{rootsJSON([]*cache.Root{r})[0], len(kept), c.Space(kept)})
	}
	return writeJSON(w, struct {
		Version     int            `json:"version"`
		Cache       string         `json:"cache"`
		Deleted     bool           `json:"deleted"`
		Freed       artifact.Usage `json:"freed"`
		Kept        int            `json:"kept"`
		Young       int            `json:"young"`
		Roots       []root         `json:"roots"`
		Results     []resultJSON   `json:"results"`
		Loose       []scrapJSON    `json:"loose"`
		Damaged     []scrapJSON    `json:"damaged"`
		Trash       []scrapJSON    `json:"trash"`
		Leavings    []scrapJSON    `json:"leavings"`
		Interrupted []scrapJSON    `json:"interrupted"`
		Resumable   []scrapJSON    `json:"resumable"`
		Downloads   []scrapJSON    `json:"downloads"`
	}{cacheVersion, c.Dir, deleted, c.Freed(), len(c.Kept), len(c.Young), roots, resultsJSON(c.Results), scrapsJSON(c.Loose), scrapsJSON(c.Damaged),
		scrapsJSON(c.Trash), workJSON(c.Leavings), workJSON(c.Interrupted), workJSON(c.Resumable), scrapsJSON(c.Downloads)})
}

// CacheAuditJSON writes what CacheAudit shows.
func CacheAuditJSON(w io.Writer, a *artifact.Audit) error {
	return writeJSON(w, struct {
		Version int `json:"version"`
		*artifact.Audit
	}{cacheVersion, a})
}
