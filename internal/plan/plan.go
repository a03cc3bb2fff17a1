// Package plan turns a parsed pipeline file into a plan: which units of work
// there are, what each depends on, and the fingerprint that tells whether its
// result is known. It holds the Kind contract, decodes stages into the kinds'
// typed configurations, checks every reference before evaluating it, and
// reports all mistakes at once as diagnostics with their place in the file.
//
// It refuses to run anything, to load TensorFlow, to print, and to know any
// kind of stage: kinds are given to Load. The only files that it reads are those of
// the pipeline, and the ones that attributes tagged file:"true" name, for their
// fingerprint.
//
// A new construct of the language starts in package hclspec and gets its
// meaning here; a new function belongs to package functions; a new kind, pretext
// task or transform needs no change here.
//
// # Paths
//
// A relative path in an attribute is relative to the folder of the file that it is
// in. If it begins with the text of a --var value, it is relative to the working
// directory, as the shell that completed it meant; if with a value of another file,
// to the folder of that file.
package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/remote"
)

// Coord places a unit within its stage: {"labels": 10, "seed": 3}.
type Coord map[string]int

// String returns the coordinates as they appear in an address, in the order of
// their names: labels=10,seed=3.
func (c Coord) String() string {
	var b strings.Builder
	for i, key := range slices.Sorted(maps.Keys(c)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%s=%d", key, c[key])
	}
	return b.String()
}

// Pipeline is what a file says of itself.
type Pipeline struct {
	// Name is the name of the file or folder without extension.
	Name        string
	Description string
	// Seeds is how many times the whole experiment is repeated.
	Seeds int
	// Path is the first path that was given, Paths are the files.
	Path  string
	Paths []string
	// Variables are those of the file with their values, Sets the texts of --set.
	Variables []Value
	Sets      []string
	// Store is where the file says that results are shared; nil where it does not. It
	// is no part of the experiment.
	Store *remote.Location
	// Cluster is how several workers share the work.
	Cluster Cluster
}

// Value is the value of a variable.
type Value struct {
	Name string
	// Text is what --var takes: text as it is, anything else in HCL; a sensitive
	// value is not in it.
	Text      string
	Sensitive bool
	// From is "default", or says where the value was given.
	From string
}

// Given tells whether the value is not the default.
func (v Value) Given() bool { return v.From != fromDefault }

// Stage is a decoded stage block.
type Stage struct {
	Kind Kind
	// Name is the name of the block, behind the modules that it is in and before
	// its place in a sweep: rotation, ssl[simclr,0.5], probe.linear.
	Name string
	// Address is kind.name, behind the modules that it is in and before its place
	// in a sweep: pretrain.ssl[simclr,0.5], module.probe.finetune.linear.
	Address string
	// Config is what Kind.New returned, filled in. It is shared by the units
	// and must not be changed.
	Config any
	Units  []*Unit
	// Upstream are the stages that this one refers to, each once.
	Upstream []*Stage
	// Range is the place of the block's header.
	Range hcl.Range
	// decoded says where attributes and blocks were written.
	decoded *decoder
}

// FileName is an address or name as part of a path: pretrain.ssl[simclr,0.5] becomes
// pretrain.ssl=simclr=0.5, since brackets and commas mean something to shells and to
// whoever looks for files by patterns. No two become the same.
func FileName(address string) string {
	return strings.NewReplacer("[", "=", ",", "=", "]", "").Replace(address)
}

// Unit is the smallest piece of work: it runs, is stored and is resumed as a
// whole.
type Unit struct {
	// Address is kind.name[coordinates]: finetune.ssl[labels=10,seed=3].
	Address string
	Stage   *Stage
	Coord   Coord
	// Inputs are the upstream units of every reference, by the path of the
	// field that refers to them: "init", "compare". InputOutputs names the
	// output that is meant of each. Units share these slices.
	Inputs       map[string][]*Unit
	InputOutputs map[string][]string
	// Fingerprint identifies what the unit computes, in hexadecimal.
	Fingerprint string
	// Recipe is the canonical JSON document that Fingerprint is the hash of.
	Recipe []byte
	Config any
	// Threads is how many CPU threads the unit uses: the attribute "threads"
	// of its stage, otherwise 1.
	Threads int
	// Workers is how many processes train the unit together; 0 is this one alone.
	Workers int
	// Memory is what the unit needs at most, in bytes; 0 is not known.
	Memory int64
}

