package plan

import (
	"container/heap"

	"github.com/hashicorp/hcl/v2"
)

// edge says that a node needs another, and where the file says so.
type edge struct {
	to int
	at hcl.Range
}

// graph is what needs what among nodes 0 to n-1, which are in the order of the
// file.
type graph struct {
	needs [][]edge
}

func newGraph(n int) *graph { return &graph{needs: make([][]edge, n)} }

func (g *graph) add(from, to int, at hcl.Range) {
	g.needs[from] = append(g.needs[from], edge{to: to, at: at})
}

// order returns nodes such that what a node needs comes before it, otherwise as
// in the file. Nodes in a cycle, and nodes that need them, are left out.
func (g *graph) order() []int {
	missing := make([]int, len(g.needs))
	neededBy := make([][]int, len(g.needs))
	for from, edges := range g.needs {
		missing[from] = len(edges)
		for _, e := range edges {
			neededBy[e.to] = append(neededBy[e.to], from)
		}
	}
	var ready intHeap
	for i, n := range missing {
		if n == 0 {
			ready = append(ready, i) // already a heap: in order
		}
	}
	var order []int
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		order = append(order, i)
		for _, j := range neededBy[i] {
			if missing[j]--; missing[j] == 0 {
				heap.Push(&ready, j)
			}
		}
	}
	return order
}

// step is one edge of a cycle.
type step struct {
	from int
	edge
}

// maxCycles limits the cycles that are reported at once.
const maxCycles = 100

// cycles returns a cycle for each edge that closes one, up to maxCycles, as the steps
// from the node that is first reached, in the order of the file. The last step is the
// closing edge.
func (g *graph) cycles() [][]step {
	s := cycleSearch{g: g, state: make([]int, len(g.needs))}
	for i := range g.needs {
		if s.state[i] == unseen {
			s.visit(i)
		}
	}
	return s.found
}

const (
	unseen = iota
	open   // on the path that is being followed
	done
)

type cycleSearch struct {
	g     *graph
	state []int
	path  []step
	found [][]step
}

func (s *cycleSearch) visit(node int) {
	s.state[node] = open
	for _, e := range s.g.needs[node] {
		s.path = append(s.path, step{from: node, edge: e})
		switch s.state[e.to] {
		case unseen:
			s.visit(e.to)
		case open:
			if len(s.found) == maxCycles {
				break
			}
			s.found = append(s.found, s.closed(e.to))
		}
		s.path = s.path[:len(s.path)-1]
	}
	s.state[node] = done
}

// closed cuts the path at the node where the cycle begins.
func (s *cycleSearch) closed(start int) []step {
	for i, st := range s.path {
		if st.from == start {
			return append([]step(nil), s.path[i:]...)
		}
	}
	return nil
}

// intHeap is a heap of ints for container/heap.
type intHeap []int

func (h intHeap) Len() int           { return len(h) }
func (h intHeap) Less(i, j int) bool { return h[i] < h[j] }
func (h intHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *intHeap) Push(x any) { *h = append(*h, x.(int)) }

// Pop implements heap.Interface.
func (h *intHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}
