package tf

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
)

// replicas is a graph with a copy of every node of another on each worker, so that one
// needs nothing of the others but where they meet: what is fed is fed to each. Files are
// at the chief, whose copies keep the names.
type replicas struct {
	graph  *graft.Graph
	n      int
	prefix string          // of the names on other workers
	once   map[string]bool // nodes that are there once
	cut    map[string]bool // placeholders of which each worker has its rows
	meets  map[string]bool // nodes whose values take all workers
	// instances is added to the numbers of collectives.
	instances int64
	at        places
}

// places are the devices of copies.
type places struct {
	replica func(i int) string
	files   string // of what is there once
	feeds   func(i int) string
}

// localPlaces are those of replicas on the GPUs of this process, or on as many CPUs.
func localPlaces(device Device) places {
	const local = "/job:localhost/replica:0/task:0/device:"
	kind := "CPU"
	if device == GPU {
		kind = "GPU"
	}
	chief := local + "CPU:0"
	return places{
		replica: func(i int) string { return fmt.Sprintf("%s%s:%d", local, kind, i) },
		files:   chief, feeds: func(int) string { return chief },
	}
}

// clusterPlaces are those of the workers of a cluster.
func clusterPlaces() places { return places{replica: deviceOf, files: deviceOf(0), feeds: deviceOf} }

// atChief tells whether a node is there once: what has to do with files, of which the
// names are the strings that are fed.
func atChief(n *nodeDef) bool {
	switch n.GetOp() {
	case "SaveV2", "RestoreV2":
		return true
	case "Placeholder":
		return DType(n.GetAttr()["dtype"].GetType()) == String
	}
	return false
}

// meeting are operations that wait for all workers.
var meeting = map[string]bool{"CollectiveReduce": true, "CollectiveGather": true}

// replicate copies g onto its workers, at their places. Its collectives are numbered from instances on:
// servers remember what they know by a number, for every session.
func replicate(g *Graph, instances int64, at places) (*replicas, error) {
	def, err := graphDef(g)
	if err != nil {
		return nil, err
	}
	r := &replicas{instances: instances, at: at, n: g.Replicas(), prefix: g.freeRoot("worker"), once: map[string]bool{}, cut: map[string]bool{}, meets: map[string]bool{}}
	for _, n := range def.GetNode() {
		r.once[n.GetName()] = atChief(n)
	}
	for _, n := range def.GetNode() {
		// What waits for files to be written has nothing to do elsewhere.
		if slices.ContainsFunc(n.GetInput(), func(input string) bool { return strings.HasPrefix(input, "^") && r.once[input[1:]] }) {
			r.once[n.GetName()] = true
		}
	}
	if err := r.findCuts(g, def); err != nil {
		return nil, err
	}
	r.findMeetings(def)
	wide := &graphpb.GraphDef{Versions: def.GetVersions(), Library: def.GetLibrary()}
	for i := range r.n {
		for _, n := range def.GetNode() {
			if i == 0 || !r.once[n.GetName()] {
				wide.Node = append(wide.Node, r.copied(g, n, i))
			}
		}
	}
	raw, err := proto.Marshal(wide)
	if err != nil {
		return nil, err
	}
	r.graph = graft.NewGraph()
	if err := r.graph.Import(raw, ""); err != nil {
		return nil, fmt.Errorf("copy the graph to %d workers: %w", r.n, err)
	}
	return r, nil
}

// copied is the copy of a node for worker i.
func (r *replicas) copied(g *Graph, n *nodeDef, i int) *nodeDef {
	c := proto.Clone(n).(*nodeDef)
	c.Name, c.Device = r.name(n.GetName(), i), r.place(n, i)
	for k, input := range c.Input {
		c.Input[k] = r.inputName(input, i)
	}
	r.share(g, n.GetName(), c, i)
	if meeting[n.GetOp()] {
		key := c.GetAttr()["instance_key"]
		key.Value = &attrpb.AttrValue_I{I: key.GetI() + r.instances}
	}
	if class, ok := c.GetAttr()["_class"]; ok {
		c.Attr["_class"] = r.located(class, i)
	}
	return c
}

// place is the device of worker i's copy of a node.
func (r *replicas) place(n *nodeDef, i int) string {
	switch {
	case r.once[n.GetName()]:
		return r.at.files
	case n.GetOp() == "Placeholder":
		return r.at.feeds(i)
	}
	return r.at.replica(i)
}

// share makes the copy of what Graph.Share has built take the rows of worker i.
func (r *replicas) share(g *Graph, name string, c *nodeDef, i int) {
	if rows, ok := g.workers.begins[name]; ok {
		first := binary.NativeEndian.AppendUint32(nil, uint32(rows*i))
		tensor := c.GetAttr()["value"].GetTensor()
		tensor.TensorContent = append(first, make([]byte, 4*(tensor.GetTensorShape().GetDim()[0].GetSize()-1))...)
		tensor.IntVal = nil
	}
	if r.cut[name] {
		rows := c.GetAttr()["shape"].GetShape().GetDim()[0]
		rows.Size /= int64(r.n)
	}
	if _, ok := g.workers.cuts[name]; ok { // its input is what it would take
		c.Op, c.Input = "Identity", c.GetInput()[:1]
		c.Attr = map[string]*attrpb.AttrValue{"T": c.GetAttr()["T"]}
	}
}