// Plan is everything that a pipeline file asks for.
type Plan struct {
	Pipeline Pipeline
	// Stages and Units are in an order in which they can run: what a stage
	// needs comes before it, otherwise they are as declared.
	Stages []*Stage
	Units  []*Unit
	// Files are the sources that diagnostics point into.
	Files map[string]*hcl.File

	// root is what expressions of the pipeline can name; nil for a plan with
	// mistakes.
	root *scope
	// record is what the plan was made of; nil as well.
	record *record
	// secrets are what Redact hides.
	secrets []string
}

// Source is the text of the pipeline: of several files, one after the other, each
// with its name above it, as in [Sources].
func (p *Plan) Source() string {
	var b strings.Builder
	for _, path := range p.Pipeline.Paths {
		file := p.Files[path]
		if file == nil {
			continue
		}
		if len(p.Pipeline.Paths) > 1 {
			fmt.Fprintf(&b, "# %s\n", p.record.shown(path))
		}
		b.Write(file.Bytes)
	}
	return b.String()
}

// Stage returns the stage at an address.
func (p *Plan) Stage(address string) (*Stage, bool) {
	i := slices.IndexFunc(p.Stages, func(s *Stage) bool { return s.Address == address })
	if i < 0 {
		return nil, false
	}
	return p.Stages[i], true
}

// Upstream returns the part of the plan that some units read, directly or through
// others, without the units themselves.
func (p *Plan) Upstream(of ...*Unit) *Plan {
	read := map[*Unit]bool{}
	var follow func(u *Unit)
	follow = func(u *Unit) {
		for _, inputs := range u.Inputs {
			for _, in := range inputs {
				if !read[in] {
					read[in] = true
					follow(in)
				}
			}
		}
	}
	for _, u := range of {
		follow(u)
	}
	part := &Plan{Pipeline: p.Pipeline, Files: p.Files, record: p.record}
	for _, s := range p.Stages {
		if slices.ContainsFunc(s.Units, func(u *Unit) bool { return read[u] }) {
			part.Stages = append(part.Stages, s)
		}
	}
	for _, u := range p.Units {
		if read[u] {
			part.Units = append(part.Units, u)
		}
	}
	return part
}

// maxDiagnostics limits what is reported at once. More is no help, and each costs a
// search for the nearest name.
const maxDiagnostics = 1000

// sortDiagnostics orders by file, place and summary, since HCL's order differs
// from run to run, and drops repetitions. Of too many it keeps the first errors.
func sortDiagnostics(diags hcl.Diagnostics) hcl.Diagnostics {
	diags = ordered(diags)
	if len(diags) <= maxDiagnostics {
		return diags
	}
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int { return cmp.Compare(a.Severity, b.Severity) })
	diags = diags[:maxDiagnostics]
	more := *diags[maxDiagnostics-1]
	more.Summary, more.Detail = "Too many mistakes", fmt.Sprintf("Only the first %d are reported.", maxDiagnostics)
	return ordered(append(diags, &more))
}

func ordered(diags hcl.Diagnostics) hcl.Diagnostics {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		return cmp.Or(
			cmp.Compare(place(a).Filename, place(b).Filename),
			cmp.Compare(place(a).Start.Byte, place(b).Start.Byte),
			cmp.Compare(a.Summary, b.Summary),
			cmp.Compare(a.Detail, b.Detail),
		)
	})
	return slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool {
		return place(a) == place(b) && a.Summary == b.Summary && a.Detail == b.Detail
	})
}

func place(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}
