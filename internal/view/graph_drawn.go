package view

import (
	"fmt"
	"io"
	"strings"
)

// GraphDOT writes a graph in the language of Graphviz. Edges lead from what hands
// on to what reads; stored ones have dashed borders.
func GraphDOT(w io.Writer, g Graph) error {
	var out strings.Builder
	fmt.Fprintf(&out, "digraph %s {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n", quoteDOT(g.Pipeline))
	for _, n := range g.Nodes {
		label, style := n.caption("\n"), ""
		if n.Cached != nil && *n.Cached == n.Units {
			style = ", style=dashed"
		}
		fmt.Fprintf(&out, "  %s [label=%s%s];\n", quoteDOT(n.Address), quoteDOT(label), style)
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&out, "  %s -> %s [label=%s];\n", quoteDOT(e.From), quoteDOT(e.To), quoteDOT(e.label()))
	}
	out.WriteString("}\n")
	_, err := io.WriteString(w, out.String())
	return err
}

// caption is what is written into a node.
func (n GraphNode) caption(line string) string {
	text := n.Address
	if n.Units > 1 {
		text += line + plural(n.Units, "unit")
	}
	if n.Cached != nil {
		text += line + n.state()
	}
	return text
}

var escapeDOT = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func quoteDOT(text string) string { return `"` + escapeDOT.Replace(text) + `"` }

// GraphMermaid writes a graph as a Mermaid flowchart, which Markdown on many sites
// draws.
func GraphMermaid(w io.Writer, g Graph) error {
	var out strings.Builder
	out.WriteString("flowchart LR\n")
	ids := make(map[string]string, len(g.Nodes)) // an address is no name in Mermaid
	var cached []string
	for i, n := range g.Nodes {
		id := fmt.Sprintf("n%d", i)
		ids[n.Address] = id
		fmt.Fprintf(&out, "  %s[%s]\n", id, quoteMermaid(n.caption("\n")))
		if n.Cached != nil && *n.Cached == n.Units {
			cached = append(cached, id)
		}
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&out, "  %s -->|%s| %s\n", ids[e.From], quoteMermaid(e.label()), ids[e.To])
	}
	if len(cached) > 0 {
		fmt.Fprintf(&out, "  classDef cached stroke-dasharray: 4\n  class %s cached\n", strings.Join(cached, ","))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// In quotes Mermaid takes entities without their ampersand, and everything else
// that could be markup must be one.
var escapeMermaid = strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<", "#lt;", ">", "#gt;", "`", "#96;", "\n", "<br/>")

func quoteMermaid(text string) string { return `"` + escapeMermaid.Replace(text) + `"` }
