package view

import (
	"fmt"
	"io"
	"strings"
)

// Description is reference text about one word of the language.
type Description struct {
	// Title is the word as it is written: pretrain, or pretext "rotation".
	Title    string
	Doc      string
	Paper    string // where it was published, if it was
	Cost     string // what it costs beside its like, if that is known
	Sections []Section
	// Example is code, shown as it is.
	Example string
}

// Section is a text or a list of items under a title; without either it is not
// shown.
type Section struct {
	Title string
	Text  string
	Items []Item
}

// Item is one attribute, block, output or variant.
type Item struct {
	Name string
	Note string // type, default and limits in a few words
	Doc  string
}

// docColumn is the widest name that items' text starts behind.
const docColumn = 24

// Describe writes descriptions as aligned text, with a blank line between.
func Describe(w io.Writer, s Style, descriptions ...Description) error {
	var out strings.Builder
	for i, d := range descriptions {
		if i > 0 {
			fmt.Fprintln(&out)
		}
		d.write(&out, s)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func (d Description) write(out *strings.Builder, s Style) {
	fmt.Fprintln(out, s.paint(bold, d.Title))
	for _, text := range []string{d.Doc, d.Paper, labelled("Cost", d.Cost)} {
		if text != "" {
			fmt.Fprintln(out, strings.Join(hang("  ", text, s.width()), "\n"))
		}
	}
	for _, section := range d.Sections {
		if len(section.Items) > 0 || section.Text != "" {
			fmt.Fprintf(out, "\n%s\n", s.paint(bold, section.Title))
			section.write(out, s)
		}
	}
	if d.Example != "" {
		fmt.Fprintf(out, "\n%s\n  %s\n", s.paint(bold, "Example"), strings.ReplaceAll(d.Example, "\n", "\n  "))
	}
}

// labelled is a text with what it is in front; nothing for none.
func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	return label + ": " + text
}

func (section Section) write(out *strings.Builder, s Style) {
	if section.Text != "" {
		fmt.Fprintln(out, strings.Join(hang("  ", section.Text, s.width()), "\n"))
	}
	column := 0
	for _, item := range section.Items {
		if n := cells(item.Name); n <= docColumn {
			column = max(column, n)
		}
	}
	for _, item := range section.Items {
		lines := []string{item.Note}
		if item.Note == "" {
			lines = nil
		}
		if item.Doc != "" {
			lines = append(lines, item.Doc)
		}
		name := "  " + padRight(item.Name, column) + "  "
		if cells(item.Name) > column {
			fmt.Fprintln(out, "  "+item.Name)
			name = strings.Repeat(" ", column+4)
		}
		text := hang(name, strings.Join(lines, "\n"), s.width())
		fmt.Fprintln(out, strings.TrimRight(strings.Join(text, "\n"), " "))
	}
}
