// Package doctor looks at a machine and says whether TensorFlow can compute on it, on
// its processor and on its GPUs, what is missing, and how to get it.
//
// What it looks at is a value (Machine), so that tests examine machines that are not at
// hand. It refuses to install or to change anything, and prints nothing: package view
// writes a Report. A new check is a function in the list of Examine.
package doctor

import (
	"context"
	"io/fs"

	"sslpipe/internal/tfruntime"
)

// State says how bad a finding is.
type State string

// The states, from good to bad. Only Bad is a failure: something that was asked for does
// not work.
const (
	Good State = "ok"
	Note State = "note" // works, or was not asked for
	Bad  State = "bad"
)

// Finding is one thing that was looked at.
type Finding struct {
	State State
	About string // a word: driver, libraries
	Text  string // what was found
	Help  string // what to do, as a sentence or a command; "" for nothing
}

// Report is what was found, in the order in which it is told.
type Report struct{ Findings []Finding }

// Healthy tells whether all that was asked for works.
func (r Report) Healthy() bool {
	for _, f := range r.Findings {
		if f.State == Bad {
			return false
		}
	}
	return true
}

// Machine is what is looked at.
type Machine struct {
	// Root is the file system, from / on, of which dev, proc and the folders of
	// LD_LIBRARY_PATH are read.
	Root fs.FS
	Env  func(name string) (value string, set bool)
	// Device is what was asked for: auto, cpu or gpu.
	Device string
	// Program, and Processor as package machine calls it; Instructions are its widest
	// vector instructions, "" for none that matter.
	Program, Processor, Instructions string
	Runtimes                         []tfruntime.Status
	// Driver asks NVIDIA's library.
	Driver func() (Driver, error)
	// OpenLibrary tries to open a shared library by its path.
	OpenLibrary func(path string) error
	// TensorFlow loads the runtime for a device, cpu or gpu, and lists what it computes on.
	TensorFlow func(ctx context.Context, device string) ([]TensorFlowDevice, error)
	Folders    []Folder
	// Store is where results are shared, "" for nowhere; AskStore reads from it.
	Store    string
	AskStore func(ctx context.Context) error
}

// TensorFlowDevice is a device that TensorFlow lists.
type TensorFlowDevice struct {
	Type   string // CPU or GPU
	Memory int64  // bytes that it may take; less than 1 where there is no limit
}

// Folder is a place that a run writes to.
type Folder struct {
	About, Path string
	Free        int64 // bytes
	Err         error // of looking
}

// Examine looks at all of a machine.
func Examine(ctx context.Context, m Machine) Report {
	e := &examination{Machine: m}
	e.device = e.chosen()
	for _, look := range []func(context.Context){
		e.program, e.processor, e.cpuRuntime, e.gpu, e.gpuRuntime, e.computing, e.folders, e.store,
	} {
		look(ctx)
	}
	return e.report
}

// examination is one under way.
type examination struct {
	Machine
	device string // that has to work: cpu or gpu
	driver Driver
	usable int // GPUs that the driver shows this process
	report Report
}

func (e *examination) add(state State, about, text, help string) {
	e.report.Findings = append(e.report.Findings, Finding{State: state, About: about, Text: text, Help: help})
}

// lacking is Bad for what the GPU needs if it was asked for, else a note.
func (e *examination) lacking() State {
	if e.device == tfruntime.GPU {
		return Bad
	}
	return Note
}

// chosen is the device that a run takes, as tfruntime.Choose does.
func (e *examination) chosen() string {
	if e.Device == tfruntime.GPU || e.Device == "auto" && e.hasDeviceFile() && e.runtime(tfruntime.GPU).Installed {
		return tfruntime.GPU
	}
	return tfruntime.CPU
}

// runtime is the state of the runtime for a device.
func (e *examination) runtime(device string) tfruntime.Status {
	for _, s := range e.Runtimes {
		if s.Device == device {
			return s
		}
	}
	return tfruntime.Status{Device: device}
}

// hasDeviceFile tells whether there is a GPU, as far as the kernel's driver knows.
func (e *examination) hasDeviceFile() bool {
	for _, pattern := range []string{"dev/nvidia[0-9]*", "dev/dxg"} {
		if found, _ := fs.Glob(e.Root, pattern); len(found) > 0 {
			return true
		}
	}
	return false
}
