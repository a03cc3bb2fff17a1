package plan

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/functions"
	"sslpipe/internal/hclspec"
)

// Sources are what a plan was made of, without sensitive values: enough to plan the
// same units again where the files are not, see [Sources.Load].
type Sources struct {
	// Root is the folder that all other paths are relative to; slashes separate
	// them. It is "/" where a file is named by an absolute path. Empty means the
	// working directory.
	Root string `json:"root,omitempty"`
	// Pipelines are the paths that were given as the pipeline.
	Pipelines []string `json:"pipelines"`
	// Given and Sets are from the command line, in its order.
	Given []Given  `json:"given,omitempty"`
	Sets  []string `json:"sets,omitempty"`
	// Workers is how many processes trained a unit together; 0 is 1.
	Workers int `json:"workers,omitempty"`
	// Environment are the variables of the environment that were read.
	Environment map[string]string `json:"environment,omitempty"`
	// Dir is the folder that paths in values from the command line and the
	// environment are relative to; empty where there is no such path.
	Dir string `json:"dir,omitempty"`
	// Data are the digests of the files and folders of data that attributes name.
	// They are not among Files. Paths that are written absolute are so here.
	Data map[string]string `json:"data,omitempty"`
	// Sensitive are the variables whose values have to be given again.
	Sensitive []string `json:"sensitive,omitempty"`
	// Withheld says in sentences why the plan cannot be made again from this: what
	// is sensitive stands where it cannot be given again.
	Withheld []string `json:"withheld,omitempty"`
	// Files are the texts that were read: pipelines, modules, values, and what
	// file() returned.
	Files map[string][]byte `json:"-"`
}

// Sources returns what the plan was made of.
func (p *Plan) Sources() *Sources {
	if p.record == nil {
		return &Sources{}
	}
	return p.record.sources()
}

// record notes what planning reads.
type record struct {
	paths   []string
	options Options
	working string            // the working directory when planning began
	files   map[string][]byte // by path, as it was read
	// edits take sensitive values out of files.
	edits       map[string][]edit
	environment map[string]string
	// data are digests by absolute path; absolute are those that are written so.
	data     map[string]string
	absolute map[string]bool
	// rooted is true if a file is named by an absolute path, used if a path in a
	// value from the command line is used.
	rooted, used bool
	// secretly is true while the value of a sensitive variable is evaluated;
	// unseen counts what was read meanwhile, which is not noted.
	secretly bool
	unseen   int
	// sensitive are the sensitive variables of the pipeline, secrets their texts.
	sensitive []string
	secrets   []string
	withheld  []string
}

// edit replaces a part of a file.
type edit struct {
	from, to int
	by       string
}

func newRecord(paths []string, o Options) *record {
	o.Dir = absolute(o.Dir)
	return &record{paths: paths, options: o, working: absolute("."), files: map[string][]byte{}, edits: map[string][]edit{},
		environment: map[string]string{}, data: map[string]string{}, absolute: map[string]bool{}}
}

// read notes a file. What is read is only noted where that went well.
func (r *record) read(path string, read hclspec.Read) ([]byte, error) {
	text, err := read(path)
	switch {
	case err != nil:
	case r.secretly:
		r.unseen++
	default:
		r.files[path] = text
	}
	return text, err
}

// from is where files are read from.
func (r *record) from() hclspec.Files {
	read := r.options.Read
	if read == nil {
		read = hclspec.ReadFile
	}
	return hclspec.Files{
		Read: func(path string) ([]byte, error) { return r.read(path, read) },
		List: r.options.List,
	}
}

// text reads a file for file().
func (r *record) text(path string, absolute bool) ([]byte, error) {
	r.rooted = r.rooted || absolute
	read := r.options.Read
	if read == nil {
		read = functions.ReadText
	}
	return r.read(path, read)
}

// lookup notes a variable of the environment.
func (r *record) lookup(name string) (string, bool) {
	if r.options.Lookup == nil {
		return "", false
	}
	value, ok := r.options.Lookup(name)
	switch {
	case !ok:
	case r.secretly:
		r.unseen++
	default:
		r.environment[name] = value
	}
	return value, ok
}

func (r *record) digest(path string) (string, error) {
	sum, err := r.options.Digest(path)
	if err == nil {
		r.data[path] = sum
	}
	return sum, err
}

