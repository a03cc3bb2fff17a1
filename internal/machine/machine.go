// Package machine names what of a machine can change the last bits of a result.
// Two machines of one class give the same bits for the same work; a class is no
// coarser than that, and no finer than is known to matter.
//
// It refuses to measure anything, and imports nothing of ours. What turns out to
// change bits as well is added to Class, which gives every result a new identity.
package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
)

// Class names the machine's class for work on a device, cpu or gpu, as one word:
// amd64-intel-avx512-l1d=48k-l2=2048k.
//
// Of a processor these count: the vector instructions, by which Eigen and oneDNN
// choose their kernels; the vendor, whose approximate reciprocals differ; and the
// sizes of the caches of one core, by which both cut sums into parts (Eigen,
// GeneralBlockPanelKernel.h). Of a GPU, its model, by which cuDNN chooses.
func Class(device string) string {
	class := processorClass(processor())
	if device == "gpu" {
		class += "-" + gpuClass("/proc/driver/nvidia/gpus")
	}
	return class
}

// Instructions is the widest set of vector instructions: avx512-amx, avx512-bf16,
// avx512, avx2, or "" for others.
func Instructions() string { return processor().instructions }

// features are what of a processor counts.
type features struct {
	arch, vendor, instructions string
	l1d, l2                    int // bytes; less than 1 where not known
}

func processor() features {
	return features{
		arch: runtime.GOARCH, vendor: strings.ToLower(cpuid.CPU.VendorID.String()), instructions: widest(cpuid.CPU.Has),
		l1d: cpuid.CPU.Cache.L1D, l2: cpuid.CPU.Cache.L2,
	}
}

func widest(has func(cpuid.FeatureID) bool) string {
	all := func(ids ...cpuid.FeatureID) bool {
		return !slices.ContainsFunc(ids, func(id cpuid.FeatureID) bool { return !has(id) })
	}
	avx512 := all(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
	switch {
	case avx512 && has(cpuid.AMXBF16):
		return "avx512-amx"
	case avx512 && has(cpuid.AVX512BF16):
		return "avx512-bf16"
	case avx512:
		return "avx512"
	case all(cpuid.AVX2, cpuid.FMA3):
		return "avx2"
	}
	return ""
}

func processorClass(f features) string {
	words := []string{f.arch, f.vendor}
	if f.instructions != "" {
		words = append(words, f.instructions)
	}
	if f.l1d > 0 {
		words = append(words, fmt.Sprintf("l1d=%dk", f.l1d>>10))
	}
	if f.l2 > 0 {
		words = append(words, fmt.Sprintf("l2=%dk", f.l2>>10))
	}
	return strings.Join(words, "-")
}

// gpuClass is the model of the first GPU, as NVIDIA's driver names it under dir.
func gpuClass(dir string) string {
	files, err := filepath.Glob(filepath.Join(dir, "*", "information"))
	if err != nil || len(files) == 0 {
		return "unknown-gpu"
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		return "unknown-gpu"
	}
	for line := range strings.Lines(string(text)) {
		if model, ok := strings.CutPrefix(line, "Model:"); ok {
			return word(model)
		}
	}
	return "unknown-gpu"
}

// word turns a name into one: NVIDIA H100 80GB HBM3 into nvidia-h100-80gb-hbm3.
func word(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}
