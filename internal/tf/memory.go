package tf

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"unsafe"

	graft "github.com/wamuir/graft/tensorflow"
)

// unread lets graft allocate a tensor without filling it.
type unread struct{}

func (unread) Read(p []byte) (int, error) { return len(p), nil }

// signed are the types of equal size in which graft allocates those that it does
// not know how to.
var signed = map[DType]DType{Uint32: Int32, Uint64: Int64}

// allocate returns an uninitialised tensor in TensorFlow's memory.
func allocate(dt DType, dims []int64) (*graft.Tensor, error) {
	as, ok := signed[dt]
	if !ok {
		return graft.ReadTensor(graft.DataType(dt), dims, unread{})
	}
	c, err := graft.ReadTensor(graft.DataType(as), dims, unread{})
	if err != nil {
		return nil, err
	}
	status := C.TF_NewStatus()
	defer C.TF_DeleteStatus(status)
	p := (*C.TF_Tensor)(handle(c))
	C.TF_TensorBitcastFrom(p, C.TF_DataType(dt), p, (*C.int64_t)(unsafe.SliceData(dims)), C.int(len(dims)), status)
	if C.TF_GetCode(status) != C.TF_OK {
		err = errors.New(C.GoString(C.TF_Message(status)))
	}
	runtime.KeepAlive(c)
	return c, err
}

// memory returns the bytes of a numeric tensor, which last as long as it does.
func memory(c *graft.Tensor) []byte {
	p := (*C.TF_Tensor)(handle(c))
	return unsafe.Slice((*byte)(C.TF_TensorData(p)), int(C.TF_TensorByteSize(p)))
}

// fetched copies a result into Go's memory and frees TensorFlow's at once. Left
// to finalizers, which see a few bytes of Go memory, results of any size would
// pile up; and a slice of C memory would not keep its tensor alive.
func fetched(c *graft.Tensor) (*Tensor, error) {
	t := &Tensor{dt: DType(c.DataType()), dims: c.Shape()}
	if t.dt == String {
		// graft leaves the strings to its finalizer, which frees them with the tensor.
		t.strs = flatStrings(reflect.ValueOf(c.Value()))
		runtime.KeepAlive(c)
		return t, nil
	}
	if t.dt.Size() == 0 {
		return nil, fmt.Errorf("a tensor of type %s cannot be fetched", t.dt)
	}
	t.raw = bytes.Clone(memory(c))
	free(c)
	return t, nil
}

// free frees a tensor of numbers, which its finalizer then does not.
func free(c *graft.Tensor) {
	runtime.SetFinalizer(c, nil)
	C.TF_DeleteTensor((*C.TF_Tensor)(handle(c)))
}

// flatStrings lists the strings of graft's nested slices in row-major order.
func flatStrings(v reflect.Value) []string {
	if v.Kind() != reflect.Slice {
		return []string{v.String()}
	}
	flat := []string{}
	for i := range v.Len() {
		flat = append(flat, flatStrings(v.Index(i))...)
	}
	return flat
}

// feedable returns t in TensorFlow's memory.
func (t *Tensor) feedable() (*graft.Tensor, error) {
	if t.c != nil {
		return t.c, nil
	}
	if t.dt == String {
		fresh, err := FromStrings(t.strs, t.Dims()...)
		if err != nil {
			return nil, err
		}
		return fresh.c, nil
	}
	fresh, err := Alloc(t.dt, t.Dims()...)
	if err != nil {
		return nil, err
	}
	copy(fresh.raw, t.raw)
	return fresh.c, nil
}
