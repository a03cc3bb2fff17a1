package hclspec

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// reserved are the blocks of the language itself.
var reserved = []hcl.BlockHeaderSchema{
	{Type: "pipeline"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
}

// readBlocks sorts the blocks of a file into the Spec.
func (s *Spec) readBlocks(body hcl.Body, kinds []string) hcl.Diagnostics {
	want := Want{What: "a pipeline file", Blocks: slices.Clone(reserved), Unknown: "Unknown stage kind"}
	for _, kind := range kinds {
		want.Blocks = append(want.Blocks, hcl.BlockHeaderSchema{Type: kind, LabelNames: []string{"name"}})
	}
	content, diags := ReadBody(body, want)
	s.findMisspelt(body, want)
	seen := map[string]hcl.Range{}
	for _, block := range content.Blocks {
		switch block.Type {
		case "pipeline":
			diags = append(diags, s.readPipeline(block)...)
		case "variable":
			diags = append(diags, s.readVariable(block, seen)...)
		case "locals":
			diags = append(diags, s.readLocals(block, seen)...)
		default:
			diags = append(diags, s.readStage(block, seen)...)
		}
	}
	return diags
}

// findMisspelt keeps the blocks that ReadBody reported.
func (s *Spec) findMisspelt(body hcl.Body, want Want) {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return
	}
	for _, block := range native.Blocks {
		if _, known := want.block(block.Type); known || len(block.Labels) == 0 {
			continue
		}
		s.Misspelt = append(s.Misspelt, &Stage{Kind: block.Type, Name: block.Labels[0], Body: block.Body,
			Range: block.DefRange(), NameRange: block.LabelRanges[0]})
	}
}

func (s *Spec) readPipeline(block *hcl.Block) hcl.Diagnostics {
	if s.Pipeline != nil {
		return hcl.Diagnostics{Errorf(block.DefRange, "Duplicate block", "There is already a pipeline block at %s.", s.Pipeline.Range)}
	}
	s.Pipeline = &Block{Body: block.Body, Range: block.DefRange}
	return nil
}

func (s *Spec) readVariable(block *hcl.Block, seen map[string]hcl.Range) hcl.Diagnostics {
	name := block.Labels[0]
	if d := declare(seen, "variable", name, "var."+name, block.LabelRanges[0]); d != nil {
		return hcl.Diagnostics{d}
	}
	content, diags := ReadBody(block.Body, Want{
		What:       fmt.Sprintf("variable %q", name),
		Attributes: []string{"type", "default", "description"},
	})
	v := &Variable{
		Name:        name,
		Type:        content.Attributes["type"],
		Default:     content.Attributes["default"],
		Description: content.Attributes["description"],
		Range:       block.DefRange,
		NameRange:   block.LabelRanges[0],
	}
	if v.Type == nil && !content.Meant["type"] {
		diags = append(diags, Errorf(block.DefRange, "Missing attribute",
			"variable %q needs a type, so that values from the command line are read right: type = number, string, bool, list(number) ...", name))
	}
	s.Variables = append(s.Variables, v)
	return diags
}

func (s *Spec) readLocals(block *hcl.Block, seen map[string]hcl.Range) hcl.Diagnostics {
	attributes, diags := block.Body.JustAttributes()
	inOrder := make([]*hcl.Attribute, 0, len(attributes))
	for _, attr := range attributes {
		inOrder = append(inOrder, attr)
	}
	slices.SortFunc(inOrder, func(a, b *hcl.Attribute) int { return cmp.Compare(a.Range.Start.Byte, b.Range.Start.Byte) })
	for _, attr := range inOrder {
		if d := declare(seen, "local", attr.Name, "local."+attr.Name, attr.NameRange); d != nil {
			diags = append(diags, d)
			continue
		}
		s.Locals = append(s.Locals, attr)
	}
	return diags
}

func (s *Spec) readStage(block *hcl.Block, seen map[string]hcl.Range) hcl.Diagnostics {
	stage := &Stage{Kind: block.Type, Name: block.Labels[0], Body: block.Body,
		Range: block.DefRange, NameRange: block.LabelRanges[0]}
	if d := declare(seen, "stage", stage.Name, stage.Address(), stage.NameRange); d != nil {
		return hcl.Diagnostics{d}
	}
	s.Stages = append(s.Stages, stage)
	return nil
}

// maxName limits the length of a name, which becomes part of file names.
const maxName = 64

// declare notes a name, and reports one that cannot be referred to or is taken.
func declare(seen map[string]hcl.Range, what, name, address string, at hcl.Range) *hcl.Diagnostic {
	if !hclsyntax.ValidIdentifier(name) || len(name) > maxName {
		return Errorf(at, "Invalid name",
			"A %s is referred to by its name, so it must begin with a letter and have only letters, digits, underscores and hyphens, at most %d.", what, maxName)
	}
	if first, ok := seen[address]; ok {
		return Errorf(at, "Duplicate "+what, "%s is already declared at %s.", address, first)
	}
	seen[address] = at
	return nil
}
