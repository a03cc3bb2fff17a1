package hclspec

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/schema"
)

// reserved are the blocks of the language itself.
var reserved = []hcl.BlockHeaderSchema{
	{Type: "pipeline"},
	{Type: "store"},
	{Type: "cluster"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "module", LabelNames: []string{"name"}},
	{Type: "output", LabelNames: []string{"name"}},
}

// reader sorts the blocks of files into a Spec.
type reader struct {
	*Spec
	kinds []string
	// seen are the places of names, over all files.
	seen map[string]hcl.Range
}

func (r *reader) readBlocks(body *Body) hcl.Diagnostics {
	want := Want{What: "a pipeline file", Blocks: slices.Clone(reserved), Unknown: "Unknown stage kind"}
	for _, kind := range r.kinds {
		want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: kind, LabelNames: []string{"name"}})
	}
	content, diags := body.Read(want)
	r.findMisspelt(body, want)
	for _, block := range content.Blocks {
		switch block.Type {
		case "pipeline":
			diags = append(diags, readOnce(&r.Pipeline, block)...)
		case "store":
			diags = append(diags, readOnce(&r.Store, block)...)
		case "cluster":
			diags = append(diags, readOnce(&r.Cluster, block)...)
		case "variable":
			diags = append(diags, r.readVariable(block)...)
		case "locals":
			diags = append(diags, r.readLocals(block)...)
		case "module":
			diags = append(diags, r.readModule(block)...)
		case "output":
			diags = append(diags, r.readOutput(block)...)
		default:
			diags = append(diags, r.readStage(block)...)
		}
	}
	return diags
}

// findMisspelt keeps the blocks that Read reported.
func (r *reader) findMisspelt(body *Body, want Want) {
	if body.object != nil {
		r.findMisspeltJSON(body.object, want)
		return
	}
	for _, block := range body.native.Blocks {
		if _, known := want.Block(block.Type); known || len(block.Labels) == 0 {
			continue
		}
		r.Misspelt = append(r.Misspelt, &Stage{Kind: block.Type, Name: block.Labels[0], Body: &Body{native: block.Body},
			Range: block.DefRange(), NameRange: block.LabelRanges[0]})
	}
}

// findMisspeltJSON also keeps stages that are not objects.
func (r *reader) findMisspeltJSON(o *object, want Want) {
	for _, p := range o.members() {
		known := slices.Contains(r.kinds, p.name)
		if _, reserved := want.Block(p.name); reserved && !known {
			continue
		}
		stages, isObject := objectOf(p.expr)
		if !isObject {
			continue
		}
		for _, named := range stages.members() {
			if known && holdsObjects(named.expr) {
				continue
			}
			r.Misspelt = append(r.Misspelt, &Stage{Kind: p.name, Name: named.name, Body: EmptyBody(named.at), Range: named.at, NameRange: named.at})
		}
	}
}

// readOnce notes a block that a pipeline can have once.
func readOnce(place **Block, block *Block) hcl.Diagnostics {
	if first := *place; first != nil {
		return hcl.Diagnostics{Errorf(block.Range, "Duplicate block", "There is already a %s block at %s.", block.Type, first.Range)}
	}
	*place = block
	return nil
}

func (r *reader) readVariable(block *Block) hcl.Diagnostics {
	name := block.Labels[0]
	if d := r.declare("variable", name, "var."+name, block.LabelRanges[0]); d != nil {
		return hcl.Diagnostics{d}
	}
	content, diags := block.Body.Read(Want{
		What:       fmt.Sprintf("variable %q", name),
		Attributes: []string{"type", "default", "description", "sensitive"},
		Keywords:   []string{"type"},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "validation"}},
	})
	v := &Variable{
		Name:        name,
		Type:        content.Attributes["type"],
		Default:     content.Attributes["default"],
		Description: content.Attributes["description"],
		Sensitive:   content.Attributes["sensitive"],
		Misspelt:    content.Meant["default"],
		Range:       block.Range,
		NameRange:   block.LabelRanges[0],
	}
	if v.Type == nil && !content.Meant["type"] {
		diags = append(diags, Errorf(block.Range, "Missing attribute",
			"variable %q needs a type, so that values from the command line are read right: type = number, string, bool, list(number) ...", name))
	}
	for _, b := range content.Blocks {
		validation, more := readValidation(b)
		diags = append(diags, more...)
		if !more.HasErrors() {
			v.Validations = append(v.Validations, validation)
		}
	}
	r.Variables = append(r.Variables, v)
	return diags
}

