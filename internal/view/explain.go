package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// Explain writes the attributes of a stage, each with its value, where that is
// written, and the variables that it is made of.
func Explain(w io.Writer, s *plan.Stage, style Style) error {
	var out strings.Builder
	fmt.Fprintln(&out, style.paint(bold, s.Address))
	origins := s.Origins()
	names, values := 0, 0
	for _, o := range origins {
		names, values = max(names, cells(o.Path)), max(values, min(cells(attributeText(o)), explainColumn))
	}
	for _, o := range origins {
		value := attributeText(o)
		line := fmt.Sprintf("  %s = %s", padRight(o.Path, names), padRight(value, values))
		if cells(value) > values {
			fmt.Fprintln(&out, line)
			line = strings.Repeat(" ", names+5+values)
		}
		for _, text := range hang(line+"  ", originText(o), style.width()) {
			fmt.Fprintln(&out, strings.TrimRight(text, " "))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// explainColumn is the widest value that the place follows on the same line.
const explainColumn = 28

func attributeText(o plan.Origin) string {
	switch v := o.Value.(type) {
	case schema.Ref:
		if v == (schema.Ref{}) {
			return "null"
		}
		return v.String()
	case []schema.Ref:
		texts := make([]string, len(v))
		for i, ref := range v {
			texts[i] = ref.String()
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	if o.Sensitive {
		return "(sensitive)"
	}
	return schema.Literal(o.Value)
}

// originText is where a value is written, and what it is made of.
func originText(o plan.Origin) string {
	text := o.String()
	var uses []string
	for _, u := range o.Uses {
		use := fmt.Sprintf("%s = %s", u.Name, u.Value)
		if u.From != "" {
			use += " from " + u.From
		}
		uses = append(uses, use)
	}
	if len(uses) > 0 {
		text += " (" + strings.Join(uses, "; ") + ")"
	}
	return text
}

// Evaluated writes what an expression or address stands for.
func Evaluated(w io.Writer, e plan.Evaluated, style Style) error {
	switch {
	case e.Attribute != nil:
		_, err := fmt.Fprintln(w, attributeText(*e.Attribute))
		return err
	case e.Output != nil:
		var out strings.Builder
		for _, s := range e.Stages {
			fmt.Fprintf(&out, "%s.%s: %s, %s. %s\n", s.Address, e.Output.Name, e.Output.Type, plural(len(s.Units), "unit"), e.Output.Doc)
		}
		_, err := io.WriteString(w, out.String())
		return err
	}
	for _, s := range e.Stages {
		if err := Explain(w, s, style); err != nil {
			return err
		}
	}
	if len(e.Stages) > 0 {
		return nil
	}
	_, err := fmt.Fprintln(w, plan.Literal(e.Value))
	return err
}
