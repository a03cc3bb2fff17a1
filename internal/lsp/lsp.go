// Package lsp is the language server for pipeline files: what an editor asks over
// the Language Server Protocol, it answers from the same data that decodes a
// pipeline. Nothing is described here: kinds, families, words of the language and
// functions come from package plan, mistakes from planning the text.
//
// The names and labels of blocks and attributes are completed and explained by
// hcl-lang, from the schema that bodies.go makes of the kinds. Expressions are this
// package's own work (values.go, names.go), since an editor asks about them while
// they cannot be parsed yet, and since what fits depends on types of artifact.
//
// It refuses to print, to run or to write anything: text goes in, edits and answers
// come out. A request that panics is answered with an error.
//
// A new request is a method of Server and a line in requests or notifications.
package lsp

import (
	"context"
	"io"
	"log/slog"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// Options are what a server knows.
type Options struct {
	Kinds []plan.Kind
	// ValueDoc says what one of the values that an attribute can be set to means;
	// "" if that is not known.
	ValueDoc func(f schema.Field, value string) string
	// Note says in a few words what type, limits and default an attribute has.
	Note func(schema.Field) string
	// Plan plans the pipeline of some files, which it reads by read.
	Plan func(paths []string, read hclspec.Read) (*plan.Plan, hcl.Diagnostics)
	// Format returns the text of a pipeline file as it should be written.
	Format func(src []byte, path string) ([]byte, hcl.Diagnostics)
}

// Serve answers messages from in until the client says exit, in ends or ctx is
// cancelled. Only messages are written to out; log gets what went wrong. The error
// is nil if the client said shutdown first, or just closed in.
func Serve(ctx context.Context, in io.Reader, out io.Writer, log *slog.Logger, o Options) error {
	s := &Server{
		options:   o,
		out:       out,
		log:       log,
		documents: map[string]*document{},
		words:     newVocabulary(o.Kinds, o.Note),
		checker:   newChecker(o, log),
		plans:     map[string]*plan.Plan{},
		others:    map[string]map[string]bool{},
		closed:    map[string]closed{},
	}
	return s.serve(ctx, in)
}

// Server is one conversation with an editor. All of it but the reading of messages
// and the planning of files happens in one goroutine, so that answers are about the
// text that the editor had when it asked.
type Server struct {
	options   Options
	out       io.Writer
	log       *slog.Logger
	documents map[string]*document // by URI
	words     *vocabulary
	checker   *checker
	// plans are the last plans without errors, others the files that are not open
	// and have diagnostics from a plan, both by the URI of what was planned.
	plans  map[string]*plan.Plan
	others map[string]map[string]bool
	closed map[string]closed // by path

	initialized bool
	shutdown    bool
	snippets    bool
	broken      error // of out
}