// cut takes an attribute with a sensitive value out of its file.
func (r *record) cut(file string, name, value [2]int) {
	if hclspec.IsJSON(file) { // a property of this name is a comment
		r.edits[file] = append(r.edits[file], edit{name[0], name[1], `"//"`}, edit{value[0], value[1], "null"})
		return
	}
	by := ""
	if text := r.files[file]; value[1] <= len(text) && text[value[1]-1] == '\n' { // a heredoc
		by = "\n"
	}
	r.edits[file] = append(r.edits[file], edit{name[0], value[1], by})
}

func (r *record) sources() *Sources {
	root := r.root()
	s := &Sources{Root: root, Sets: r.options.Sets, Workers: r.options.Workers, Environment: maps.Clone(r.environment), Data: map[string]string{},
		Sensitive: r.sensitive, Withheld: slices.Clone(r.withheld), Files: map[string][]byte{}}
	for _, path := range r.paths {
		s.Pipelines = append(s.Pipelines, r.name(root, path))
	}
	for _, g := range r.options.Given {
		name, _, _ := strings.Cut(g.Var, "=")
		switch {
		case g.File != "":
			s.Given = append(s.Given, Given{File: r.name(root, g.File)})
		case !slices.Contains(r.sensitive, name):
			s.Given = append(s.Given, g)
		}
	}
	for _, name := range r.sensitive {
		delete(s.Environment, EnvironmentPrefix+name)
	}
	if r.used {
		s.Dir = r.name(root, r.options.Dir)
	}
	for path, sum := range r.data {
		if !r.absolute[path] {
			path = r.name(root, path)
		}
		s.Data[path] = sum
	}
	for path, text := range r.files {
		s.Files[r.name(root, path)] = edited(text, r.edits[path])
	}
	r.conceal(s)
	return s
}

// conceal takes out whatever else holds a sensitive text.
func (r *record) conceal(s *Sources) {
	secret := func(text string) bool {
		return slices.ContainsFunc(r.secrets, func(secret string) bool { return replaceWord(text, secret, "") != text })
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		if secret(string(s.Files[name])) {
			delete(s.Files, name)
			s.Withheld = append(s.Withheld, fmt.Sprintf("%s also has the value of a sensitive variable in another place.", name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		if secret(s.Environment[name]) {
			delete(s.Environment, name)
			s.Withheld = append(s.Withheld, fmt.Sprintf("The variable %s of the environment also has the value of a sensitive variable.", name))
		}
	}
	shown := func(what string) func(string) bool {
		return func(text string) bool {
			found := secret(text)
			if found {
				s.Withheld = append(s.Withheld, what+" also has the value of a sensitive variable.")
			}
			return found
		}
	}
	s.Sets = slices.DeleteFunc(slices.Clone(s.Sets), shown("A value of --set"))
	isSecret := shown("A value of --var")
	s.Given = slices.DeleteFunc(s.Given, func(g Given) bool { return isSecret(g.Var) })
}

// edited applies edits, which do not overlap.
func edited(text []byte, edits []edit) []byte {
	slices.SortFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, e := range slices.Compact(edits) {
		out = append(append(out, text[at:e.from]...), e.by...)
		at = e.to
	}
	return append(out, text[at:]...)
}

// root is the deepest folder with all files and arguments in it.
func (r *record) root() string {
	if r.rooted {
		return "/"
	}
	root := ""
	for _, path := range slices.Concat(r.paths, slices.Collect(maps.Keys(r.files))) {
		dir := filepath.Dir(absoluteIn(r.working, path))
		if root == "" {
			root = dir
		}
		for !inside(root, dir) {
			root = filepath.Dir(root)
		}
	}
	return root
}

func inside(root, path string) bool {
	rel, err := filepath.Rel(root, path)
	return err == nil && filepath.IsLocal(rel)
}

// shown is the path of a file among the sources.
func (r *record) shown(path string) string {
	if r == nil {
		return path
	}
	return r.name(r.root(), path)
}

func (r *record) name(root, path string) string { return nameIn(root, absoluteIn(r.working, path)) }

// nameIn is an absolute path relative to a folder.
func nameIn(root, path string) string {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}
