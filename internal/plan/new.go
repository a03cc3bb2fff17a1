package plan

import (
	"slices"
	"time"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/remote"
	"sslpipe/internal/schema"
)

// Options are what a plan depends on besides the files.
type Options struct {
	// Given are values for variables, in the order of the command line.
	Given []Given
	// Sets are the texts of --set: ADDRESS.ATTRIBUTE=VALUE.
	Sets []string
	// Lookup reads environment variables; nil reads none.
	Lookup func(name string) (string, bool)
	// Read reads the files of the pipeline, and List lists folders; nil is the disk.
	Read hclspec.Read
	List hclspec.List
	// Dir is the folder that paths in values from the command line and the
	// environment are relative to; empty is the working directory.
	Dir string
	// Runtime identifies what computes: TensorFlow's version, the class of
	// device, the mode of determinism. It is part of every fingerprint.
	Runtime string
	// Workers is how many processes train a unit together, where its kind can; 0 is 1.
	// From 2 on it is part of the fingerprints of these units. It counts for nothing
	// where the pipeline has each worker run whole units.
	Workers int
	// Digest identifies the content of a file or folder; nil is package
	// plan's Digest, which reads everything every time.
	Digest func(path string) (string, error)
	// Find tells whether a file or folder of data is there; nil looks on disk.
	Find func(path string) error
}

// KindNames returns the names of kinds, in order.
func KindNames(kinds []Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// Load reads, parses and plans a pipeline, which is what all files together declare;
// a path may be a folder. All mistakes are reported at once, in the order of the
// files, each with its place. The Plan is never nil, but after an error only its
// Files mean anything.
func Load(paths []string, kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	if o.Digest == nil {
		o.Digest = Digest
	}
	if o.Find == nil {
		o.Find = exists
	}
	rec := newRecord(paths, o)
	spec, diags := hclspec.Load(paths, KindNames(kinds), rec.from())
	out := &Plan{Files: spec.Files}
	if spec.Unreadable {
		return out, sortDiagnostics(diags)
	}
	p := &planner{
		options: o, record: rec, kinds: kinds, names: KindNames(kinds), files: spec.Files, diags: diags,
		cluster: Cluster{Parallel: ParallelBatch, Lease: defaultLease * time.Second},
		blocks:  map[string]*block{}, byAddress: map[string]*stage{}, masked: map[string]bool{},
	}
	p.plan(spec)
	out.Pipeline = p.pipeline
	out.Pipeline.Store, out.Pipeline.Cluster = p.store, p.cluster
	if !p.diags.HasErrors() {
		out.root, out.record = p.root, rec
		for _, s := range p.stages {
			out.Stages = append(out.Stages, s.out)
			out.Units = append(out.Units, s.out.Units...)
		}
	}
	p.redact(p.diags)
	out.secrets = slices.Concat(p.secrets, p.made)
	return out, sortDiagnostics(p.diags)
}

// Parse is Load for the text of a single file that has been read; path says where
// from. Files that it refers to are read as usual.
func Parse(src []byte, path string, kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	read := o.Read
	if read == nil {
		read = hclspec.ReadFile
	}
	o.Read = func(name string) ([]byte, error) {
		if name == path {
			return src, nil
		}
		return read(name)
	}
	return Load([]string{path}, kinds, o)
}

// planner is a plan under construction.
type planner struct {
	options  Options
	record   *record
	kinds    []Kind
	names    []string // of the kinds
	files    map[string]*hcl.File
	diags    hcl.Diagnostics
	pipeline Pipeline
	store    *remote.Location
	cluster  Cluster
	root     *scope
	modules  int
	given    map[string]setting
	sets     []*set
	// incomplete is true if modules or stages could not be read.
	incomplete bool
	allowed    []string // names of environment variables that env can read
	nodes      []node
	// blocks are all stage blocks, by address; byAddress are the stages that they
	// make, and stages the same in an order in which they can run.
	blocks    map[string]*block
	byAddress map[string]*stage
	stages    []*stage
	edges     int // from units to units
	units     int
	work      work
	// secrets are texts that messages must not show, made those of attributes that are
	// made of them, masked the sources that had some.
	secrets, made []string
	masked        map[string]bool
}

// stage is a Stage under construction.
type stage struct {
	block *block
	cell  *cell // nil without a sweep
	out   *Stage
	*decoder
	// decoded is true if nothing is wrong with the stage itself, sound if nothing
	// is wrong above it either.
	decoded bool
	sound   bool
	facts   map[string]Facts
	// known is what is known of the inputs, once everything upstream is checked.
	known Inputs
	// keys are the names of the units' coordinates.
	keys []string
	// workers train each unit together; 0 is one process.
	workers int
}

func (p *planner) report(diags ...*hcl.Diagnostic) { p.diags = append(p.diags, diags...) }

func (p *planner) kind(name string) (Kind, bool) {
	i := slices.IndexFunc(p.kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return p.kinds[i], true
}

// output returns the output that a reference names.
func (p *planner) output(ref schema.Ref) Output {
	kind, _ := p.kind(ref.Kind())
	output, _ := kind.Output(ref.Output)
	return output
}

func (p *planner) plan(spec *hclspec.Spec) {
	p.root = p.addScope(spec, nil, nil)
	p.readEnvironmentNames()
	p.loadModules(p.root, nil, 0)
	p.given = p.gather()
	p.parseSets()
	p.evaluate()
	p.pipeline.Variables = p.root.values()
	p.reportUnusedSets()
	if !p.diags.HasErrors() {
		p.reportUnused()
		p.identify()
	}
}

// pipelineConfig is the pipeline block.
type pipelineConfig struct {
	Description string   `hcl:"description,optional" doc:"What the experiment asks, in one sentence."`
	Seeds       int      `hcl:"seeds,optional" min:"1" max:"1000" doc:"How many times the whole experiment is repeated."`
	Env         []string `hcl:"env,optional" doc:"Names of environment variables that env(name) can read, written out. What is read becomes part of the experiment."`
}

// defaultSeeds is the smallest number of pairs with which a two-sided exact
// sign-flip test can reach p < 0.05.
const defaultSeeds = 6

// PipelineFields describes the pipeline block.
func PipelineFields() []schema.Field { return schema.Fields(&pipelineConfig{Seeds: defaultSeeds}) }
