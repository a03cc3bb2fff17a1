package tf

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	graft "github.com/wamuir/graft/tensorflow"
)

// DeviceInfo describes a device that TensorFlow can compute on.
type DeviceInfo struct {
	Name        string // such as "/job:localhost/replica:0/task:0/device:GPU:0"
	Type        string // "CPU" or "GPU"
	MemoryBytes int64  // limit on memory; -1 if there is none
}

// Devices lists what the loaded library sees. A CUDA library that cannot be
// opened makes the GPUs disappear without an error.
func Devices() ([]DeviceInfo, error) {
	if !library.loaded.Load() {
		return nil, fmt.Errorf("list devices: %w", ErrNotLoaded)
	}
	config, err := SessionOptions{Device: GPU}.config()
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	s, err := graft.NewSession(graft.NewGraph(), &graft.SessionOptions{Config: config})
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	list, err := s.ListDevices()
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	infos := make([]DeviceInfo, len(list))
	for i, d := range list {
		infos[i] = DeviceInfo{Name: d.Name, Type: d.Type, MemoryBytes: d.MemoryLimitBytes}
	}
	return infos, nil
}

// hostDevice is the CPU of whatever process.
const hostDevice = "/device:CPU:0"

// unrepeatable are operations whose kernels for GPUs fail where TF_DETERMINISTIC_OPS asks
// for the same bits each time. Those of training that are not here are not built by us.
var unrepeatable = []string{"SoftmaxCrossEntropyWithLogits", "DenseBincount"}

// findUnrepeatable is the name of an operation that would fail on a GPU; "" is none.
func findUnrepeatable(g *graft.Graph) string {
	for _, op := range g.Operations() {
		if slices.Contains(unrepeatable, op.Type()) && op.Device() == "" {
			return op.Name()
		}
	}
	return ""
}

// checkDevice refuses a session that would silently compute elsewhere than on n GPUs.
func checkDevice(s *graft.Session, want Device, n int) error {
	if want != GPU {
		return nil
	}
	list, err := s.ListDevices()
	if err != nil {
		return err
	}
	types, gpus := make([]string, len(list)), 0
	for i, d := range list {
		types[i] = d.Type
		if d.Type == "GPU" {
			gpus++
		}
	}
	switch {
	case gpus == 0:
		return fmt.Errorf("TensorFlow sees no GPU, only %s: sslpipe doctor --device gpu says what is missing", strings.Join(types, ", "))
	case gpus < n:
		return fmt.Errorf("TensorFlow sees %d GPUs, and %d are to train together: ask for at most as many (--gpus), and see what CUDA_VISIBLE_DEVICES hides", gpus, n)
	}
	return nil
}
