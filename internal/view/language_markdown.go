package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// LanguageMarkdown writes the reference of the language, with a list of contents
// and an anchor for every word.
func LanguageMarkdown(w io.Writer, l Language) error {
	var out strings.Builder
	r := reference{out: &out, language: l}
	r.opening()
	r.words()
	r.stages()
	for _, f := range l.Families {
		r.family(f)
	}
	r.sources()
	r.functions()
	_, err := io.WriteString(w, strings.TrimRight(out.String(), "\n")+"\n")
	return err
}

// reference writes the parts of the language reference.
type reference struct {
	out      *strings.Builder
	language Language
}

func (r reference) line(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func (r reference) paragraph(text string) {
	if text != "" {
		r.line("%s\n", text)
	}
}

// heading writes a heading that can be linked to as #anchor.
func (r reference) heading(level int, anchor, title string) {
	r.line("<a id=%q></a>\n", anchor)
	r.line("%s %s\n", strings.Repeat("#", level), title)
}

func (r reference) code(text string) {
	if text != "" {
		r.line("```hcl\n%s\n```\n", text)
	}
}

// anchor is where a word is explained.
func anchor(topic, name string) string {
	if name == "" {
		return topic
	}
	return topic + "-" + strings.ReplaceAll(name, " ", "-")
}

func (r reference) opening() {
	r.line("# The pipeline language\n")
	r.line("<!-- Made by: go run ./cmd/sslpipe describe --markdown > docs/language.md -->\n")
	r.paragraph("A pipeline file says what an experiment does, in HCL: attributes (`epochs = 12`), blocks (`flip {}`), expressions" +
		" (`var.epochs * 2`) and comments (`#`). `sslpipe describe WORD` shows any entry of this page in a terminal, and `sslpipe describe" +
		" --json-schema` writes a JSON Schema for files in JSON.")
	for _, t := range r.language.topics() {
		links := make([]string, len(t.entries))
		for i, e := range t.entries {
			links[i] = fmt.Sprintf("[%s](#%s)", e.name, anchor(t.name, e.name))
		}
		r.line("- [%s](#%s): %s", t.title, t.name, strings.Join(links, ", "))
	}
	r.line("")
}

// sentence begins with a capital.
func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

func (r reference) words() {
	r.heading(2, topicWord, "The language itself")
	for _, w := range r.language.Words {
		d := describeWord(w)
		title := "`" + d.Title + "`"
		if w.Form == plan.Concept || w.Form == plan.Values {
			title = sentence(d.Title)
		}
		r.heading(3, anchor(topicWord, w.Name), title)
		if w.Form != plan.Concept {
			r.paragraph("*" + sentence(wordForms[w.Form]) + ".*")
		}
		r.paragraph(w.Doc)
		r.code(w.Example)
		r.fields(w.Fields)
	}
}

func (r reference) stages() {
	r.heading(2, topicStage, "Stages")
	for _, k := range r.language.Kinds {
		r.heading(3, anchor(topicStage, k.Name), "`"+k.Name+"`")
		r.paragraph(k.Doc)
		r.code(exampleOfKind(k))
		r.fields(k.Fields())
		r.line("| output | type | |\n|---|---|---|")
		for _, o := range k.Outputs {
			r.line("| `%s` | %s | %s |", o.Name, o.Type, cell(o.Doc))
		}
		r.line("")
	}
}

func (r reference) family(f schema.Family) {
	r.heading(2, f.Name, sentence(f.Name)+"s")
	for _, v := range f.Variants {
		r.heading(3, anchor(f.Name, v.Name), "`"+v.Name+"`")
		r.paragraph(join(" ", v.Doc, parenthesis(v.Paper), labelled("Cost", withStop(v.Cost))))
		r.code(exampleOfVariant(r.language.formOf(f.Name), f, v))
		r.fields(schema.Fields(v.New()))
	}
}

func parenthesis(text string) string {
	if text == "" {
		return ""
	}
	return "(" + text + ")"
}

// withStop ends a text with a full stop.
func withStop(text string) string {
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

func (r reference) sources() {
	r.heading(2, topicSource, "Data sets")
	r.paragraph("Data sets that a [download](#stage-download) stage knows by name.")
	r.line("| source | | images | licence |\n|---|---|---|---|")
	for _, s := range r.language.Sources {
		images := fmt.Sprintf("%d x %d x %d", s.Shape[0], s.Shape[1], s.Shape[2])
		if s.Text {
			images = "text"
		}
		r.line("| <a id=%q></a>`%s` | %s | %s | %s |", anchor(topicSource, s.Name), s.Name, cell(s.Doc), images, cell(s.License))
	}
	r.line("")
}

func (r reference) functions() {
	r.heading(2, topicFunction, "Functions")
	r.paragraph("Arguments and results are limited in size, and all calls of a pipeline in number, so that no file can make a plan take forever.")
	group := ""
	for i, f := range r.language.Functions {
		if f.Group != group {
			if i > 0 {
				r.line("")
			}
			group = f.Group
			r.line("### %s\n\n| function | | example |\n|---|---|---|", group)
		}
		r.line("| <a id=%q></a>`%s` | %s | `%s` is `%s` |", anchor(topicFunction, f.Name), f.Usage(), cell(f.Doc), f.Example, f.Result)
	}
	r.line("")
}

// fields writes attributes and blocks as tables, then those of inner blocks.
func (r reference) fields(fields []schema.Field) {
	if len(fields) == 0 {
		return
	}
	r.line("| | | |\n|---|---|---|")
	for _, f := range fields {
		name, note := "`"+f.Name+"`", AttributeNote(f)
		switch f.Form {
		case schema.Block:
			name, note = "`"+f.Name+" {}`", presence(f)
		case schema.Labelled, schema.Ordered:
			item := familyItem(f, schema.Family{})
			name, note = "`"+item.Name+"`", item.Note+fmt.Sprintf("; see [%s](#%s)", f.Family, f.Family)
		}
		r.line("| %s | %s | %s |", name, cell(note), cell(f.Doc))
	}
	r.line("")
	for _, f := range fields {
		if f.Form == schema.Block && len(f.Fields) > 0 {
			r.line("In `%s {}`:\n", f.Path)
			r.fields(f.Fields)
		}
	}
}

// cell escapes text for a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}
