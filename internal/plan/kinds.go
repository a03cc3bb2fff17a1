package plan

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/artifact"
	"sslpipe/internal/schema"
)

// reservedKinds are words of the language, now or later, that a kind of stage
// cannot be called.
var reservedKinds = []string{"pipeline", "store", "cluster", "variable", "locals", "var", "local", "module", "output", "each", "matrix", "path", "self"}

// reservedFields are attributes and blocks that mean the same in every stage,
// now or later, so that no configuration can have them.
var reservedFields = []string{"for_each", "count", "matrix", "base", "depends_on", "dynamic", "content", "module", "provider"}

// CheckKinds tests that every kind in a list keeps the contract: names,
// documents, versions, tags, families, outputs and types of artifact. The list
// of kinds is part of the program, so this is for its test.
func CheckKinds(kinds []Kind) error {
	var c kindCheck
	for i, k := range kinds {
		c.where = "kind " + k.Name
		c.name(k.Name, reservedKinds)
		c.must(!slices.Contains(KindNames(kinds[:i]), k.Name), "is listed twice")
		c.must(k.Doc != "", "has no Doc")
		c.must(k.Version >= 1, "has no Version")
		c.must(k.Run != nil, "has no Run")
		c.must(len(k.Outputs) > 0, "has no Outputs")
		for _, o := range k.Outputs {
			c.name(o.Name, nil)
			c.must(o.Doc != "", "output %s has no Doc", o.Name)
			c.must(slices.Contains(artifact.Types, o.Type), "output %s has the type %q, which is not a type of artifact", o.Name, o.Type)
		}
		c.must((k.Memory != nil) == (k.MemoryBy != ""), "must have both of Memory and MemoryBy or neither")
		c.config(k.New, k.Families)
	}
	return errors.Join(c.errs...)
}

// kindCheck gathers what is wrong with a list of kinds.
type kindCheck struct {
	where string
	// within are the families that are being checked.
	within []string
	errs   []error
}

func (c *kindCheck) must(ok bool, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, fmt.Errorf("%s: %s", c.where, fmt.Sprintf(format, args...)))
	}
}

func (c *kindCheck) name(name string, reserved []string) {
	c.must(hclsyntax.ValidIdentifier(name) && name == strings.ToLower(name), "%q is not a name in lower case", name)
	c.must(!slices.Contains(reserved, name), "%q is a reserved word", name)
}

func (c *kindCheck) config(create func() any, families map[string]schema.Family) {
	if create == nil || reflect.TypeOf(create()).Kind() != reflect.Pointer {
		c.must(false, "New must return a pointer to a struct")
		return
	}
	first, second := create(), create()
	empty := reflect.TypeOf(first).Elem().Size() == 0
	c.must(empty || first != second, "New returns the same configuration twice")
	c.fields(schema.Fields(first), families)
}

func (c *kindCheck) fields(fields []schema.Field, families map[string]schema.Family) {
	taken := map[string]bool{}
	for _, f := range fields {
		names := []string{f.Name}
		if f.Form == schema.Ordered {
			names = families[f.Family].Names()
		}
		for _, name := range names {
			c.name(name, reservedFields)
			c.must(!taken[name], "%s is declared twice", name)
			taken[name] = true
		}
		c.must(f.Doc != "", "%s has no doc", f.Path)
		for _, ref := range f.Refs {
			c.must(slices.Contains(artifact.Types, artifact.Type(ref)), "%s refers to %q, which is not a type of artifact", f.Path, ref)
		}
		c.must(f.Type.Ref == (len(f.Refs) > 0), "%s needs a ref tag exactly if it is a Ref", f.Path)
		c.fields(f.Fields, families)
		if f.Family != "" {
			c.family(f, families)
		}
	}
}

// family checks the variants of a family, which may name families in turn.
func (c *kindCheck) family(f schema.Field, families map[string]schema.Family) {
	family, ok := families[f.Family]
	if !ok {
		c.must(false, "%s names the family %q, which is not among its Families", f.Path, f.Family)
		return
	}
	c.must(family.Name == f.Family, "the family %q is called %q", f.Family, family.Name)
	if slices.Contains(c.within, f.Family) {
		return
	}
	c.within = append(c.within, f.Family)
	outer := c.where
	for i, v := range family.Variants {
		c.where = fmt.Sprintf("%s: %s %q", outer, family.Name, v.Name)
		c.name(v.Name, nil)
		c.must(!slices.Contains(family.Names()[:i], v.Name), "is listed twice")
		c.must(v.Doc != "", "has no Doc")
		c.must(v.Version >= 1, "has no Version")
		c.config(v.New, families)
	}
	c.where = outer
	c.within = c.within[:len(c.within)-1]
}
