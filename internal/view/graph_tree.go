package view

import (
	"fmt"
	"io"
	"strings"
)

// maxTreeColumn limits how far to the right labels begin, so that one deep or long
// name does not push all of them there.
const maxTreeColumn = 50

// GraphTree writes a graph as trees: what nobody reads at the root, and below each
// node what it reads. What a node reads is drawn once; after that its name alone
// stands there, with a mark.
func GraphTree(w io.Writer, g Graph, s Style) error {
	t := newTree(g)
	for _, node := range g.Nodes {
		if !t.isRead[node.Address] {
			t.grow(node.Address, nil, "", "")
		}
	}
	text, label := t.columns()
	var out strings.Builder
	for _, line := range t.lines {
		full := padRight(padRight(line.text, text)+"  "+line.label, text+2+label) + "  " + line.state
		out.WriteString(strings.TrimRight(full, " ") + "\n")
	}
	if t.again {
		fmt.Fprintf(&out, "\n%s what it reads is drawn above\n", s.paint(bold, seenMark))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// seenMark stands behind a node whose inputs are drawn elsewhere.
const seenMark = "*"

// tree is a graph that is drawn line by line.
type tree struct {
	nodes  map[string]GraphNode
	reads  map[string][]branch
	isRead map[string]bool
	drawn  map[string]bool
	lines  []treeLine
	again  bool // a mark was set
}

// branch leads to a node, by one edge or several.
type branch struct {
	address string
	labels  []string
}

type treeLine struct{ text, label, state string }

// columns are the widths of texts and of labels.
func (t *tree) columns() (text, label int) {
	for _, line := range t.lines {
		if n := cells(line.text); n <= maxTreeColumn {
			text = max(text, n)
		}
		label = max(label, cells(line.label))
	}
	return text, label
}

func newTree(g Graph) *tree {
	t := &tree{nodes: map[string]GraphNode{}, reads: map[string][]branch{}, isRead: map[string]bool{}, drawn: map[string]bool{}}
	for _, node := range g.Nodes {
		t.nodes[node.Address] = node
	}
	place := map[[2]string]int{}
	for _, e := range g.Edges {
		t.isRead[e.From] = true
		i, ok := place[[2]string{e.To, e.From}]
		if !ok {
			i = len(t.reads[e.To])
			place[[2]string{e.To, e.From}] = i
			t.reads[e.To] = append(t.reads[e.To], branch{address: e.From})
		}
		t.reads[e.To][i].labels = append(t.reads[e.To][i].labels, e.label())
	}
	return t
}

// grow draws a node behind a lead, and below it what it reads behind another.
func (t *tree) grow(address string, labels []string, lead, below string) {
	reads := t.reads[address]
	text := lead + address
	again := t.drawn[address] && len(reads) > 0
	if again {
		text += " " + seenMark
		t.again = true
	}
	line := treeLine{text: text, label: strings.Join(labels, ", ")}
	if node := t.nodes[address]; node.Cached != nil {
		line.state = node.state()
	}
	t.lines = append(t.lines, line)
	if again {
		return
	}
	t.drawn[address] = true
	for i, b := range reads {
		if i < len(reads)-1 {
			t.grow(b.address, b.labels, below+"├─ ", below+"│  ")
		} else {
			t.grow(b.address, b.labels, below+"└─ ", below+"   ")
		}
	}
}

// state says how much of a node is stored, which must be known.
func (n GraphNode) state() string {
	switch *n.Cached {
	case n.Units:
		return "cached"
	case 0:
		return "run"
	}
	return fmt.Sprintf("%d of %d cached", *n.Cached, n.Units)
}
