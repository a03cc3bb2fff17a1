package view

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/encoding/dot"
	"gonum.org/v1/gonum/graph/multi"
)

// odd is a graph with all that must be escaped somewhere.
func odd() Graph {
	none, all := 0, 2
	return Graph{Pipeline: `odd "name`, Of: "stages",
		Nodes: []GraphNode{
			{Address: "download.images", Kind: "download", Units: 1, Cached: &none},
			{Address: `pretrain.ssl["a\",<b>&#1` + "`]", Kind: "pretrain", Units: 2, Cached: &all},
			{Address: `evaluate.x[\]`, Kind: "evaluate", Units: 3, Cached: &all},
		},
		Edges: []GraphEdge{
			{From: "download.images", To: `pretrain.ssl["a\",<b>&#1` + "`]", Field: "views", Output: "train"},
			{From: "download.images", To: `pretrain.ssl["a\",<b>&#1` + "`]", Field: "data", Output: "test"},
			{From: `pretrain.ssl["a\",<b>&#1` + "`]", To: `evaluate.x[\]`, Field: "compare[0]", Output: "classifier"},
		},
	}
}

func drawnText(t *testing.T, write func(io.Writer, Graph) error, g Graph) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out, g); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// A parser of DOT finds the nodes and edges, by their names.
func TestGraphDOTIsValid(t *testing.T) {
	parsed := parsedDOT{DirectedGraph: multi.NewDirectedGraph()}
	text := drawnText(t, GraphDOT, odd())
	if err := dot.UnmarshalMulti([]byte(text), parsed); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var nodes []string
	for it := parsed.Nodes(); it.Next(); {
		nodes = append(nodes, it.Node().(*dotNode).id)
	}
	lines := parsed.Edges().Len()
	if len(nodes) != 3 || lines != 2 {
		t.Errorf("there are nodes %q and %d connected pairs:\n%s", nodes, lines, text)
	}
	for _, want := range []string{
		`digraph "odd \"name" {`,
		"\"pretrain.ssl[\\\"a\\\\\\\",<b>&#1`]\" [label=\"pretrain.ssl[\\\"a\\\\\\\",<b>&#1`]\\n2 units\\ncached\", style=dashed];",
		`"evaluate.x[\\]" [label="evaluate.x[\\]\n3 units\n2 of 3 cached"];`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
}

type parsedDOT struct{ *multi.DirectedGraph }

type dotNode struct {
	graph.Node
	id string
}

func (n *dotNode) SetDOTID(id string) { n.id = id }

func (g parsedDOT) NewNode() graph.Node { return &dotNode{Node: g.DirectedGraph.NewNode()} }

func TestGraphMermaid(t *testing.T) {
	want := `flowchart LR
  n0["download.images<br/>run"]
  n1["pretrain.ssl[#quot;a\#quot;,#lt;b#gt;#amp;#35;1#96;]<br/>2 units<br/>cached"]
  n2["evaluate.x[\]<br/>3 units<br/>2 of 3 cached"]
  n0 -->|"views: train"| n1
  n0 -->|"data: test"| n1
  n1 -->|"compare[0]: classifier"| n2
  classDef cached stroke-dasharray: 4
  class n1 cached
`
	if diff := cmp.Diff(want, drawnText(t, GraphMermaid, odd())); diff != "" {
		t.Error(diff)
	}
}

func TestGraphTree(t *testing.T) {
	draw := func(w io.Writer, g Graph) error { return GraphTree(w, g, Style{}) }
	want := `evaluate.x[\]                                            2 of 3 cached
└─ pretrain.ssl["a\",<b>&#1` + "`]" + `  compare[0]: classifier    cached
   └─ download.images          views: train, data: test  run
`
	if diff := cmp.Diff(want, drawnText(t, draw, odd())); diff != "" {
		t.Error(diff)
	}
}

// A node is drawn with what it reads once, and a name that is too long does not
// move the others.
func TestGraphTreeRepeats(t *testing.T) {
	long := "finetune." + strings.Repeat("x", 60)
	g := Graph{
		Nodes: []GraphNode{{Address: "a"}, {Address: "b"}, {Address: "c"}, {Address: long}, {Address: "e"}, {Address: "alone"}},
		Edges: []GraphEdge{
			{From: "a", To: "b", Field: "data", Output: "train"},
			{From: "b", To: "c", Field: "init", Output: "encoder"},
			{From: "b", To: long, Field: "init", Output: "encoder"},
			{From: "a", To: long, Field: "data", Output: "train"},
			{From: "c", To: "e", Field: "compare", Output: "classifier"},
			{From: long, To: "e", Field: "compare", Output: "classifier"},
		},
	}
	want := `e
├─ c        compare: classifier
│  └─ b     init: encoder
│     └─ a  data: train
└─ ` + long + `  compare: classifier
   ├─ b *   init: encoder
   └─ a     data: train
alone

* what it reads is drawn above
`
	got := drawnText(t, func(w io.Writer, g Graph) error { return GraphTree(w, g, Style{}) }, g)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGraphJSON(t *testing.T) {
	var got any
	if err := json.Unmarshal([]byte(drawnText(t, GraphJSON, odd())), &got); err != nil {
		t.Fatal(err)
	}
	document := got.(map[string]any)
	if document["version"] != 1.0 || document["of"] != "stages" || len(document["nodes"].([]any)) != 3 {
		t.Errorf("the document is %v", document)
	}
	want := map[string]any{"from": `pretrain.ssl["a\",<b>&#1` + "`]", "to": `evaluate.x[\]`, "field": "compare[0]", "output": "classifier"}
	if diff := cmp.Diff(want, document["edges"].([]any)[2]); diff != "" {
		t.Error(diff)
	}
	if text := drawnText(t, GraphJSON, Graph{}); !strings.Contains(text, `"nodes": []`) || !strings.Contains(text, `"edges": []`) {
		t.Errorf("an empty graph is %s", text)
	}
}
