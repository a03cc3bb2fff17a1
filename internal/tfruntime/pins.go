package tfruntime

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// pin is a runtime as it is published: the wheels it is made of and, where
// there is no pip, an archive in their place.
type pin struct {
	device   string
	wheels   []wheel
	archive  *archive // nil: there is none
	required []string // files of the wheels without which the runtime is of no use
}

// wheel is one file of the Python package index.
type wheel struct {
	requirement string // what pip is asked for
	file        string
	size        int64 // bytes; for progress and as a limit, the digest decides
	sha256      string
}

// archive is the official C library. Its digest is not pinned: the publisher
// states none, and this program has not seen the file (see archive.go).
type archive struct {
	url      string
	required []string
}

// runtimes lists what can be installed. The wheels of gpu are those that the
// extra "and-cuda" of tensorflow 2.18.0 names; sizes and digests are the
// package index's.
var runtimes = []pin{
	{
		device:   CPU,
		required: []string{"tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"},
		wheels: []wheel{
			cp311("tensorflow-cpu", 230152077, "089e71746960ea581dca53401f84b3b99c8537313e337a9e5dbf97036a936f7e"),
		},
		archive: &archive{
			url:      "https://storage.googleapis.com/tensorflow/versions/2.18.0/libtensorflow-cpu-linux-x86_64.tar.gz",
			required: []string{"tensorflow/libtensorflow.so.2", "tensorflow/libtensorflow_framework.so.2"},
		},
	},
	{
		device: GPU,
		required: []string{
			"tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2",
			"nvidia/cuda_runtime/lib/libcudart.so.12",
			"nvidia/cublas/lib/libcublasLt.so.12", "nvidia/cublas/lib/libcublas.so.12",
			"nvidia/nvjitlink/lib/libnvJitLink.so.12",
			"nvidia/cusparse/lib/libcusparse.so.12", "nvidia/cusolver/lib/libcusolver.so.11",
			"nvidia/cufft/lib/libcufft.so.11", "nvidia/curand/lib/libcurand.so.10",
			"nvidia/cuda_nvrtc/lib/libnvrtc.so.12", "nvidia/cudnn/lib/libcudnn.so.9",
			"nvidia/cuda_cupti/lib/libcupti.so.12", "nvidia/nccl/lib/libnccl.so.2",
			"nvidia/cuda_nvcc/bin/ptxas", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc",
		},
		wheels: []wheel{
			cp311("tensorflow", 615407268, "70b8dd70fa3600bfce66ab529eebb804e1f9d7c863d2f71bc8fe9fc7a1ec3976"),
			nvidia("cublas", "12.5.3.2", 363313169, "ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b"),
			nvidia("cuda-cupti", "12.5.82", 13811507, "bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953"),
			nvidia("cuda-nvcc", "12.5.82", 22468537, "b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0"),
			nvidia("cuda-nvrtc", "12.5.82", 24873108, "3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd"),
			nvidia("cuda-runtime", "12.5.82", 895707, "3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115"),
			nvidia("cudnn", "9.3.0.75", 577163502, "9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d"),
			nvidia("cufft", "11.2.3.61", 192524114, "9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8"),
			nvidia("curand", "10.3.6.82", 56309107, "2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536"),
			nvidia("cusolver", "11.6.3.83", 130341232, "93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b"),
			nvidia("cusparse", "12.5.1.3", 217558979, "016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752"),
			nvidia("nccl", "2.21.5", 188654414, "8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0"),
			nvidia("nvjitlink", "12.5.82", 21298879, "f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212"),
		},
	},
}

// cp311 is a wheel of TensorFlow. Which Python it is built for does not matter,
// since only its C++ libraries are used; it must be one wheel for everybody.
func cp311(project string, size int64, sha256 string) wheel {
	return wheel{
		requirement: project + "==" + Version,
		file: strings.ReplaceAll(project, "-", "_") + "-" + Version +
			"-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		size: size, sha256: sha256,
	}
}

func nvidia(library, version string, size int64, sha256 string) wheel {
	project := "nvidia-" + library + "-cu12"
	return wheel{
		requirement: project + "==" + version,
		file:        strings.ReplaceAll(project, "-", "_") + "-" + version + "-py3-none-manylinux2014_x86_64.whl",
		size:        size, sha256: sha256,
	}
}

// Libraries lists the shared libraries of a runtime that TensorFlow opens when it needs
// them, relative to its folder, each after those that it needs itself. Of CUDA's, those
// of the driver come with it.
func Libraries(device string) []string {
	p, err := pinned(device)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(p.required), func(path string) bool {
		return !strings.HasPrefix(path, "nvidia/") || !strings.Contains(path, ".so.")
	})
}

func pinned(device string) (pin, error) {
	for _, r := range runtimes {
		if r.device == device {
			return r, nil
		}
	}
	return pin{}, fmt.Errorf("there is no TensorFlow runtime for %q: use cpu or gpu", device)
}

// fromWheel says which entries of a wheel are unpacked, and where to.
func fromWheel(entry string) (target string, keep bool) {
	part := strings.Split(entry, "/")
	switch {
	case entry == "tensorflow/libtensorflow_cc.so.2",
		entry == "tensorflow/libtensorflow_framework.so.2",
		entry == "tensorflow/THIRD_PARTY_NOTICES.txt":
		return entry, true
	case entry == "tensorflow/include/LICENSE":
		return "tensorflow/LICENSE", true
	case len(part) == 2 && strings.HasSuffix(part[0], ".dist-info") && part[1] == "License.txt":
		return path.Join("licenses", strings.TrimSuffix(part[0], ".dist-info"), part[1]), true
	case part[0] != "nvidia" || len(part) < 4:
		return "", false
	case part[2] == "lib":
		return entry, strings.Contains(part[len(part)-1], ".so")
	}
	// TensorFlow calls ptxas and hands libdevice to it when it compiles kernels.
	return entry, part[1] == "cuda_nvcc" && (part[2] == "bin" || part[2] == "nvvm") && !strings.HasSuffix(entry, ".h")
}

// fromArchive says the same of the C archive, in which the plain names are
// symbolic links to the versioned ones.
func fromArchive(entry string) (target string, keep bool) {
	switch name := strings.TrimPrefix(entry, "./"); name {
	case "lib/libtensorflow.so." + Version:
		return "tensorflow/libtensorflow.so.2", true
	case "lib/libtensorflow_framework.so." + Version:
		return "tensorflow/libtensorflow_framework.so.2", true
	case "LICENSE", "THIRD_PARTY_TF_C_LICENSES":
		return "tensorflow/" + name, true
	}
	return "", false
}
