package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"sslpipe/internal/tfruntime"
)

// What the runtime needs. It is built with CUDA 12.5; drivers for any CUDA 12 run its
// code (NVIDIA's "minor version compatibility"). For newer GPUs most of it is PTX of version
// 8.3, which drivers compile when it is first used, from those for CUDA 12.3 on.
const (
	leastCUDA     = 12000 // as cuDriverGetVersion counts
	compilingCUDA = 12030

	leastDriver     = "525.60.13"
	compilingDriver = "545.23"
)

// Compute capabilities, as 10*major+minor. The library has machine code for 6.0, 7.0, 8.0
// and 8.9.
const (
	leastCapability    = 60
	compiledCapability = 90
	bfloatCapability   = 80
)

const getDriver = "Install NVIDIA's driver (" + leastDriver + " or newer), from your distribution or https://www.nvidia.com/drivers, and restart."

// gpu looks at what there is below TensorFlow.
func (e *examination) gpu(context.Context) {
	version := e.kernelDriver()
	if !e.hasDeviceFile() && version == "" {
		help := ""
		if e.lacking() == Bad {
			help = getDriver + " In a container: start it with docker run --gpus all, and NVIDIA's container toolkit on the host."
		}
		e.add(e.lacking(), "gpu", "no NVIDIA GPU, or no driver for it (no /dev/nvidia0, no /proc/driver/nvidia)", help)
		return
	}
	driver, err := e.Driver()
	if err != nil {
		e.add(e.lacking(), "driver", kernelText(version)+"; "+err.Error(), e.missingLibrary(version))
		return
	}
	e.driver = driver
	e.tellDriver(version)
	e.tellDevices()
	e.tellOverrides()
}

// missingLibrary says how to get libcuda.so.1.
func (e *examination) missingLibrary(kernel string) string {
	if _, err := fs.Stat(e.Root, ".dockerenv"); err == nil {
		return "This is a container: start it with docker run --gpus all, and with NVIDIA_DRIVER_CAPABILITIES=compute,utility."
	}
	if kernel != "" {
		return "The kernel's part of the driver is there, and its library is not: install the package with libcuda.so.1 of the same version (libnvidia-compute or nvidia-driver-cuda-libs), and restart after an update of the driver."
	}
	return getDriver
}

var kernelVersion = regexp.MustCompile(`Kernel Module(?: for \S+)?\s+(\d+[.\d]*)`)

// kernelDriver is the version of the kernel's part; "" where it tells none, as on WSL.
func (e *examination) kernelDriver() string {
	text, err := fs.ReadFile(e.Root, "proc/driver/nvidia/version")
	if err != nil {
		return ""
	}
	if found := kernelVersion.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

func kernelText(version string) string {
	if version == "" {
		return "the kernel names no version"
	}
	return "NVIDIA " + version
}

// tellDriver compares the driver with what the runtime was built with.
func (e *examination) tellDriver(kernel string) {
	text := fmt.Sprintf("%s, for CUDA up to %s", kernelText(kernel), cudaText(e.driver.Version))
	switch {
	case e.driver.Version < leastCUDA:
		e.add(e.lacking(), "driver", text+": too old for this TensorFlow, which needs CUDA 12", getDriver)
	case e.driver.Version < compilingCUDA && e.newest() >= compiledCapability:
		e.add(Note, "driver", text+"; for this GPU it has to compile code of CUDA "+cudaText(compilingCUDA),
			"If TensorFlow reports CUDA_ERROR_UNSUPPORTED_PTX_VERSION, update the driver to "+compilingDriver+" or newer.")
	default:
		e.add(Good, "driver", text, "")
	}
}

func cudaText(version int) string { return fmt.Sprintf("%d.%d", version/1000, version%1000/10) }

func (e *examination) newest() int {
	most := 0
	for _, d := range e.driver.Devices {
		most = max(most, d.capability())
	}
	return most
}

// tellDevices tells of each GPU that this process may use.
func (e *examination) tellDevices() {
	visible, hiding := e.Env("CUDA_VISIBLE_DEVICES")
	if len(e.driver.Devices) == 0 {
		text, help := "the driver shows no GPU to this process", "nvidia-smi shows what the driver sees; without output there, see dmesg."
		if hiding {
			text, help = fmt.Sprintf("CUDA_VISIBLE_DEVICES=%q hides all GPUs", visible), "Unset it, or name GPUs by number, as CUDA_VISIBLE_DEVICES=0,1."
		}
		e.add(e.lacking(), "gpu", text, help)
		return
	}
	for i, d := range e.driver.Devices {
		text := fmt.Sprintf("%d: %s, %s, compute capability %d.%d", i, d.Name, gibibytes(d.Memory), d.Major, d.Minor)
		switch {
		case d.capability() < leastCapability:
			e.add(e.lacking(), "gpu", text+": too old for this TensorFlow, which needs 6.0", "Use another GPU, or --device cpu.")
			continue
		case d.capability() < bfloatCapability:
			e.add(Good, "gpu", text+"; precision = \"mixed\" is no faster here, which takes 8.0", "")
		default:
			e.add(Good, "gpu", text, "")
		}
		e.usable++
	}
	if hiding {
		e.add(Note, "gpu", fmt.Sprintf("CUDA_VISIBLE_DEVICES=%s chooses and numbers them", visible), "")
	}
}

// tellOverrides looks for libraries that would be taken instead of the runtime's.
func (e *examination) tellOverrides() {
	list, _ := e.Env("LD_LIBRARY_PATH")
	for _, dir := range filepath.SplitList(list) {
		for _, name := range []string{"libcudnn.so.*", "libcublas.so.*", "libcudart.so.*"} {
			if found, _ := fs.Glob(e.Root, path.Join(strings.TrimPrefix(dir, "/"), name)); len(found) > 0 {
				e.add(Note, "libraries", "LD_LIBRARY_PATH has "+dir+", and its "+path.Base(found[0])+" comes before the runtime's own",
					"If TensorFlow fails to start: unset LD_LIBRARY_PATH.")
				return
			}
		}
	}
}

// gpuRuntime looks at TensorFlow's build for GPUs and at the libraries that it opens.
func (e *examination) gpuRuntime(context.Context) {
	s := e.runtime(tfruntime.GPU)
	if !s.Installed {
		if s.Problem != nil || e.device == tfruntime.GPU || e.hasDeviceFile() {
			e.tellRuntime(s, e.lacking(), "sslpipe runtime install gpu")
		}
		return
	}
	e.tellRuntime(s, Bad, "")
	var missing []string
	all := tfruntime.Libraries(tfruntime.GPU)
	for _, library := range all {
		if err := e.OpenLibrary(filepath.Join(s.Dir, filepath.FromSlash(library))); err != nil {
			missing = append(missing, fmt.Sprintf("%s (%v)", path.Base(library), err))
		}
	}
	if len(missing) > 0 {
		e.add(e.lacking(), "libraries", "cannot be opened: "+strings.Join(missing, "; "), "sslpipe runtime verify tells whether files are damaged; remove the folder of the runtime, and sslpipe runtime install gpu.")
		return
	}
	e.add(Good, "libraries", fmt.Sprintf("all %d of CUDA, cuDNN and NCCL in %s", len(all), filepath.Join(s.Dir, "nvidia")), "")
}