func readValidation(block *Block) (*Validation, hcl.Diagnostics) {
	content, diags := block.Body.Read(Want{What: "validation", Attributes: []string{"condition", "error_message"}})
	v := &Validation{Condition: content.Attributes["condition"], Message: content.Attributes["error_message"], Range: block.Range}
	diags = append(diags, required(content, "validation", block.Range, "condition", "An expression that is true for good values, such as var.epochs > 0.")...)
	diags = append(diags, required(content, "validation", block.Range, "error_message", "What to tell whoever gives a bad value, in a sentence.")...)
	return v, diags
}

// required reports an attribute that is missing and was not misspelt.
func required(content *Content, what string, at hcl.Range, name, doc string) hcl.Diagnostics {
	if content.Attributes[name] != nil || content.Meant[name] {
		return nil
	}
	return hcl.Diagnostics{Errorf(at, "Missing attribute", "%s needs the attribute %s. %s", what, name, doc)}
}

func (r *reader) readLocals(block *Block) hcl.Diagnostics {
	attributes, diags := block.Body.Attributes("locals")
	for _, attr := range attributes {
		if d := r.declare("local", attr.Name, "local."+attr.Name, attr.NameRange); d != nil {
			diags = append(diags, d)
			continue
		}
		r.Locals = append(r.Locals, attr)
	}
	return diags
}

func (r *reader) readModule(block *Block) hcl.Diagnostics {
	name := block.Labels[0]
	if d := r.declare("module", name, "module."+name, block.LabelRanges[0]); d != nil {
		return hcl.Diagnostics{d}
	}
	attributes, diags := block.Body.Attributes("a module")
	m := &Module{Name: name, Range: block.Range, NameRange: block.LabelRanges[0]}
	for _, attr := range attributes {
		if attr.Name == "source" {
			m.Source = attr
			continue
		}
		m.Values = append(m.Values, attr)
	}
	r.Modules = append(r.Modules, m)
	if m.Source == nil {
		diags = append(diags, Errorf(block.Range, "Missing attribute", "module %q needs the attribute source, the path of a pipeline file or folder: source = \"./probe.hcl\".%s",
			name, m.meantSource()))
	}
	return diags
}

// meantSource names a value that was probably meant to be the source.
func (m *Module) meantSource() string {
	var names []string
	for _, attr := range m.Values {
		names = append(names, attr.Name)
	}
	if near := schema.Nearest("source", names); near != "" {
		return fmt.Sprintf(" Was %q meant to be it?", near)
	}
	return ""
}

func (r *reader) readOutput(block *Block) hcl.Diagnostics {
	name := block.Labels[0]
	if d := r.declare("output", name, "output."+name, block.LabelRanges[0]); d != nil {
		return hcl.Diagnostics{d}
	}
	what := fmt.Sprintf("output %q", name)
	content, diags := block.Body.Read(Want{What: what, Attributes: []string{"value", "description"}})
	r.Outputs = append(r.Outputs, &NamedOutput{Name: name, Value: content.Attributes["value"],
		Description: content.Attributes["description"], Range: block.Range, NameRange: block.LabelRanges[0]})
	return append(diags, required(content, what, block.Range, "value", "What the module hands to whoever uses it.")...)
}

func (r *reader) readStage(block *Block) hcl.Diagnostics {
	stage := &Stage{Kind: block.Type, Name: block.Labels[0], Body: block.Body,
		Range: block.Range, NameRange: block.LabelRanges[0]}
	if d := r.declare("stage", stage.Name, stage.Address(), stage.NameRange); d != nil {
		return hcl.Diagnostics{d}
	}
	r.Stages = append(r.Stages, stage)
	return nil
}

// maxName limits the length of a name, which becomes part of file names.
const maxName = 64

// declare notes a name, and reports one that cannot be referred to or is taken.
func (r *reader) declare(what, name, address string, at hcl.Range) *hcl.Diagnostic {
	if !hclsyntax.ValidIdentifier(name) || len(name) > maxName {
		return Errorf(at, "Invalid name",
			"%s is referred to by its name, so it must begin with a letter and have only letters, digits, underscores and hyphens, at most %d.", article(what), maxName)
	}
	if first, ok := r.seen[address]; ok {
		return Errorf(at, "Duplicate "+what, "%s is already declared at %s.", address, first)
	}
	r.seen[address] = at
	return nil
}

func article(noun string) string {
	if noun == "output" {
		return "An " + noun
	}
	return "A " + noun
}
