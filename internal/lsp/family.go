package lsp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/hclspec"
)

// A folder can be one pipeline or hold several, and nothing in it says which. Here
// its files are taken for one if some refer to what only others declare, and at most
// one has a pipeline block.

// maxTogether limits the files of a folder that are looked at.
const maxTogether = 100

// pipelineOf returns the files that are one pipeline with a document, in the order
// of their paths.
func (s *Server) pipelineOf(d *document) []*document {
	alone := []*document{d}
	files, err := hclspec.Files{}.Folder(filepath.Dir(d.path))
	if err != nil || !slices.Contains(files, d.path) || len(files) > maxTogether {
		return alone
	}
	var all []*document
	for _, file := range files {
		if member := s.load(file); member != nil {
			all = append(all, member)
		}
	}
	if !s.connected(all) {
		return alone
	}
	return all
}

// connected tells whether files are one pipeline.
func (s *Server) connected(all []*document) bool {
	pipelines := 0
	declared := map[string]bool{}
	own := make([]map[string]bool, len(all))
	for i, d := range all {
		own[i] = map[string]bool{}
		for _, n := range s.words.names(d.body) {
			declared[n.address], own[i][n.address] = true, true
		}
		for _, block := range d.body.Blocks {
			if block.Type == "pipeline" {
				pipelines++
			}
		}
	}
	crossing := func(i int) bool {
		return slices.ContainsFunc(uses(all[i].body), func(u use) bool {
			address := u.address()
			return declared[address] && !own[i][address]
		})
	}
	for i := range all {
		if pipelines <= 1 && crossing(i) {
			return true
		}
	}
	return false
}

// closed is a file as it was on disk.
type closed struct {
	*document
	modified time.Time
	size     int64
}

// load returns a file as the editor shows it or as it is on disk; nil if there is
// none.
func (s *Server) load(path string) *document {
	for _, d := range s.documents {
		if d.path == path {
			return d
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	if known := s.closed[path]; known.document != nil && known.size == info.Size() && known.modified.Equal(info.ModTime()) {
		return known.document
	}
	src, err := hclspec.ReadFile(path)
	if err != nil {
		return nil
	}
	d := newDocument(uriOf(path), 0, src)
	s.closed[path] = closed{document: d, modified: info.ModTime(), size: info.Size()}
	return d
}

// isValues tells whether a file sets variables instead of being a pipeline.
func isValues(path string) bool {
	return strings.HasSuffix(path, ".auto.hcl") || strings.HasSuffix(path, ".auto.hcl.json")
}

// isLock tells whether a file is written by sslpipe lock, for no one else.
func isLock(path string) bool { return strings.HasSuffix(path, ".lock.hcl") }

// module returns the files that a module block names.
func (s *Server) module(d *document, source string) []*document {
	path := source
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(d.path), path)
	}
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = (hclspec.Files{}).Folder(path); err != nil || len(files) > maxTogether {
			return nil
		}
	}
	var all []*document
	for _, file := range files {
		if member := s.load(file); member != nil {
			all = append(all, member)
		}
	}
	return all
}
