package lsp

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/functions"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/plan"
)

// quiet is how long nothing must change before files are checked, so that what is
// being typed is not reported as a mistake at every key.
const quiet = 150 * time.Millisecond

// checker plans files beside the conversation, all that changed at a time.
type checker struct {
	plan    func(paths []string, read hclspec.Read) (*plan.Plan, hcl.Diagnostics)
	log     *slog.Logger
	results chan []*checked
	timer   *time.Timer
	waiting map[string]bool // by URI
	busy    bool
}

// checked is a pipeline with what planning it has found.
type checked struct {
	members []*document
	plan    *plan.Plan
	diags   hcl.Diagnostics
}

func newChecker(o Options, log *slog.Logger) *checker {
	c := &checker{plan: o.Plan, log: log, results: make(chan []*checked, 1), timer: time.NewTimer(quiet), waiting: map[string]bool{}}
	c.timer.Stop()
	return c
}

// soon has a document checked when things are quiet.
func (c *checker) soon(uri string) {
	c.waiting[uri] = true
	c.timer.Reset(quiet)
}

func (c *checker) forget(uri string) { delete(c.waiting, uri) }

// check starts planning what waits, unless that is under way already; what comes
// meanwhile is started when its results are taken.
func (s *Server) check() {
	c := s.checker
	if c.busy || len(c.waiting) == 0 {
		return
	}
	c.busy = true
	open := map[string][]byte{}
	var todo []*checked
	for _, d := range s.openFiles() {
		open[d.path] = d.src
		planned := slices.ContainsFunc(todo, func(t *checked) bool { return slices.Contains(t.members, d) })
		if c.waiting[d.uri] && !planned {
			todo = append(todo, &checked{members: s.pipelineOf(d)})
		}
	}
	clear(c.waiting)
	read := func(path string) ([]byte, error) {
		if src, ok := open[path]; ok {
			return src, nil
		}
		return functions.ReadText(path) // which waits for no pipe
	}
	go func() {
		for _, t := range todo {
			c.run(t, read)
		}
		c.results <- todo
	}()
}

func (c *checker) run(t *checked, read hclspec.Read) {
	var paths []string
	for _, d := range t.members {
		paths = append(paths, d.path)
	}
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("panic", "method", "plan", "files", paths, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			t.plan, t.diags = nil, nil
		}
	}()
	switch {
	case isLock(paths[0]):
	case isValues(paths[0]):
		t.plan = &plan.Plan{Files: map[string]*hcl.File{}}
		_, t.diags = hclspec.LoadValues(paths[0], t.plan.Files, read)
	default:
		t.plan, t.diags = c.plan(paths, read)
	}
}

// take publishes what was found about documents that have not changed since.
func (s *Server) take(results []*checked) {
	s.checker.busy = false
	for _, r := range results {
		s.publishAll(r)
	}
	s.check()
}

// publishAll publishes the diagnostics of a pipeline for each of its files, open or
// not, and for those of its modules. A mistake without a place is one of the first.
func (s *Server) publishAll(r *checked) {
	byFile := map[string]hcl.Diagnostics{}
	for _, d := range r.diags {
		file := r.members[0].path
		if d.Subject != nil {
			file = d.Subject.Filename
		}
		byFile[file] = append(byFile[file], d)
	}
	var owner string
	for _, d := range r.members {
		if s.documents[d.uri] != d {
			continue
		}
		owner = d.uri
		if !r.diags.HasErrors() {
			s.plans[d.uri] = r.plan
		}
		s.publish(d.uri, &d.version, diagnosticsOf(d.text, byFile[d.path]))
	}
	if owner != "" {
		s.publishClosed(owner, r, byFile)
	}
}

// publishClosed publishes diagnostics of files that are not open, and takes back
// those that were published before. Owner is the open file that they are shown for.
func (s *Server) publishClosed(owner string, r *checked, byFile map[string]hcl.Diagnostics) {
	shown := map[string]bool{}
	for file, diags := range byFile {
		uri := uriOf(file)
		if s.documents[uri] != nil || r.plan == nil || r.plan.Files[file] == nil || r.plan.Files[file].Bytes == nil {
			continue
		}
		shown[uri] = true
		s.publish(uri, nil, diagnosticsOf(newText(r.plan.Files[file].Bytes), diags))
	}
	for _, d := range r.members {
		s.retract(d.uri, shown)
	}
	s.others[owner] = shown
}

// retract takes back what was published of closed files for an open one.
func (s *Server) retract(owner string, but map[string]bool) {
	for uri := range s.others[owner] {
		if !but[uri] && s.documents[uri] == nil {
			s.publish(uri, nil, nil)
		}
	}
	delete(s.others, owner)
}

func (s *Server) publish(uri string, version *int, diags []diagnostic) {
	if diags == nil {
		diags = []diagnostic{}
	}
	s.notify("textDocument/publishDiagnostics", publishParams{URI: uri, Version: version, Diagnostics: diags})
}

// diagnosticsOf are the words of sslpipe validate. That a variable has no value is
// no mistake of the file, which may get it on the command line or as a module.
func diagnosticsOf(t *text, diags hcl.Diagnostics) []diagnostic {
	const severityError, severityWarning, severityInformation = 1, 2, 3
	var out []diagnostic
	for _, d := range diags {
		item := diagnostic{Severity: severityError, Source: "sslpipe", Message: d.Summary}
		switch {
		case d.Summary == "Missing value for variable":
			item.Severity = severityInformation
		case d.Severity == hcl.DiagWarning:
			item.Severity = severityWarning
		}
		if d.Detail != "" {
			item.Message += ": " + strings.TrimSpace(d.Detail)
		}
		if d.Subject != nil {
			item.Range = t.rangeSpan(*d.Subject)
		}
		out = append(out, item)
	}
	slices.SortStableFunc(out, func(a, b diagnostic) int { return a.Range.Start.compare(b.Range.Start) })
	return out
}
