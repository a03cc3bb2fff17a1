package doctor

// #cgo LDFLAGS: -ldl
// #include <stdlib.h>
// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// Driver is what NVIDIA's library, libcuda.so.1, says.
type Driver struct {
	Version int // the newest CUDA that it knows, as 12040 for 12.4
	Devices []GPU
}

// GPU is a device that the driver shows to this process.
type GPU struct {
	Name         string
	Memory       int64 // bytes
	Major, Minor int   // compute capability
}

func (g GPU) capability() int { return 10*g.Major + g.Minor }

// AskDriver asks the driver of this machine. It takes no memory on a GPU.
func AskDriver() (Driver, error) {
	var found C.struct_sslpipe_driver
	if message := C.sslpipe_ask_driver(&found); message != nil {
		defer C.free(unsafe.Pointer(message))
		return Driver{}, errors.New(C.GoString(message))
	}
	d := Driver{Version: int(found.version)}
	for _, g := range found.gpus[:int(found.count)] {
		d.Devices = append(d.Devices, GPU{Name: C.GoString(&g.name[0]), Memory: int64(g.memory), Major: int(g.major), Minor: int(g.minor)})
	}
	return d, nil
}

// OpenLibrary opens a shared library and leaves it open.
func OpenLibrary(path string) error {
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	if message := C.sslpipe_open_library(name); message != nil {
		defer C.free(unsafe.Pointer(message))
		return fmt.Errorf("%s", C.GoString(message))
	}
	return nil
}
