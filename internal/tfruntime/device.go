package tfruntime

import (
	"errors"
	"fmt"
	"path/filepath"
)

// ErrNoGPU says that a GPU was asked for on a machine without one.
var ErrNoGPU = errors.New("no NVIDIA GPU on this machine (there is no /dev/nvidia0)")

// Choose resolves "auto", "cpu" or "gpu" to the device to compute on. "auto" is
// the GPU where the machine has one and its runtime is installed under root,
// else the CPU. "gpu" is an error where either is missing, never the CPU.
func Choose(root, device string) (chosen string, err error) {
	return choose(root, device, "/dev")
}

func choose(root, device, devices string) (string, error) {
	switch device {
	case CPU:
		return CPU, nil
	case GPU:
		if !hasGPU(devices) {
			return "", fmt.Errorf("device gpu: %w; sslpipe doctor --device gpu says what to do", ErrNoGPU)
		}
		if _, err := Find(root, GPU); err != nil {
			return "", fmt.Errorf("device gpu: %w", err)
		}
		return GPU, nil
	case "auto":
		if !hasGPU(devices) {
			return CPU, nil
		}
		if _, err := Find(root, GPU); err != nil {
			return CPU, nil
		}
		return GPU, nil
	}
	return "", fmt.Errorf("there is no device %q: use auto, cpu or gpu", device)
}

// hasGPU looks for the driver's device files: NVIDIA's own, of which a
// container may see any one, or the one under which Windows' subsystem for
// Linux passes a GPU on. Whether CUDA works is known once TensorFlow is loaded.
func hasGPU(devices string) bool {
	for _, pattern := range []string{"nvidia[0-9]*", "dxg"} {
		if found, _ := filepath.Glob(filepath.Join(devices, pattern)); len(found) > 0 {
			return true
		}
	}
	return false
}
