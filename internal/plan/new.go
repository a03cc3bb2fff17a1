package plan

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// Options are what a plan depends on besides the file.
type Options struct {
	// Vars are the texts of --var, by name.
	Vars map[string]string
	// Runtime identifies what computes: TensorFlow's version, the class of
	// device, the mode of determinism. It is part of every fingerprint.
	Runtime string
	// Digest identifies the content of a file or folder; nil is package
	// plan's Digest, which reads everything every time.
	Digest func(path string) (string, error)
}

// KindNames returns the names of kinds, in order.
func KindNames(kinds []Kind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.Name
	}
	return names
}

// Load reads, parses and plans a pipeline file. All mistakes are reported at
// once, in the order of the file, each with its place. The Plan is never nil, but
// after an error only its Files mean anything.
func Load(path string, kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	spec, diags := hclspec.ParseFile(path, KindNames(kinds))
	return newPlan(spec, diags, kinds, o)
}

// Parse is Load for text that has been read; path says where from.
func Parse(src []byte, path string, kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	spec, diags := hclspec.Parse(src, path, KindNames(kinds))
	return newPlan(spec, diags, kinds, o)
}

// newPlan plans a parsed file; diags are those of parsing it.
func newPlan(spec *hclspec.Spec, diags hcl.Diagnostics, kinds []Kind, o Options) (*Plan, hcl.Diagnostics) {
	out := &Plan{Files: spec.Files}
	if spec.Unreadable {
		return out, sortDiagnostics(diags)
	}
	if o.Digest == nil {
		o.Digest = Digest
	}
	p := &planner{spec: spec, options: o, scope: newScope(spec, kinds), files: spec.Files, diags: diags}
	p.variables()
	p.evaluateLocals()
	p.decodePipeline()
	p.decodeStages()
	p.link()
	if !p.diags.HasErrors() {
		p.reportUnused()
		p.identify()
	}
	out.Pipeline = p.pipeline
	if !p.diags.HasErrors() {
		for _, i := range p.order {
			out.Stages = append(out.Stages, p.stages[i].out)
			out.Units = append(out.Units, p.stages[i].out.Units...)
		}
	}
	return out, sortDiagnostics(p.diags)
}

// planner is a plan under construction.
type planner struct {
	spec     *hclspec.Spec
	options  Options
	scope    *scope
	files    map[string]*hcl.File
	diags    hcl.Diagnostics
	pipeline Pipeline
	stages   []*stage // in the order of the file
	order    []int    // of stages, in which they can run
	edges    int      // from units to units
	units    int
}

// stage is a Stage under construction.
type stage struct {
	spec *hclspec.Stage
	out  *Stage
	*decoder
	// sound is true if nothing is wrong with the stage or above it.
	sound bool
	facts map[string]Facts
	// keys are the names of the units' coordinates.
	keys []string
}

func (p *planner) report(diags ...*hcl.Diagnostic) { p.diags = append(p.diags, diags...) }

// pipelineConfig is the pipeline block.
type pipelineConfig struct {
	Description string `hcl:"description,optional" doc:"What the experiment asks, in one sentence."`
	Seeds       int    `hcl:"seeds,optional" min:"1" max:"1000" doc:"How many times the whole experiment is repeated."`
}

// defaultSeeds is the smallest number of pairs with which a two-sided exact
// sign-flip test can reach p < 0.05.
const defaultSeeds = 6

// PipelineFields describes the pipeline block.
func PipelineFields() []schema.Field { return schema.Fields(&pipelineConfig{Seeds: defaultSeeds}) }

func (p *planner) decodePipeline() {
	config := &pipelineConfig{Seeds: defaultSeeds}
	if block := p.spec.Pipeline; block != nil {
		newDecoder(p, nil, false, block.Range).body(block.Body, config, "pipeline", "", block.Range)
	}
	base := filepath.Base(p.spec.Path)
	p.pipeline = Pipeline{
		Name:        strings.TrimSuffix(base, filepath.Ext(base)),
		Description: config.Description,
		Seeds:       config.Seeds,
		Path:        p.spec.Path,
	}
}

func (p *planner) decodeStages() {
	for _, spec := range p.spec.Stages {
		kind, ok := p.scope.kind(spec.Kind)
		if !ok {
			continue
		}
		s := &stage{
			spec:    spec,
			out:     &Stage{Kind: kind, Name: spec.Name, Address: spec.Address(), Config: kind.New(), Range: spec.Range},
			decoder: newDecoder(p, kind.Families, true, spec.Range),
		}
		s.sound = s.body(spec.Body, s.out.Config, fmt.Sprintf("%s %q", kind.Name, spec.Name), "", spec.Range)
		p.stages = append(p.stages, s)
	}
}
