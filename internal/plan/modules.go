package plan

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/functions"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

const (
	// maxModuleDepth limits how deeply modules use modules.
	maxModuleDepth = 8
	maxModules     = 200
)

// loadModules reads the modules that a pipeline uses, and those that they use. Above are
// the paths of the pipeline and of those around it, in which it is at some depth.
func (p *planner) loadModules(s *scope, above []string, depth int) {
	above = append(slices.Clip(above), pathsOf(s.spec)...)
	for _, call := range s.spec.Modules {
		if call.Source == nil {
			continue // reported by hclspec
		}
		path, ok := s.modulePath(call, above)
		if !ok {
			p.incomplete = true
			continue
		}
		if depth == maxModuleDepth {
			p.report(hclspec.Errorf(call.Source.Expr.Range(), "Too many modules", "Modules can use modules to a depth of %d.", maxModuleDepth))
			return
		}
		if p.modules++; p.modules > maxModules {
			p.report(hclspec.Errorf(call.Range, "Too many modules", "A pipeline has at most %d modules.", maxModules))
			return
		}
		spec, diags := hclspec.Load([]string{path}, p.names, p.record.from())
		maps.Copy(p.files, spec.Files)
		for _, d := range diags {
			if d.Subject == nil {
				at := call.Source.Expr.Range()
				d.Subject = &at
			}
		}
		p.report(diags...)
		if spec.Unreadable {
			p.incomplete = true
			continue
		}
		child := p.addScope(spec, s, call)
		s.children[call.Name] = child
		child.checkValues()
		p.loadModules(child, above, depth+1)
	}
}

// pathsOf are the absolute paths of a pipeline: what was given and all files.
func pathsOf(spec *hclspec.Spec) []string {
	paths := []string{absolute(spec.Path)}
	for _, path := range spec.Paths {
		paths = append(paths, absolute(path))
	}
	return paths
}

// modulePath is the path of a module, which must be known before anything else is.
func (s *scope) modulePath(call *hclspec.Module, above []string) (string, bool) {
	at := call.Source.Expr.Range()
	wrong := func(summary, format string, args ...any) (string, bool) {
		s.p.report(hclspec.Errorf(at, summary, format, args...))
		return "", false
	}
	if refs := hclspec.References(call.Source.Expr); len(refs) > 0 {
		return wrong("Reference not allowed here", "source must be written out, since modules are read before anything is evaluated.")
	}
	value, ok, diags := s.bare().value(call.Source.Expr)
	s.p.report(diags...)
	if !ok {
		return "", false
	}
	if value.Type() != cty.String || value.IsNull() {
		return wrong("Wrong type", "source must be the path of a pipeline file or folder, and this is %s.", schema.Describe(value))
	}
	path := value.AsString()
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(at.Filename), path)
	} else {
		s.p.record.rooted = true
	}
	if _, err := os.Stat(path); err != nil && s.p.options.Read == nil {
		return wrong("Missing file", "There is no file or folder %s, relative to the folder of this file.%s", path, schema.NearestFile(path))
	}
	if slices.Contains(above, absolute(path)) {
		return wrong("Module uses itself", "%s is this pipeline itself, or one that uses it as a module.", path)
	}
	return path, true
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// checkValues reports values for variables that the module does not have.
func (s *scope) checkValues() {
	var names []string
	for _, v := range s.spec.Variables {
		names = append(names, v.Name)
	}
	for _, attr := range s.call.Values {
		if !slices.Contains(names, attr.Name) {
			s.meant = append(s.meant, schema.Nearest(attr.Name, names))
			s.p.report(hclspec.Errorf(attr.NameRange, "Unknown variable", "The module has no variable %q.%s%s",
				attr.Name, listed("variables", names), schema.DidYouMean(attr.Name, names)))
		}
	}
}

// addScope makes the scope of a pipeline or module with its stage blocks.
func (p *planner) addScope(spec *hclspec.Spec, parent *scope, call *hclspec.Module) *scope {
	s := p.newScope(spec)
	s.parent, s.call = parent, call
	if parent != nil {
		s.address = parent.full("module." + call.Name)
	}
	s.functions = functions.In(functions.World{Dir: spec.Dir, Read: p.record.text, Env: p.environment})
	p.work.addCounters(s.functions)
	p.incomplete = p.incomplete || len(spec.Misspelt) > 0
	for _, stage := range spec.Stages {
		kind, ok := p.kind(stage.Kind)
		if !ok {
			continue
		}
		b := &block{spec: stage, scope: s, kind: kind, address: s.full(stage.Address()), unshaped: true}
		s.blocks[stage.Kind][stage.Name] = b
		p.blocks[b.address] = b
	}
	return s
}

// origin is a place for people.
func origin(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// environment returns a variable of the environment that the pipeline block allows.
func (p *planner) environment(name string) (string, error) {
	if !slices.Contains(p.allowed, name) {
		return "", fmt.Errorf("%s is not among the variables that the pipeline block allows: add it to env there", name)
	}
	if value, ok := p.record.lookup(name); ok {
		return value, nil
	}
	return "", fmt.Errorf("the environment has no variable %s", name)
}
