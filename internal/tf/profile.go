package tf

// #include <stdlib.h>
// #include "tensorflow/c/c_api.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// OpTime is what one execution of an operation took.
type OpTime struct {
	Name   string        // of the node
	Type   string        // of the operation that ran, which may be a faster one than the node's
	Worker int           // on which it ran; the chief is 0
	Began  time.Duration // by the clock of the worker
	Time   time.Duration // until it was done, waiting for other workers included
}

// Profile runs the graph like Run, traces it, and returns the time of every
// operation that ran, in the order in which they began. Fetched values are
// dropped. Tracing costs some microseconds an operation. What other workers run has
// names of its own.
func (s *Session) Profile(feeds map[Output]*Tensor, fetches []Output, targets ...Op) ([]OpTime, error) {
	r, err := s.request(feeds, fetches, targets)
	if err != nil {
		return nil, err
	}
	metadata, err := s.trace(r)
	runtime.KeepAlive(feeds)
	if err != nil {
		return nil, fmt.Errorf("profile graph: %w", err)
	}
	r.free()
	var times []OpTime
	for _, device := range metadata.GetStepStats().GetDevStats() {
		// A GPU lists its kernels a second time, by stream.
		if strings.Contains(device.GetDevice(), "stream:") {
			continue
		}
		for _, n := range device.GetNodeStats() {
			times = append(times, OpTime{
				Name: n.GetNodeName(), Type: typeIn(n.GetTimelineLabel(), n.GetNodeName()), Worker: workerOf(device.GetDevice()),
				Began: time.Duration(n.GetAllStartNanos() + n.GetOpStartRelNanos()),
				Time:  time.Duration(n.GetOpEndRelNanos() - n.GetOpStartRelNanos()),
			})
		}
	}
	return times, nil
}

// workerOf reads the number of the worker from the name of a device.
func workerOf(device string) int {
	_, task, _ := strings.Cut(device, "/task:")
	task, _, _ = strings.Cut(task, "/")
	n, _ := strconv.Atoi(task) // none is the only process
	return n
}

// typeIn reads the type of an operation from a label such as "conv = Conv2D(x, w)",
// and returns the node's name where there is none.
func typeIn(label, node string) string {
	_, call, ok := strings.Cut(label, " = ")
	if !ok {
		return node
	}
	typ, _, _ := strings.Cut(call, "(")
	return typ
}

// trace runs the graph with a full trace.
func (s *Session) trace(r request) (*corepb.RunMetadata, error) {
	options, err := proto.Marshal(&corepb.RunOptions{TraceLevel: corepb.RunOptions_FULL_TRACE})
	if err != nil {
		return nil, err
	}
	request, answer := C.TF_NewBuffer(), C.TF_NewBuffer()
	defer C.TF_DeleteBuffer(request)
	defer C.TF_DeleteBuffer(answer)
	text := C.CBytes(options)
	defer C.free(text)
	request.data, request.length = text, C.size_t(len(options))

	var inputs []C.TF_Output
	var values []*C.TF_Tensor
	for o, t := range r.in {
		inputs, values = append(inputs, cOutput(o)), append(values, (*C.TF_Tensor)(handle(t)))
	}
	var outputs []C.TF_Output
	for _, o := range r.outs {
		outputs = append(outputs, cOutput(o))
	}
	results := make([]*C.TF_Tensor, len(outputs))
	var ops []*C.TF_Operation
	for _, o := range r.ops {
		ops = append(ops, (*C.TF_Operation)(handle(o)))
	}
	status := C.TF_NewStatus()
	defer C.TF_DeleteStatus(status)
	C.TF_SessionRun((*C.TF_Session)(handle(s.s)), request,
		unsafe.SliceData(inputs), unsafe.SliceData(values), C.int(len(inputs)),
		unsafe.SliceData(outputs), unsafe.SliceData(results), C.int(len(outputs)),
		unsafe.SliceData(ops), C.int(len(ops)), answer, status)
	for _, t := range results {
		if t != nil {
			C.TF_DeleteTensor(t)
		}
	}
	if C.TF_GetCode(status) != C.TF_OK {
		return nil, errors.New(C.GoString(C.TF_Message(status)))
	}
	metadata := &corepb.RunMetadata{}
	return metadata, proto.Unmarshal(C.GoBytes(answer.data, C.int(answer.length)), metadata)
}

func cOutput(o graft.Output) C.TF_Output {
	return C.TF_Output{oper: (*C.TF_Operation)(handle(o.Op)), index: C.int(o.Index)}
}
