package tf

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
// #include "cluster.h"
// #include "library.h"
// #include "listen.h"
import "C"

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"unsafe"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// Cluster is the processes that train together. Each runs a server of TensorFlow's
// (gRPC, without encryption or authentication), and the first, the chief, has the sessions.
type Cluster struct {
	// Addresses are host:port by the number of the worker, the chief's first.
	Addresses []string
	// Listen is where this process listens, an address of this machine.
	Listen netip.AddrPort
	// Threads are those of one operation on every worker, at least 1. A server has one
	// pool of them as long as it lives.
	Threads int
}

// Server is this process's part of a cluster. It lives as long as the process:
// TensorFlow cannot stop one.
type Server struct {
	cluster Cluster
	target  string

	instances atomic.Int64 // collectives of all sessions so far

	once sync.Once
	lost chan struct{} // closed when a worker is
	why  *WorkerError
}

// WorkerError is the error of a run that a worker of the cluster did not survive.
type WorkerError struct {
	Worker  int // its number in the cluster
	Address string
	Err     error
}

// Error implements error.
func (e *WorkerError) Error() string {
	return fmt.Sprintf("the worker at %s is lost: %v", e.Address, e.Err)
}

// Unwrap returns what was seen of it.
func (e *WorkerError) Unwrap() error { return e.Err }

// Lose ends all runs, and whatever is run from then on, with a WorkerError: TensorFlow
// waits for a machine that was cut off for as long as it does not answer.
func (s *Server) Lose(worker int, err error) {
	s.once.Do(func() {
		s.why = &WorkerError{Worker: worker, Address: s.cluster.Addresses[worker], Err: err}
		close(s.lost)
	})
}

// gone is the error of a lost worker; nil is none.
func (s *Server) gone() error {
	select {
	case <-s.lost:
		return s.why
	default:
		return nil
	}
}

// lostIn finds in an error of TensorFlow's which worker did not answer.
var lostIn = regexp.MustCompile(`remote target /job:worker/replica:0/task:(\d+) while calling`)

// run calls TensorFlow, and does not wait for it once a worker is lost.
func (s *Server) run(call func() ([]*graft.Tensor, error)) ([]*graft.Tensor, error) {
	if err := s.gone(); err != nil {
		return nil, err
	}
	type answer struct {
		tensors []*graft.Tensor
		err     error
	}
	answers := make(chan answer, 1)
	go func() {
		tensors, err := call()
		answers <- answer{tensors, err}
	}()
	select {
	case <-s.lost:
		return nil, s.why
	case a := <-answers:
		if a.err == nil {
			return a.tensors, nil
		}
		if found := lostIn.FindStringSubmatch(a.err.Error()); found != nil {
			worker, _ := strconv.Atoi(found[1])
			s.Lose(worker, errors.New("its connection is closed"))
			return nil, s.why
		}
		return nil, a.err
	}
}

// The job of all workers, and the task that others ask who belongs to a collective.
const (
	workersJob  = "worker"
	groupLeader = "/job:worker/replica:0/task:0"
)

// deviceOf is the device of worker i.
func deviceOf(i int) string {
	return fmt.Sprintf("/job:%s/replica:0/task:%d/device:CPU:0", workersJob, i)
}

// Serve starts the server of worker number task, which listens at cluster.Listen and
// nowhere else, and returns at once. identity is what Server.Identities of the chief says
// of this process. A process has one server.
func Serve(cluster Cluster, task int, identity string) (*Server, error) {
	s, err := serve(cluster, task, identity)
	if err != nil {
		return nil, fmt.Errorf("start the server of worker %d: %w", task, err)
	}
	return s, nil
}

func serve(cluster Cluster, task int, identity string) (*Server, error) {
	if !library.loaded.Load() {
		return nil, ErrNotLoaded
	}
	def, err := serverDef(cluster, task)
	if err != nil {
		return nil, err
	}
	text := C.CString(identity)
	defer C.free(unsafe.Pointer(text))
	C.sslpipe_set_identity(text)
	only := cluster.Listen.Addr().As16()
	C.sslpipe_listen_at((*C.uint8_t)(&only[0]), C.uint16_t(cluster.Listen.Port()))
	raw := C.CBytes(def)
	defer C.free(raw)
	status := C.TF_NewStatus()
	defer C.TF_DeleteStatus(status)
	// It would say on standard error that it has started.
	defer muteStderr()()
	server := C.TF_NewServer(raw, C.size_t(len(def)), status)
	if C.TF_GetCode(status) == C.TF_OK {
		C.TF_ServerStart(server, status)
	}
	if C.TF_GetCode(status) != C.TF_OK {
		return nil, errors.New(C.GoString(C.TF_Message(status)))
	}
	if C.sslpipe_listens() == 0 {
		return nil, fmt.Errorf("TensorFlow's server does not listen at %s alone", cluster.Listen)
	}
	return &Server{cluster: cluster, target: C.GoString(C.TF_ServerTarget(server)), lost: make(chan struct{})}, nil
}

// serverDef is the ServerDef of a worker.
func serverDef(cluster Cluster, task int) ([]byte, error) {
	tasks := map[int32]string{}
	for i, address := range cluster.Addresses {
		tasks[int32(i)] = address
	}
	if task < 0 || task >= len(tasks) {
		return nil, fmt.Errorf("the cluster has workers 0 to %d", len(tasks)-1)
	}
	if !cluster.Listen.IsValid() || cluster.Listen.Port() == 0 {
		return nil, errors.New("it needs an address and a port to listen at")
	}
	config := SessionOptions{Threads: cluster.Threads}.proto()
	config.UsePerSessionThreads = false
	// The chief computes, and sends the others what it is fed for them: with one thread for
	// both it sends after all that it can compute, and the others wait for as long.
	config.InterOpParallelismThreads = 2
	config.Experimental = &corepb.ConfigProto_Experimental{CollectiveGroupLeader: groupLeader}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&corepb.ServerDef{
		Cluster: &corepb.ClusterDef{Job: []*corepb.JobDef{{Name: workersJob, Tasks: tasks}}},
		JobName: workersJob, TaskIndex: int32(task), Protocol: "grpc", Port: int32(cluster.Listen.Port()),
		DefaultSessionConfig: config,
	})
}

// Dismissed tells whether the chief has told this worker that it is done.
func (s *Server) Dismissed() bool { return C.sslpipe_dismissed() != 0 }

// Identities asks every worker for what its Serve was given, in the order of their
// numbers.
func (s *Server) Identities() ([]string, error) {
	g := NewGraph()
	g.Replicate(len(s.cluster.Addresses))
	identity := g.Op("SslpipeIdentity", nil)[0]
	var texts []string
	err := s.briefly(g, func(session *Session) error {
		values, err := session.Each(identity)
		for _, v := range values {
			texts = append(texts, string(v.Uint8s()))
		}
		return err
	})
	return texts, err
}

// Dismiss tells every other worker that it is not needed any more.
func (s *Server) Dismiss() error {
	g := NewGraph()
	g.Replicate(len(s.cluster.Addresses))
	dismiss := g.target("SslpipeDismiss", nil)
	return s.briefly(g, func(session *Session) error {
		_, err := session.Run(nil, nil, dismiss)
		return err
	})
}

// briefly runs what use does in a session over all workers.
func (s *Server) briefly(g *Graph, use func(*Session) error) error {
	session, err := NewSession(g, SessionOptions{Threads: s.cluster.Threads, Server: s})
	if err != nil {
		return err
	}
	return errors.Join(use(session), session.Close())
}
