// Package kernels holds the layers of MobileNetV2 and of transformers as compiled
// code, forward and backward, for the CPU. A training step on small images is bound by
// memory, and here each map is moved a third as often as by TensorFlow's operations;
// kernels.h says how. Transformers are bound by products of matrices, and these are
// done in tiles with all that follows them; see transformer.h.
//
// It knows nothing of TensorFlow: internal/tf makes operations of it. It refuses
// anything but float32, images in NHWC. The code is written once (body.h and what it
// includes) in vectors of any length, and compiled for each set of instructions; a
// new set is a file like avx2.c and two lines in dispatch.c. A new layer is a struct
// and two walks, in a file like layernorm.h.
//
// Results depend on the shapes and on the instructions, never on the number of
// threads. A change of their bits is a new Version of the kinds of stages that train.
package kernels

// #cgo CFLAGS: -O3
// #cgo LDFLAGS: -lpthread -lm
// #include <stdlib.h>
// #include "kernels.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Instructions names the set in use: avx512, avx2 or generic.
func Instructions() string { return C.GoString(C.sslpipe_kernels_instructions()) }

// Use makes all later computations use another set of instructions: that of another
// machine, to compare with it. It is an error if this processor does not have them.
func Use(instructions string) error {
	name := C.CString(instructions)
	defer C.free(unsafe.Pointer(name))
	if C.sslpipe_kernels_use(name) == 0 {
		return fmt.Errorf("this processor has no kernels for %q", instructions)
	}
	return nil
}
