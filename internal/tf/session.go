package tf

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// SessionOptions say what a session computes with. The zero value is one thread
// on the CPU.
type SessionOptions struct {
	// Threads is the number of threads inside one operation, at least 1. It
	// changes the order of additions, so it changes the last bits of results.
	Threads int
	// Device is CPU, GPU, or empty for CPU.
	Device Device
	// Devices is how many GPUs of this process run a graph together that is for as many
	// (Graph.Replicate); 0 is one. On the CPU they are devices that TensorFlow makes up,
	// which share its cores: for tests.
	Devices int
	// Server is that of the chief of a cluster, for a graph that its workers run
	// together (Graph.Replicate); nil computes in this process alone.
	Server *Server
}

// Session runs a graph and owns the values of its variables. It has threads of
// its own: sessions side by side share nothing but the machine. Run may be
// called concurrently.
type Session struct {
	of   *shared
	s    *graft.Session
	over *replicas // nil in one process
	at   *Server   // of over
	runs atomic.Int64
}

// config makes the ConfigProto of a session: one operation at a time on each device
// (inter-op), in thread pools that no other session uses.
func (o SessionOptions) config() ([]byte, error) {
	c := o.proto()
	switch o.Device {
	case CPU, "":
		c.DeviceCount = map[string]int32{"GPU": 0, "CPU": int32(max(o.Devices, 1))}
	case GPU:
		c.GpuOptions = &corepb.GPUOptions{AllowGrowth: true}
		if o.Devices > 1 {
			c.Experimental = &corepb.ConfigProto_Experimental{CollectiveNccl: true}
		}
	default:
		return nil, fmt.Errorf("there is no device %q; the devices are cpu and gpu", o.Device)
	}
	if o.Server != nil {
		// Each session has variables of its own, which go with it.
		c.IsolateSessionState = true
		c.UsePerSessionThreads = false // a server has one pool
		c.Experimental = &corepb.ConfigProto_Experimental{CollectiveGroupLeader: groupLeader}
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(c)
}

func (o SessionOptions) proto() *corepb.ConfigProto {
	return &corepb.ConfigProto{
		IntraOpParallelismThreads: int32(max(o.Threads, 1)),
		InterOpParallelismThreads: int32(max(o.Devices, 1)),
		UsePerSessionThreads:      true,
		// SaveV2 and RestoreV2 exist for the CPU only.
		AllowSoftPlacement: true,
		// Grappler rewrites the whole graph once for each set of fetches. That
		// took 1.4 s of a small unit's CPU time and did not make its steps
		// faster; oneDNN's kernels are chosen by another pass, which stays.
		GraphOptions: &corepb.GraphOptions{RewriteOptions: &corepb.RewriterConfig{DisableMetaOptimizer: true}},
	}
}

// NewSession starts a session for g, or returns g's error. Asking for a GPU
// where TensorFlow lists none is an error.
func NewSession(g *Graph, o SessionOptions) (*Session, error) {
	if err := g.Err(); err != nil {
		return nil, err
	}
	config, err := o.config()
	if err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	if o.Device == GPU {
		if name := findUnrepeatable(g.graph); name != "" {
			return nil, fmt.Errorf("start session: %s has no kernel on GPUs that gives the same each time: say Graph.For(GPU) before it is built", name)
		}
	}
	target, graph := "", g.graph
	var over *replicas
	if over, err = o.spread(g); err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	if over != nil {
		graph = over.graph
	}
	if o.Server != nil {
		target = o.Server.target
		if o.Server.gone() != nil {
			return nil, fmt.Errorf("start session: %w", o.Server.gone())
		}
	}
	s, err := graft.NewSession(graph, &graft.SessionOptions{Target: target, Config: config})
	if err != nil {
		return nil, fmt.Errorf("start session: %w", err)
	}
	if err := checkDevice(s, o.Device, max(o.Devices, 1)); err != nil {
		return nil, errors.Join(fmt.Errorf("start session: %w", err), s.Close())
	}
	return &Session{of: g.shared, s: s, over: over, at: o.Server}, nil
}

// spread copies the graph onto the workers of the server's cluster, or onto devices of
// this process; nil is one.
func (o SessionOptions) spread(g *Graph) (*replicas, error) {
	if o.Server == nil {
		have := max(o.Devices, 1)
		if g.Replicas() != have {
			return nil, fmt.Errorf("the graph is for %d workers, and there are %d", g.Replicas(), have)
		}
		if have == 1 {
			return nil, nil
		}
		return replicate(g, 0, localPlaces(o.Device))
	}
	have := len(o.Server.cluster.Addresses)
	switch {
	case g.Replicas() != have:
		return nil, fmt.Errorf("the graph is for %d workers, and there are %d", g.Replicas(), have)
	case o.Device == GPU:
		return nil, errors.New("several workers train on the CPU only")
	case o.Devices > 1:
		return nil, errors.New("workers of a cluster have one device each")
	}
	first := o.Server.instances.Add(int64(g.workers.instances)) - int64(g.workers.instances)
	return replicate(g, first, clusterPlaces())
}

// inRuns are the nanoseconds that all runs of the process took together.
var inRuns atomic.Int64

// InRuns returns how long this process has been inside of Session.Run's call of
// TensorFlow so far. Runs side by side count each. What a training takes beyond
// it is ours to answer for.
func InRuns() time.Duration { return time.Duration(inRuns.Load()) }

// runsPerCollection is how many runs go by between collections: what graft frees
// in finalizers (statuses, string tensors, dropped feeds) is C memory that Go's
// collector does not see growing.
const runsPerCollection = 100

// Run feeds tensors, executes what the fetches and targets need, and returns the
// fetched values in order. Fed tensors must not be refilled while it runs.
func (s *Session) Run(feeds map[Output]*Tensor, fetches []Output, targets ...Op) ([]*Tensor, error) {
	r, err := s.request(feeds, fetches, targets)
	if err != nil || len(r.outs)+len(r.ops) == 0 {
		return nil, err
	}
	began := time.Now()
	results, err := s.call(r)
	inRuns.Add(int64(time.Since(began)))
	runtime.KeepAlive(feeds)
	if err != nil {
		return nil, fmt.Errorf("run graph: %w", err)
	}
	r.free()
	if s.runs.Add(1)%runsPerCollection == 0 {
		defer runtime.GC()
	}
	return fetchedAll(results, fetches)
}

// request is a run as graft takes it.
type request struct {
	in   map[graft.Output]*graft.Tensor
	outs []graft.Output
	ops  []*graft.Operation
	own  []*graft.Tensor // of in, made for this run
}

// free frees what was made for a run that is over. After a run that failed it is left to
// finalizers: TensorFlow may still read it.
func (r request) free() {
	for _, t := range r.own {
		free(t)
	}
}

// request checks what is asked for, and makes it one of all workers.
func (s *Session) request(feeds map[Output]*Tensor, fetches []Output, targets []Op) (request, error) {
	r := request{outs: make([]graft.Output, len(fetches)), ops: make([]*graft.Operation, len(targets))}
	var err error
	if r.in, err = s.feeds(feeds); err != nil {
		return r, fmt.Errorf("run graph: %w", err)
	}
	for i, o := range fetches {
		if !o.Valid() || o.of != s.of {
			return r, s.foreign("fetch", i)
		}
		r.outs[i] = o.out
	}
	for i, o := range targets {
		if o.op == nil || o.of != s.of {
			return r, s.foreign("target", i)
		}
		r.ops[i] = o.op
	}
	if s.over == nil {
		return r, nil
	}
	if r, err = s.over.whole(r); err != nil {
		return r, fmt.Errorf("run graph: %w", err)
	}
	return r, nil
}

// call calls TensorFlow.
func (s *Session) call(r request) ([]*graft.Tensor, error) {
	run := func() ([]*graft.Tensor, error) { return s.s.Run(r.in, r.outs, r.ops) }
	if s.at == nil {
		return run()
	}
	return s.at.run(run)
}

func fetchedAll(results []*graft.Tensor, fetches []Output) ([]*Tensor, error) {
	tensors := make([]*Tensor, len(results))
	for i, c := range results {
		var err error
		if tensors[i], err = fetched(c); err != nil {
			return nil, fmt.Errorf("fetch %s: %w", fetches[i].Name(), err)
		}
	}
	return tensors, nil
}

// feeds checks the fed tensors against their placeholders.
func (s *Session) feeds(feeds map[Output]*Tensor) (map[graft.Output]*graft.Tensor, error) {
	in := make(map[graft.Output]*graft.Tensor, len(feeds))
	for o, t := range feeds {
		if !o.Valid() || o.of != s.of {
			return nil, s.foreign("feed", 0)
		}
		if t == nil {
			return nil, fmt.Errorf("feed %s: there is no tensor", o.Name())
		}
		if want := o.Shape(); o.DType() != t.dt || !want.fits(t.dims) {
			return nil, fmt.Errorf("feed %s: it takes %s %s, not %s %s", o.Name(), o.DType(), want, t.dt, Shape(t.dims))
		}
		c, err := t.feedable()
		if err != nil {
			return nil, fmt.Errorf("feed %s: %w", o.Name(), err)
		}
		in[o.out] = c
	}
	return in, nil
}

// foreign explains an Output or Op that is not of the session's graph, which
// mostly is what a failed builder returned.
func (s *Session) foreign(what string, i int) error {
	if s.of.err != nil {
		return s.of.err
	}
	return fmt.Errorf("run graph: %s %d is not of this session's graph", what, i)
}

// Close frees the session and the values of its variables. It waits for runs
// that are under way. Closing twice does nothing, nor does closing a session of which
// a worker is lost: TensorFlow would wait for it for ever.
func (s *Session) Close() error {
	if s.at != nil && s.at.gone() != nil {
		return nil
	}
	err := s.s.Close()
	runtime.GC()
	if err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}