// located renames the nodes that a copy has to be placed beside.
func (r *replicas) located(class *attrpb.AttrValue, i int) *attrpb.AttrValue {
	for k, s := range class.GetList().GetS() {
		if name, ok := strings.CutPrefix(string(s), "loc:@"); ok {
			class.GetList().S[k] = []byte("loc:@" + r.name(name, i))
		}
	}
	return class
}

// name is what worker i calls its copy of a node.
func (r *replicas) name(node string, i int) string {
	if i == 0 || r.once[node] {
		return node
	}
	return fmt.Sprintf("%s/%d/%s", r.prefix, i, node)
}

// inputName is name for "node", "node:1" and "^node".
func (r *replicas) inputName(input string, i int) string {
	node, control := strings.CutPrefix(input, "^")
	node, index, indexed := strings.Cut(node, ":")
	node = r.name(node, i)
	if indexed {
		node += ":" + index
	}
	if control {
		node = "^" + node
	}
	return node
}

// findCuts marks the placeholders of which each worker is fed its rows. It is an error if
// something reads all of them.
func (r *replicas) findCuts(g *Graph, def *graphpb.GraphDef) error {
	for _, placeholder := range g.workers.cuts {
		r.cut[placeholder] = true
	}
	for _, n := range def.GetNode() {
		for _, input := range n.GetInput() {
			if r.cut[input] && g.workers.cuts[n.GetName()] != input {
				return fmt.Errorf("%s reads all rows of %s, which each worker has a part of", n.GetName(), input)
			}
		}
	}
	return nil
}

// findMeetings marks what a collective comes before.
func (r *replicas) findMeetings(def *graphpb.GraphDef) {
	followers, queue := map[string][]string{}, []string{}
	for _, n := range def.GetNode() {
		if meeting[n.GetOp()] {
			queue = append(queue, n.GetName())
		}
		for _, input := range n.GetInput() {
			from, _, _ := strings.Cut(strings.TrimPrefix(input, "^"), ":")
			followers[from] = append(followers[from], n.GetName())
		}
	}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !r.meets[at] {
			r.meets[at] = true
			queue = append(queue, followers[at]...)
		}
	}
}

// output finds worker i's copy of an output.
func (r *replicas) output(o graft.Output, i int) graft.Output {
	return graft.Output{Op: r.operation(o.Op, i), Index: o.Index}
}

func (r *replicas) operation(op *graft.Operation, i int) *graft.Operation {
	return r.graph.Operation(r.name(op.Name(), i))
}

// whole makes a run of one worker one of all: values come from the chief; what has an
// effect, and what waits for the others, runs on each.
func (r *replicas) whole(one request) (request, error) {
	all := request{in: make(map[graft.Output]*graft.Tensor, r.n*len(one.in)), outs: make([]graft.Output, len(one.outs))}
	for o, t := range one.in {
		if err := r.feed(&all, o, t); err != nil {
			all.free()
			return request{}, err
		}
	}
	ops := one.ops
	for k, o := range one.outs {
		all.outs[k] = r.output(o, 0)
		if r.meets[o.Op.Name()] {
			ops = append(ops, o.Op)
		}
	}
	for _, op := range ops {
		for i := range r.copies(op) {
			all.ops = append(all.ops, r.operation(op, i))
		}
	}
	return all, nil
}

// copies is on how many workers, the chief first, an operation is.
func (r *replicas) copies(op *graft.Operation) int {
	if r.once[op.Name()] {
		return 1
	}
	return r.n
}

// feed adds to a run what each worker is fed for a placeholder.
func (r *replicas) feed(all *request, o graft.Output, t *graft.Tensor) error {
	for i := range r.copies(o.Op) {
		piece := t
		if r.cut[o.Op.Name()] {
			var err error
			if piece, err = rowsOf(t, i, r.n); err != nil {
				return err
			}
			all.own = append(all.own, piece)
		}
		all.in[r.output(o, i)] = piece
	}
	return nil
}

// rowsOf copies the i-th of n parts of a tensor's rows.
func rowsOf(t *graft.Tensor, i, n int) (*graft.Tensor, error) {
	dims := slices.Clone(t.Shape())
	dims[0] /= int64(n)
	part, err := allocate(DType(t.DataType()), dims)
	if err != nil {
		return nil, err
	}
	to := memory(part)
	copy(to, memory(t)[i*len(to):])
	runtime.KeepAlive(t)
	return part, nil
}

// Each returns the value that every worker has for a tensor, in the order of their
// numbers.
func (s *Session) Each(fetch Output) ([]*Tensor, error) {
	if !fetch.Valid() || fetch.of != s.of {
		return nil, s.foreign("fetch", 0)
	}
	if s.over == nil {
		return s.Run(nil, []Output{fetch})
	}
	outs, fetches := make([]graft.Output, s.over.n), make([]Output, s.over.n)
	for i := range outs {
		outs[i], fetches[i] = s.over.output(fetch.out, i), fetch
	}
	results, err := s.call(request{outs: outs})
	if err != nil {
		return nil, fmt.Errorf("run graph: %w", err)
	}
	return fetchedAll(results, fetches)
}
