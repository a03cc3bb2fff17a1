package view

import (
	"io"
	"maps"
	"slices"

	"sslpipe/internal/plan"
)

// Graph is what reads what in a plan, as it is drawn: stages, or units.
type Graph struct {
	Pipeline string
	Of       string // stages or units
	// Nodes are in an order in which they can run.
	Nodes []GraphNode
	// Edges are in the order of the nodes that read.
	Edges []GraphEdge
}

// GraphNode is a stage or a unit.
type GraphNode struct {
	Address string `json:"address"`
	Kind    string `json:"kind"`
	Units   int    `json:"units"`
	// Cached is the number of units whose results are stored; nil where nobody
	// has looked.
	Cached *int `json:"cached,omitempty"`
}

// GraphEdge says that a node reads an output of another by a field.
type GraphEdge struct {
	From   string `json:"from"` // hands on
	To     string `json:"to"`   // reads
	Field  string `json:"field"`
	Output string `json:"output"`
}

// label is how an edge is named.
func (e GraphEdge) label() string { return e.Field + ": " + e.Output }

// StageGraph is the graph of a plan's stages. Cached tells whether the result of a
// fingerprint is stored; it may be nil.
func StageGraph(p *plan.Plan, cached func(fingerprint string) bool) Graph {
	g := Graph{Pipeline: p.Pipeline.Name, Of: "stages"}
	for _, s := range p.Stages {
		g.Nodes = append(g.Nodes, graphNode(s.Address, s.Units, cached))
		// Every unit of a stage has an input for each of its references.
		g.add(s.Address, s.Units[0], func(u *plan.Unit) string { return u.Stage.Address })
	}
	return g
}

// UnitGraph is the graph of a plan's units.
func UnitGraph(p *plan.Plan, cached func(fingerprint string) bool) Graph {
	g := Graph{Pipeline: p.Pipeline.Name, Of: "units"}
	for _, u := range p.Units {
		g.Nodes = append(g.Nodes, graphNode(u.Address, []*plan.Unit{u}, cached))
		g.add(u.Address, u, func(u *plan.Unit) string { return u.Address })
	}
	return g
}

func graphNode(address string, units []*plan.Unit, cached func(string) bool) GraphNode {
	node := GraphNode{Address: address, Kind: units[0].Stage.Kind.Name, Units: len(units)}
	if cached != nil {
		n := 0
		for _, u := range units {
			if cached(u.Fingerprint) {
				n++
			}
		}
		node.Cached = &n
	}
	return node
}

// add adds the edges to a node, each once.
func (g *Graph) add(to string, u *plan.Unit, address func(*plan.Unit) string) {
	seen := map[GraphEdge]bool{}
	for _, field := range slices.Sorted(maps.Keys(u.Inputs)) {
		for i, in := range u.Inputs[field] {
			e := GraphEdge{From: address(in), To: to, Field: field, Output: u.InputOutputs[field][i]}
			if !seen[e] {
				seen[e] = true
				g.Edges = append(g.Edges, e)
			}
		}
	}
}

// graphVersion is raised when the JSON form changes for readers of it.
const graphVersion = 1

// GraphJSON writes a graph as JSON.
func GraphJSON(w io.Writer, g Graph) error {
	return writeJSON(w, struct {
		Version  int         `json:"version"`
		Pipeline string      `json:"pipeline"`
		Of       string      `json:"of"`
		Nodes    []GraphNode `json:"nodes"`
		Edges    []GraphEdge `json:"edges"`
	}{graphVersion, g.Pipeline, g.Of, list(g.Nodes), list(g.Edges)})
}
